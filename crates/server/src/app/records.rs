//! What is recorded beside the work: the audit chain, the request log, the sums of usage.
//!
//! Each loop looks before it writes, so an idle server writes nothing; a kill at any moment leaves something to be done by the next
//! look, here or on another node.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use floe_access::Access;
use floe_access::audit::SignedHead;
use floe_access::requests::REQUEST_BATCH;
use floe_model::Fault;
use tokio::task::JoinHandle;

use super::App;

/// Pause between two looks for entries to seal: an entry is sealed within a second.
const SEAL_PAUSE: Duration = Duration::from_millis(500);
/// Longest time for which requests are gathered before they are written; a whole batch is written at once.
const FLUSH_PAUSE: Duration = Duration::from_millis(500);
/// Pause between two counts of runs.
const ROLL_PAUSE: Duration = Duration::from_secs(10);
/// Batches that are written at a stop.
const LAST_FLUSHES_MAX: usize = 64;

/// Starts the loops.
pub(super) fn start(app: &App) -> Vec<JoinHandle<()>> {
    let heads_file = app.settings.audit_heads_file.clone();
    let openings = (app.settings.credits_live, app.settings.credits_test);
    vec![
        tokio::spawn(seal(Arc::clone(&app.access), heads_file)),
        tokio::spawn(flush(Arc::clone(&app.access))),
        tokio::spawn(count(Arc::clone(&app.access), openings)),
    ]
}

/// Writes what waits at a stop. A kill loses the requests of the last half second and nothing else.
pub(super) async fn finish(access: &Access) {
    for _ in 0..LAST_FLUSHES_MAX {
        match access.flush_requests().await {
            Ok(0) => break,
            Ok(_) => {}
            Err(fault) => return tracing::warn!(%fault, "the last requests are not in the request log"),
        }
    }
    // What stays is sealed at the next start.
    let _ = access.seal_audit().await;
}

async fn seal(access: Arc<Access>, heads_file: Option<PathBuf>) {
    let mut fails = false;
    loop {
        tokio::time::sleep(SEAL_PAUSE).await;
        let sealing = async {
            access.seal_audit().await?;
            let heads = access.due_heads().await?;
            if heads.is_empty() {
                return Ok(());
            }
            // First the file: every head that is kept here is there, and one that is written twice says the same.
            if let Some(file) = &heads_file {
                append(file.clone(), &heads).await;
            }
            access.keep_heads(&heads).await
        };
        note("the audit log cannot be sealed now", sealing.await, &mut fails);
    }
}

async fn flush(access: Arc<Access>) {
    let mut fails = false;
    loop {
        access.requests.arrival().await;
        let _ = tokio::time::timeout(FLUSH_PAUSE, access.requests.batch()).await;
        // Only what has piled up goes on at once: small batches would come from writing without a pause.
        loop {
            let flushed = access.flush_requests().await;
            let is_full = matches!(flushed, Ok(REQUEST_BATCH..));
            note("requests cannot be written to the request log", flushed.map(drop), &mut fails);
            if !is_full {
                break;
            }
        }
    }
}

async fn count(access: Arc<Access>, (live, test): (i64, i64)) {
    let mut fails = false;
    note("the credits of new workspaces cannot be set", access.set_credit_openings(live, test).await, &mut fails);
    loop {
        tokio::time::sleep(ROLL_PAUSE).await;
        note("runs cannot be counted now", access.roll_usage().await, &mut fails);
    }
}

/// Says once that something fails, until it works again.
fn note(what: &'static str, outcome: Result<(), Fault>, fails: &mut bool) {
    match outcome {
        Ok(()) => *fails = false,
        Err(fault) if !std::mem::replace(fails, true) => tracing::warn!(%fault, "{what}"),
        Err(_) => {}
    }
}

async fn append(file: PathBuf, heads: &[SignedHead]) {
    let lines: String = heads.iter().map(|head| format!("{}\n", head.object())).collect();
    let shown = file.display().to_string();
    let writing = tokio::task::spawn_blocking(move || append_lines(&file, &lines)).await;
    if let Ok(Err(error)) = writing {
        tracing::error!(%error, file = shown, "a signed head of the audit log cannot be appended to FLOE_AUDIT_HEADS_FILE");
    }
}

fn append_lines(file: &Path, lines: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(lines.as_bytes())?;
    file.sync_data()
}
