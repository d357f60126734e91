//! What keeps an installation in order: backups and restoring them, checks, retention, metrics.
//!
//! It concerns the installation as a whole, over all workspaces: it must never show or change what is inside of a workspace. It
//! holds no SQL and knows no HTTP. A backup is one file (see [`archive`]); taking one, and everything else that is done now and
//! then, is a job.
//!
//! Start reading with [`Operation`], then `archive.rs` (the file), `backups.rs` (taking it) and `restore.rs`.

pub mod archive;
pub mod backups;
mod claim;
mod config;
pub mod doctor;
pub mod metrics;
pub mod restore;
pub mod schedule;
pub mod secret;
pub mod sweep;
mod trail;

use std::sync::Arc;

use floe_model::Fault;
use floe_runtime::Platform;
use floe_runtime::jobs::JobHandler;
use floe_store::Tx;

pub use config::Config;

/// Free bytes that a server needs to be ready: what the log and the pages of a busy moment take.
const ROOM_BYTES: u64 = 64 << 20;

/// The service: what the server builds once and the surfaces call.
pub struct Operation {
    platform: Arc<Platform>,
    config: Config,
    /// Held while a backup is taken: one at a time.
    taking: tokio::sync::Mutex<()>,
    metrics: metrics::Metrics,
}

impl Operation {
    /// The service on a platform.
    #[must_use]
    pub fn new(platform: Arc<Platform>, config: Config) -> Self {
        Self { platform, config, taking: tokio::sync::Mutex::new(()), metrics: metrics::Metrics::install() }
    }

    /// Enters what is done by itself, marks what the last process left unfinished, and logs what the doctor finds; the server calls it
    /// once when it starts.
    ///
    /// # Errors
    /// Of the database.
    pub async fn start(self: &Arc<Self>) -> Result<(), Fault> {
        let (operation, now) = (Arc::clone(self), self.platform.clock.now());
        self.remove_drafts();
        let enter = move |tx: &mut Tx<'_>| {
            floe_store::operation::backups::interrupted(tx, now)?;
            operation.start_sweeps(tx)?;
            operation.start_schedule(tx)
        };
        self.platform.store.write(enter).await?;
        for check in self.findings().await? {
            let (title, detail, fix) = (check.title, check.detail, check.fix.unwrap_or_default());
            match check.status {
                doctor::Status::Fail => tracing::warn!(fix, "{title}: {detail}"),
                doctor::Status::Warn => tracing::info!(fix, "{title}: {detail}"),
                doctor::Status::Ok => {}
            }
        }
        Ok(())
    }

    /// Whether the disk of the data folder has room for what is written next.
    #[must_use]
    pub fn has_room(&self) -> bool {
        doctor::free_bytes(&self.config.data_dir).is_ok_and(|free| free >= ROOM_BYTES)
    }

    /// What it was built with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

/// Durable work of this slice.
#[must_use]
pub fn handlers(operation: &Arc<Operation>) -> Vec<Arc<dyn JobHandler>> {
    vec![
        Arc::new(backups::Take(Arc::clone(operation))),
        Arc::new(schedule::Scheduled(Arc::clone(operation))),
        Arc::new(sweep::Sweep(Arc::clone(operation))),
    ]
}
