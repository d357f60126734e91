//! The checks of this slice, in the order in which they are shown.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use floe_model::Fault;
use floe_model::webhooks::SWITCHED_OFF;
use floe_store::operation::{backups as backup_rows, facts, figures};
use floe_store::{Dialect, OpenError};

use super::Check;
use crate::Operation;

/// Under this name the fingerprint of the key is stored.
const KEY_FACT: &str = "secret_key_fingerprint";
/// Free bytes below which the disk counts as full.
const FREE_BYTES_FAIL: u64 = 256 << 20;
/// Free bytes below which it is worth a look.
const FREE_BYTES_WARN: u64 = 2 << 30;
/// Milliseconds by which two clocks may differ.
const CLOCK_MS_MAX: i64 = 2_000;
/// Hours after which the last backup is old.
const BACKUP_HOURS_MAX: i64 = 50;
/// Hours after which a run at work counts as stuck.
const STUCK_HOURS: i64 = 24;
/// Days before its end at which a key is named.
const KEY_DAYS: i64 = 14;

impl Operation {
    /// Learns the fingerprint of the key at the first start, and says when a later one has another; the server calls it at start.
    ///
    /// # Errors
    /// Of the database.
    pub async fn remember_key(&self) -> Result<bool, Fault> {
        let (value, now) = (format!("\"{}\"", self.config.secret.fingerprint()), self.platform.clock.now());
        let known = value.clone();
        let found = self.platform.store.read(|tx| facts::find(tx, KEY_FACT)).await?;
        let found = match found {
            Some(found) => found,
            None => self.platform.store.write(move |tx| facts::learn(tx, KEY_FACT, &value, now)).await?,
        };
        Ok(found.value == known)
    }
}

/// Every page of the database.
pub(super) async fn store(operation: &Operation) -> Check {
    const TITLE: &str = "Store integrity";
    let store = &operation.platform.store;
    if store.dialect() == Dialect::Postgres {
        return match store.statistics().await {
            Ok(found) => Check::ok("store", TITLE, format!("PostgreSQL answers; {} MB", found.size_bytes >> 20)),
            Err(fault) => unreadable("store", TITLE, &fault),
        };
    }
    match store.check_pages().await {
        Ok(None) => Check::ok("store", TITLE, "every page of the database is sound"),
        Ok(Some(problem)) => {
            Check::fail("store", TITLE, problem, "Stop the server and restore the last backup with floe restore")
        }
        Err(error) => {
            Check::fail("store", TITLE, error.to_string(), "Look at the disk and the permissions of the data folder")
        }
    }
}

/// The credits of every workspace, entry by entry.
pub(super) async fn ledger(operation: &Operation) -> Check {
    const TITLE: &str = "Ledger sums";
    match operation.platform.store.read(figures::wrong_ledgers).await {
        Err(fault) => unreadable("ledger", TITLE, &fault),
        Ok(0) => Check::ok("ledger", TITLE, "every balance is the sum of its entries"),
        Ok(wrong) => {
            let fix = "Compare with the last backup; somebody wrote into the database beside the server";
            Check::fail("ledger", TITLE, format!("{wrong} balances are not the sum of their entries"), fix)
        }
    }
}

/// The schema.
pub(super) async fn migrations(operation: &Operation) -> Check {
    match operation.platform.store.statistics().await {
        Ok(found) => schema(found.schema_version, floe_store::schema_version(), 0),
        Err(fault) => unreadable("migrations", "Migrations", &fault),
    }
}

/// What the schema of a database that nobody has open is.
#[must_use]
pub fn closed(looked: &Result<floe_store::Schema, OpenError>) -> Check {
    match looked {
        Ok(found) => schema(found.version, found.known, found.pending.len()),
        Err(error) => {
            Check::fail("migrations", "Migrations", error.to_string(), "Start the program that the message names")
        }
    }
}

fn schema(found: u32, known: u32, pending: usize) -> Check {
    const TITLE: &str = "Migrations";
    if found == known {
        return Check::ok("migrations", TITLE, format!("schema version {found}"));
    }
    let detail = format!("schema version {found} of {known}, {pending} migrations are to be applied");
    Check::warn("migrations", TITLE, detail, "Run floe migrate, or start the server, which does the same")
}

/// The key file, and whether the key is the one that the data was made with.
pub(super) async fn secret_key(operation: &Operation) -> Check {
    const TITLE: &str = "Secret key";
    match operation.remember_key().await {
        Err(fault) => return unreadable("secret_key", TITLE, &fault),
        Ok(false) => {
            let detail = "the key is not the one that this database was made with: API keys, tokens and sealed values do not work";
            let fix = "Put the old secret.key back into the data folder, or set FLOE_SECRET_KEY to it";
            return Check::fail("secret_key", TITLE, detail, fix);
        }
        Ok(true) => {}
    }
    let path = operation.config.data_dir.join("secret.key");
    let fingerprint = operation.config.secret.fingerprint();
    match fs::metadata(&path) {
        Ok(file) if file.permissions().mode() & 0o077 != 0 => {
            let detail = format!("others on this machine may read {}", path.display());
            Check::fail("secret_key", TITLE, detail, format!("chmod 600 {}", path.display()))
        }
        Ok(_) => Check::ok(
            "secret_key",
            TITLE,
            format!("in the data folder, for its owner alone (fingerprint {fingerprint})"),
        ),
        Err(_) => Check::ok("secret_key", TITLE, format!("given by the settings (fingerprint {fingerprint})")),
    }
}

/// Room on the disk of the data folder.
pub(super) async fn disk(operation: &Operation) -> Check {
    const TITLE: &str = "Disk";
    let folder = &operation.config.data_dir;
    let free = match free_bytes(folder) {
        Ok(free) => free,
        Err(error) => {
            return Check::fail("disk", TITLE, format!("{}: {error}", folder.display()), "Look at the data folder");
        }
    };
    // An upgrade and a backup write the database a second time.
    let size = operation.platform.store.statistics().await.map_or(0, |found| found.size_bytes);
    let detail = format!("{} MB free, the database has {} MB", free >> 20, size >> 20);
    let fix = "Make room on the disk of the data folder, or move the folder";
    if free < FREE_BYTES_FAIL {
        Check::fail("disk", TITLE, detail, fix)
    } else if free < FREE_BYTES_WARN.max(size.saturating_mul(2)) {
        Check::warn("disk", TITLE, detail, fix)
    } else {
        Check::ok("disk", TITLE, detail)
    }
}

/// Free bytes on the disk of a folder, for users other than root.
pub(crate) fn free_bytes(folder: &std::path::Path) -> std::io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// This machine's clock against the database's and against what was written last.
pub(super) async fn clock(operation: &Operation) -> Check {
    const TITLE: &str = "Clock";
    let read = operation.platform.store.read(|tx| Ok((figures::clock(tx)?, figures::last_event(tx)?)));
    let (database, last) = match read.await {
        Ok(found) => found,
        Err(fault) => return unreadable("clock", TITLE, &fault),
    };
    let now = operation.platform.clock.now();
    let fix = "Set the clock, and keep it right with a time service";
    let apart = database.millis_since(now).abs();
    if apart > CLOCK_MS_MAX {
        return Check::fail("clock", TITLE, format!("it differs from the database's by {apart} ms"), fix);
    }
    match last.map(|last| last.millis_since(now)) {
        Some(ahead) if ahead > CLOCK_MS_MAX => {
            Check::fail("clock", TITLE, format!("it is {ahead} ms behind what was written last"), fix)
        }
        _ => Check::ok("clock", TITLE, now.to_string()),
    }
}

/// What users type.
pub(super) fn public_url(operation: &Operation) -> Check {
    const TITLE: &str = "Public URL";
    let config = &operation.config;
    let url = &config.public_url;
    let secure = url.starts_with("https://");
    if config.serves_tls && !secure {
        let fix = "Set FLOE_PUBLIC_URL to the https:// address that users type";
        return Check::fail("public_url", TITLE, format!("{url}, but the server speaks https"), fix);
    }
    if secure && !config.serves_tls && !config.behind_proxy {
        let fix = "Set FLOE_TRUSTED_PROXIES to the proxy's network, so that it may say who calls";
        return Check::warn("public_url", TITLE, format!("{url}, and no proxy is trusted"), fix);
    }
    if !secure && !config.listen.ip().is_loopback() {
        let fix = "Give FLOE_TLS_CERT and FLOE_TLS_KEY, or put a proxy with https in front and set FLOE_PUBLIC_URL";
        return Check::warn("public_url", TITLE, format!("{url}: passwords and keys travel in clear"), fix);
    }
    Check::ok("public_url", TITLE, url.clone())
}

/// Outgoing calls must not reach this machine.
pub(super) fn egress(operation: &Operation) -> Check {
    const TITLE: &str = "Egress guard";
    let port = operation.config.listen.port();
    let inside =
        [format!("http://127.0.0.1:{port}/"), format!("http://[::1]:{port}/"), "http://169.254.169.254/".to_owned()];
    let open: Vec<&str> =
        inside.iter().map(String::as_str).filter(|url| operation.platform.outside.judge(url).is_ok()).collect();
    if open.is_empty() {
        return Check::ok("egress", TITLE, "outgoing calls to this machine and to metadata services are refused");
    }
    let fix = "Narrow FLOE_OUTBOUND_ALLOW to the hosts and ports that are needed";
    Check::warn("egress", TITLE, format!("FLOE_OUTBOUND_ALLOW opens {}", open.join(", ")), fix)
}

/// The age of the last backup.
pub(super) async fn backups(operation: &Operation) -> Check {
    const TITLE: &str = "Backups";
    if operation.platform.store.dialect() == Dialect::Postgres {
        return Check::ok("backups", TITLE, "are those of the PostgreSQL server: pg_dump, or what its provider offers");
    }
    let last = match operation.platform.store.read(backup_rows::last_done).await {
        Ok(last) => last,
        Err(fault) => return unreadable("backups", TITLE, &fault),
    };
    let now = operation.platform.clock.now();
    let fix = "Run floe backup, and give FLOE_BACKUP_CRON a time at which the server runs";
    match last {
        None => Check::warn("backups", TITLE, "there is none", fix),
        Some(at) if now.millis_since(at) > BACKUP_HOURS_MAX * 3_600_000 => {
            Check::warn("backups", TITLE, format!("the last one is of {at}"), fix)
        }
        Some(at) => Check::ok("backups", TITLE, format!("the last one is of {at}")),
    }
}

/// Runs that do not get on.
pub(super) async fn runs(operation: &Operation) -> Check {
    const TITLE: &str = "Stuck runs";
    match concerns(operation).await {
        Err(fault) => unreadable("runs", TITLE, &fault),
        Ok(found) if found.stuck_runs == 0 => Check::ok("runs", TITLE, "none"),
        Ok(found) => {
            let detail = format!("{} runs are at work for more than {STUCK_HOURS} h", found.stuck_runs);
            Check::warn("runs", TITLE, detail, "Look at them with floe run list, and cancel what hangs")
        }
    }
}

/// Webhooks that were switched off by themselves.
pub(super) async fn webhooks(operation: &Operation) -> Check {
    const TITLE: &str = "Disabled webhooks";
    match operation.platform.store.read(|tx| figures::webhooks_off(tx, SWITCHED_OFF)).await {
        Err(fault) => unreadable("webhooks", TITLE, &fault),
        Ok(0) => Check::ok("webhooks", TITLE, "none was switched off because it failed"),
        Ok(off) => {
            let fix = "Look at their deliveries, mend the receivers, and switch the webhooks on again; what was skipped can be replayed";
            Check::warn("webhooks", TITLE, format!("{off} webhooks were switched off because they failed"), fix)
        }
    }
}

/// Keys that end soon.
pub(super) async fn keys(operation: &Operation) -> Check {
    const TITLE: &str = "Expiring keys";
    match concerns(operation).await {
        Err(fault) => unreadable("keys", TITLE, &fault),
        Ok(found) if found.expiring_keys == 0 => Check::ok("keys", TITLE, format!("none within {KEY_DAYS} days")),
        Ok(found) => {
            let detail = format!("{} keys and tokens end within {KEY_DAYS} days", found.expiring_keys);
            Check::warn("keys", TITLE, detail, "Rotate them with floe key rotate before their end")
        }
    }
}

async fn concerns(operation: &Operation) -> Result<figures::Concerns, Fault> {
    let now = operation.platform.clock.now();
    let (since, until) = (now.plus_seconds(-STUCK_HOURS * 3_600), now.plus_seconds(KEY_DAYS * 86_400));
    operation.platform.store.read(move |tx| figures::concerns(tx, now, since, until)).await
}

fn unreadable(id: &str, title: &str, fault: &Fault) -> Check {
    Check::fail(id, title, format!("cannot be looked at: {fault}"), "Look at the log of the server")
}
