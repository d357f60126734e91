//! `floe restore`: a backup becomes a data folder.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use floe_operation::restore::{self, Key, RestoreError, Restored, Wanted};
use floe_operation::secret::Secret;
use floe_runtime::{Clock as _, SystemClock};
use floe_store::operation::figures::wrong_ledgers;
use serde_json::json;

use super::{Context, Exit, Failure, Place};
use crate::app::App;
use crate::operation::AuditChains;
use crate::settings::read_secret_key;

/// How long another process may still hold the folder, seconds.
const LOCK_WAIT_S: u64 = 1;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    pub(super) place: Place,
    /// Replace what is in the folder; it is kept beside it
    #[arg(long)]
    yes: bool,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let settings = &context.settings;
    if settings.database_url.is_some() {
        let message = "a backup of Floe is restored into SQLite; for PostgreSQL use pg_restore";
        return Err(Failure::new(Exit::Refused, "not_supported", message));
    }
    let given = settings.secret_key.as_deref().map(read_secret_key).transpose();
    let given = given.map_err(|error| Failure::usage(error.to_string()))?.map(Secret::new);
    let wanted = Wanted {
        file: &arguments.file,
        data_dir: &settings.data_dir,
        replace: arguments.yes,
        given_key: given.as_ref(),
        now: SystemClock.now(),
    };
    let restored = restore::restore(&wanted).map_err(failure)?;
    let audit = match restored.key {
        // Opening the folder would make a new key in it.
        Key::Missing => None,
        _ => Some(verify(context).await?),
    };
    print(context, &restored, audit.as_ref());
    let sound = audit.is_none_or(|audit| audit.problems.is_empty());
    Ok(if sound { Exit::Done } else { Exit::Failed })
}

/// What the audit chains and ledgers of the restored data are.
struct Books {
    entries: i64,
    problems: Vec<String>,
}

async fn verify(context: &Context) -> Result<Books, Failure> {
    let failed =
        |error: String| Failure::new(Exit::Failed, "verify", format!("restored, but not to be opened: {error}"));
    let app = App::open(context.settings.clone(), LOCK_WAIT_S).await.map_err(|error| failed(format!("{error:#}")))?;
    let chains = AuditChains { platform: Arc::clone(&app.platform), access: Arc::clone(&app.access) };
    let verified = chains.verify().await;
    let ledgers = app.platform.store.read(wrong_ledgers).await;
    app.close().await;
    let (_, entries, mut problems) = verified.map_err(|fault| failed(fault.to_string()))?;
    let wrong = ledgers.map_err(|fault| failed(fault.to_string()))?;
    if wrong > 0 {
        problems.push(format!("{wrong} ledgers do not add up"));
    }
    Ok(Books { entries, problems })
}

fn failure(error: RestoreError) -> Failure {
    let message = error.to_string();
    match error {
        RestoreError::Archive(_) | RestoreError::Unsound(_) => Failure::new(Exit::Invalid, "invalid_backup", message),
        RestoreError::Newer { .. } => Failure::new(Exit::Refused, "newer", message),
        RestoreError::Occupied(_) => Failure::new(Exit::Refused, "occupied", message),
        RestoreError::InUse(_) => Failure::new(Exit::Refused, "in_use", message),
        RestoreError::Io { .. } => Failure::new(Exit::Failed, "io", message),
    }
}

fn print(context: &Context, restored: &Restored, books: Option<&Books>) {
    let Restored { trailer, bytes, sha256, snapshot, key } = restored;
    let key_word = match key {
        Key::Restored => "restored",
        Key::Fits => "fits",
        Key::Missing => "missing",
        Key::Differs => "differs",
    };
    if context.output.json {
        context.output.document(
            &json!({ "id": trailer.id, "taken_at": trailer.taken_at, "bytes": bytes, "sha256": sha256,
            "schema_version": trailer.schema_version, "rows": trailer.rows, "snapshot": snapshot, "key": key_word,
            "audit": books.map(|books| json!({ "entries": books.entries, "problems": books.problems })) }),
        );
        return;
    }
    let output = context.output;
    output.line(&format!("restored {} of {}, sha256 {sha256}", trailer.id, trailer.taken_at));
    if !output.quiet {
        let rows: u64 = trailer.rows.values().sum();
        let count = |table: &str| trailer.rows.get(table).copied().unwrap_or(0);
        let (workspaces, flows, runs) = (count("workspaces"), count("flows"), count("runs"));
        let entries = count("audit_entries");
        output.line(&format!(
            "opened and checked: {rows} rows, with {workspaces} workspaces, {flows} flows, {runs} runs, {entries} audit entries"
        ));
        match books {
            Some(books) if books.problems.is_empty() => {
                output.line(&format!("ledgers add up, audit chains are whole ({} sealed entries)", books.entries));
            }
            Some(books) => books.problems.iter().for_each(|problem| output.line(&format!("NOT RIGHT: {problem}"))),
            None => output.line("ledgers and audit chains were not looked at, because the key is missing"),
        }
        if let Some(snapshot) = snapshot {
            output.line(&format!("what was there before is in {}", snapshot.display()));
        }
    }
    match key {
        Key::Restored | Key::Fits => {}
        Key::Missing => output.say(
            "the secret key is not in the backup: put the secret.key of the old server into the folder before the first start, \
             or API keys, tokens and sealed values will not work",
        ),
        Key::Differs => output.say(
            "the key of this folder is not the one that the data was made with: put the secret.key of the old server in its place, \
             or API keys, tokens and sealed values will not work",
        ),
    }
}
