//! The wiring: from settings to a server that answers.
//!
//! [`App::open`] builds every part once, [`serve`](fn@serve) runs them until a signal. What a part does is not decided here.

mod banner;
mod health;
mod log;
mod serve;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use floe_runtime::ids::SystemRandom;
use floe_runtime::outside::{Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ids, SystemClock};
use floe_store::{Location, Store, StoreConfig};

use crate::settings::{Settings, ensure_data_folder, load_secret_key};

pub use serve::{router, serve};

/// The SQLite file in the data folder.
const DATABASE_FILE: &str = "floe.db";

/// Every part of the process, built once.
pub struct App {
    /// The settings it was built from.
    pub settings: Settings,
    /// Absolute path of the data folder.
    pub data_dir: PathBuf,
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub ids: Ids,
    /// The only way out.
    pub outside: Outside,
    /// Child processes for user code.
    pub sandbox: Sandbox,
    /// Wraps data keys and hashes API keys.
    pub secret_key: [u8; 32],
}

impl App {
    /// Opens the data folder and the database, and builds the parts on them. `lock_wait_s` is how long another process may
    /// still hold the database.
    ///
    /// # Errors
    /// With a sentence for the person who starts the server.
    pub async fn open(settings: Settings, lock_wait_s: u64) -> anyhow::Result<Self> {
        let data_dir = ensure_data_folder(&settings.data_dir).context("the data folder cannot be used")?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = Ids::new(Arc::clone(&clock), Arc::new(SystemRandom));
        let secret_key = load_secret_key(settings.secret_key.as_deref(), &data_dir, || ids.secret())?;
        let location = match &settings.database_url {
            Some(url) => Location::Postgres(url.clone()),
            None => Location::Sqlite(data_dir.join(DATABASE_FILE)),
        };
        let store = Store::open(StoreConfig { lock_wait_s, ..StoreConfig::at(location) }).await?;
        let outside = Outside::new(OutsideConfig { allow: settings.outbound_allow.clone(), ..OutsideConfig::default() });
        let sandbox = Sandbox::new(SandboxConfig::default());
        Ok(Self { settings, data_dir, store, clock, ids, outside, sandbox, secret_key })
    }

    /// Ends what was opened, with everything that was answered on disk.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
