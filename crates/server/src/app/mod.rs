//! The wiring: from settings to a server that answers.
//!
//! [`App::open`] builds every part once, [`serve`](fn@serve) runs them until a signal. What a part does is not decided here.

mod banner;
mod events;
mod log;
mod records;
mod serve;
mod work;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use floe_access::{Access, AccessSettings, ServerSecret};
use floe_agents::{Agents, Settings as AgentSettings};
use floe_operation::doctor::MoreChecks;
use floe_operation::secret::Secret;
use floe_operation::{Config as OperationConfig, Operation};
use floe_placements::{Placements, Settings as PlacementsSettings};
use floe_runtime::ids::SystemRandom;
use floe_runtime::outside::{Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ids, Platform, Seal, SystemClock};
use floe_store::{Location, Store, StoreConfig};
use floe_treasury::{Settings as TreasurySettings, Treasury};
use floe_webhooks::{Settings as WebhookSettings, Webhooks};
use serde_json::{Map, Value};

use crate::registry;
use crate::settings::{Settings, effective_table, ensure_data_folder, load_secret_key};

pub(crate) use serve::{process, raise_open_files, run};
pub use serve::{router, serve};
pub use work::Work;

/// The SQLite file in the data folder.
const DATABASE_FILE: &str = "floe.db";

/// Every part of the process, built once.
pub struct App {
    /// The settings it was built from.
    pub settings: Settings,
    /// Where the server listens; the port is the real one once it does.
    pub listen: SocketAddr,
    /// Absolute path of the data folder.
    pub data_dir: PathBuf,
    /// What every slice shares.
    pub platform: Arc<Platform>,
    /// Who may call.
    pub access: Arc<Access>,
    /// Backups, checks, retention, metrics.
    pub operation: Arc<Operation>,
    /// Apps, screen flows, placements, audiences, experiments.
    pub placements: Arc<Placements>,
    /// Payment runs, payees, the wallet.
    pub treasury: Arc<Treasury>,
    /// Outgoing webhooks.
    pub webhooks: Arc<Webhooks>,
    /// Models, agents, threads, knowledge.
    pub agents: Arc<Agents>,
}

impl App {
    /// Opens the data folder and the database, and builds the parts on them. `lock_wait_s` is how long another process may
    /// still hold the database.
    ///
    /// # Errors
    /// With a sentence for the person who starts the server.
    pub async fn open(settings: Settings, lock_wait_s: u64) -> anyhow::Result<Self> {
        let data_dir = ensure_data_folder(&settings.data_dir).context("the data folder cannot be used")?;
        floe_operation::restore::finish_pending(&data_dir)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = Ids::new(Arc::clone(&clock), Arc::new(SystemRandom));
        let key = load_secret_key(settings.secret_key.as_deref(), &data_dir, || ids.secret())?;
        let secret = ServerSecret::new(key);
        let location = location(&settings, &data_dir);
        let store = Store::open(StoreConfig { lock_wait_s, ..StoreConfig::at(location) }).await?;
        let outside =
            Outside::new(OutsideConfig { allow: settings.outbound_allow.clone(), ..OutsideConfig::default() });
        let sandbox = Sandbox::new(SandboxConfig::default());
        let seal = Seal::new(secret.derive("seal"));
        let platform = Arc::new(Platform { store, clock, ids, outside, sandbox, seal });
        let access = Arc::new(Access::new(Arc::clone(&platform), &secret, access_settings(&settings)));
        let listen = settings.listen;
        let checks = registry::checks(&settings, &platform, &access);
        let config = operation_config(&settings, &data_dir, Secret::new(key), checks);
        let operation = Arc::new(Operation::new(Arc::clone(&platform), config));
        let treasury = Arc::new(Treasury::new(Arc::clone(&platform), treasury_settings(&settings)));
        let placements = Arc::new(Placements::new(Arc::clone(&platform), placements_settings(&settings)));
        let webhooks = Arc::new(Webhooks::new(Arc::clone(&platform), webhook_settings(&settings)));
        let agents = Arc::new(Agents::new(Arc::clone(&platform), agent_settings(&settings)));
        Ok(Self { settings, listen, data_dir, platform, access, operation, placements, treasury, webhooks, agents })
    }

    /// What users type to reach this server, without a slash at the end.
    #[must_use]
    pub fn public_url(&self) -> String {
        public_url(&self.settings)
    }

    /// The link that opens the set-up page; the token is in the fragment, so that it reaches no log.
    #[must_use]
    pub fn setup_url(&self, token: &str) -> String {
        format!("{}/ui/setup#token={token}", self.public_url())
    }

    /// Ends what was opened, with everything that was answered on disk.
    pub async fn close(&self) {
        self.platform.store.close().await;
    }
}

/// Where the database of these settings is.
#[must_use]
pub fn location(settings: &Settings, data_dir: &Path) -> Location {
    match &settings.database_url {
        Some(url) => Location::Postgres(url.clone()),
        None => Location::Sqlite(data_dir.join(DATABASE_FILE)),
    }
}

fn public_url(settings: &Settings) -> String {
    settings.public_url.clone().unwrap_or_else(|| settings.own_url())
}

fn operation_config(settings: &Settings, data_dir: &Path, secret: Secret, checks: MoreChecks) -> OperationConfig {
    OperationConfig {
        version: env!("CARGO_PKG_VERSION"),
        data_dir: data_dir.to_owned(),
        backup_dir: settings.backup_folder(data_dir),
        backup_cron: settings.backup_cron.clone(),
        backup_keep: settings.backup_keep,
        run_retention_days: settings.run_retention_days,
        secret,
        listen: settings.listen,
        public_url: public_url(settings),
        serves_tls: settings.tls.is_some(),
        behind_proxy: !settings.trusted_proxies.is_empty(),
        metrics_token: settings.metrics_token.clone(),
        settings: effective_table(settings),
        more_checks: checks,
    }
}

fn agent_settings(settings: &Settings) -> AgentSettings {
    AgentSettings { public_url: public_url(settings), ..settings.agents.clone() }
}

fn placements_settings(settings: &Settings) -> PlacementsSettings {
    PlacementsSettings { public_url: public_url(settings), ..settings.placements.clone() }
}

fn treasury_settings(settings: &Settings) -> TreasurySettings {
    TreasurySettings { public_url: public_url(settings), ..settings.treasury.clone() }
}

fn webhook_settings(settings: &Settings) -> WebhookSettings {
    WebhookSettings {
        allow_http: settings.webhook_allow_http,
        workflow_attempts_max: settings.webhook_attempts,
        ..WebhookSettings::default()
    }
}

fn access_settings(settings: &Settings) -> AccessSettings {
    AccessSettings {
        session_idle_hours: i64::from(settings.session_idle_hours),
        session_max_days: i64::from(settings.session_max_days),
        request_log_days: settings.request_log_days,
        request_log_bodies: settings.request_log_bodies,
        of_workspaces: of_workspaces(settings),
    }
}

/// What holds for workspaces that never said otherwise, in the words of their settings (console contract, section 8).
fn of_workspaces(settings: &Settings) -> Map<String, Value> {
    let words = ["FLOE_OFFLINE_MODELS", "FLOE_REQUEST_LOG_BODIES"].into_iter().filter_map(|name| {
        let text = settings.values.text(name);
        let key = name.trim_start_matches("FLOE_").to_ascii_lowercase();
        (!text.is_empty()).then(|| (key, Value::from(text)))
    });
    let days = ("run_retention_days".to_owned(), Value::from(settings.run_retention_days));
    words.chain([days]).collect()
}
