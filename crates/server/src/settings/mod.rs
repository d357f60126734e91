//! Settings: flags, then `FLOE_*`, then `floe.toml`, then defaults; each value remembers where it came from (console contract,
//! sections 7 and 8).
//!
//! [`table`] lists every setting, [`sources`] finds the text of each, and this module turns the texts into typed values once, so
//! that nothing after it can meet a value out of range.

mod agents;
mod folder;
mod nearest;
mod parse;
mod placements;
mod show;
mod sources;
mod table;
mod treasury;

use std::net::SocketAddr;
use std::path::PathBuf;

use floe_access::requests::BodyRule;
use floe_model::Mode;
use floe_runtime::outside::AllowList;
use floe_store::Role;

use crate::http::Network;

pub use folder::{FolderError, KEY_FILE, ensure_data_folder, load_secret_key, read_secret_key};
pub use parse::{LogFormat, RateLimits, TlsFiles};
pub use show::{defaults_table, effective_table};
pub use sources::{Origin, Sources, Value, Values};
pub use table::{Definition, SETTINGS};

/// Everything that is wrong with the settings; the process ends with exit code 2.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingsError(pub Vec<String>);

impl std::fmt::Display for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for SettingsError {}

/// The settings with their types.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// What users type, without a slash at the end; none: `http://` and the listen address.
    pub public_url: Option<String>,
    /// Database, key, files.
    pub data_dir: PathBuf,
    /// A `postgres://` address; none: a SQLite file in the data folder.
    pub database_url: Option<String>,
    /// 32 bytes in base64; none: the key file in the data folder.
    pub secret_key: Option<String>,
    /// Certificate chain and key in PEM; none: plain http.
    pub tls: Option<TlsFiles>,
    /// Networks whose forwarded address counts.
    pub trusted_proxies: Vec<Network>,
    /// What this node does.
    pub role: Role,
    /// Run workers, 1 to 1,024.
    pub workers: usize,
    /// Runs at a time in one workspace, 1 to 100,000.
    pub runs_per_workspace: usize,
    /// Log levels per target.
    pub log: String,
    /// Form of log lines.
    pub log_format: LogFormat,
    /// Bearer of `/metrics`; none: loopback only.
    pub metrics_token: Option<String>,
    /// `host:port` or networks that outgoing calls may reach although they are not public.
    pub outbound_allow: AllowList,
    /// Limits of requests a minute.
    pub rate_limits: RateLimits,
    /// Seconds between signs of life of a stream of workflows, 1 to 4.
    pub stream_heartbeat_s: u64,
    /// Origins whose pages may call the workflow API.
    pub cors_origins: Vec<String>,
    /// Idle time after which a session ends, hours, 1 to 8,760.
    pub session_idle_hours: u32,
    /// Longest life of a session, days, 1 to 365.
    pub session_max_days: u32,
    /// Days that finished runs are kept, 1 to 3,650.
    pub run_retention_days: u32,
    /// Where backups are kept; none: in the data folder.
    pub backup_dir: Option<PathBuf>,
    /// When a backup is taken, in UTC; empty: never.
    pub backup_cron: String,
    /// Scheduled backups that are kept, 1 to 1,000.
    pub backup_keep: u32,
    /// Days for which requests are kept, 0 to 3,650; 0 keeps none.
    pub request_log_days: u32,
    /// Of which requests the bodies are kept, unless the workspace says otherwise.
    pub request_log_bodies: BodyRule,
    /// Credits of a new workspace in live mode, in thousandths.
    pub credits_live: i64,
    /// Credits of a new workspace in test mode, in thousandths.
    pub credits_test: i64,
    /// The file to which signed heads of the audit log are appended.
    pub audit_heads_file: Option<PathBuf>,
    /// Whether webhooks of style `standard` may be plain http to public addresses.
    pub webhook_allow_http: bool,
    /// Attempts of a webhook delivery of style workflow in all.
    pub webhook_attempts: u32,
    /// Models, agents and what they relay to.
    pub agents: floe_agents::Settings,
    /// Icons, events and limits of placements.
    pub placements: floe_placements::Settings,
    /// Payouts and funding.
    pub treasury: floe_treasury::Settings,
    /// Whether JavaScript steps run.
    pub code_steps: bool,
    /// Command line: the server's address; none: the profile's, else the default address.
    pub url: Option<String>,
    /// Command line: the token.
    pub token: Option<String>,
    /// Command line: the workspace, when the token has several.
    pub workspace: Option<String>,
    /// Command line: the mode.
    pub mode: Mode,
    /// The texts behind the fields, with their origins.
    pub values: Values,
}

/// Where the command line looks for a server when nothing is said.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8700";

impl Settings {
    /// Reads all sources and checks every value.
    ///
    /// # Errors
    /// All unknown names and bad values at once.
    pub fn load(sources: &Sources) -> Result<Self, SettingsError> {
        Self::typed(sources.resolve()?)
    }

    /// The address that stands for the public URL while none is set.
    #[must_use]
    pub fn own_url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.listen)
    }

    /// Where backups are kept.
    #[must_use]
    pub fn backup_folder(&self, data_dir: &std::path::Path) -> PathBuf {
        self.backup_dir.clone().unwrap_or_else(|| data_dir.join("backups"))
    }

    fn typed(values: Values) -> Result<Self, SettingsError> {
        let mut parse = parse::Parser::new(&values);
        let settings = Self {
            listen: parse.required("FLOE_LISTEN", parse::listen, SocketAddr::from(([127, 0, 0, 1], 8700))),
            public_url: parse.optional("FLOE_PUBLIC_URL", parse::web_address),
            data_dir: parse.required("FLOE_DATA_DIR", parse::path, PathBuf::new()),
            database_url: parse.optional("FLOE_DATABASE_URL", parse::database_url),
            secret_key: parse.optional("FLOE_SECRET_KEY", parse::text),
            tls: parse.tls_files(),
            trusted_proxies: parse.list("FLOE_TRUSTED_PROXIES", str::parse),
            role: parse.required("FLOE_ROLE", parse::role, Role::All),
            workers: parse
                .optional("FLOE_WORKERS", |text| parse::number(text, 1, 1_024))
                .unwrap_or_else(default_workers),
            runs_per_workspace: parse.required("FLOE_RUNS_PER_WORKSPACE", |text| parse::number(text, 1, 100_000), 50),
            log: parse.required("FLOE_LOG", parse::log_filter, "info".to_owned()),
            log_format: parse.required("FLOE_LOG_FORMAT", parse::log_format, LogFormat::Text),
            metrics_token: parse.optional("FLOE_METRICS_TOKEN", parse::text),
            outbound_allow: parse.required("FLOE_OUTBOUND_ALLOW", parse::allow_list, AllowList::default()),
            rate_limits: parse.required("FLOE_RATE_LIMITS", parse::rate_limits, RateLimits::On),
            stream_heartbeat_s: parse.required("FLOE_STREAM_HEARTBEAT_SECONDS", |text| parse::number(text, 1, 4), 3),
            cors_origins: parse.list("FLOE_CORS_ORIGINS", parse::web_address),
            session_idle_hours: parse.required("FLOE_SESSION_IDLE_HOURS", |text| parse::number(text, 1, 8_760), 168),
            session_max_days: parse.required("FLOE_SESSION_MAX_DAYS", |text| parse::number(text, 1, 365), 30),
            run_retention_days: parse.required("FLOE_RUN_RETENTION_DAYS", |text| parse::number(text, 1, 3_650), 30),
            backup_dir: parse.optional("FLOE_BACKUP_DIR", parse::path),
            backup_cron: parse.required("FLOE_BACKUP_CRON", parse::cron, String::new()),
            backup_keep: parse.required("FLOE_BACKUP_KEEP", |text| parse::number(text, 1, 1_000), 7),
            request_log_days: parse.required("FLOE_REQUEST_LOG_DAYS", |text| parse::number(text, 0, 3_650), 7),
            request_log_bodies: parse.required("FLOE_REQUEST_LOG_BODIES", parse::body_rule, BodyRule::Test),
            credits_live: parse.required("FLOE_CREDITS_LIVE", parse::credits, 0),
            credits_test: parse.required("FLOE_CREDITS_TEST", parse::credits, 0),
            audit_heads_file: parse.optional("FLOE_AUDIT_HEADS_FILE", parse::path),
            webhook_allow_http: parse.required("FLOE_WEBHOOK_ALLOW_HTTP", parse::switch, false),
            webhook_attempts: parse.required("FLOE_WEBHOOK_ATTEMPTS", |text| parse::number(text, 1, 10), 3),
            agents: agents::read(&mut parse),
            placements: placements::read(&mut parse),
            treasury: treasury::read(&mut parse),
            code_steps: parse.required("FLOE_CODE_STEPS", parse::switch, true),
            url: parse.optional("FLOE_URL", parse::web_address),
            token: parse.optional("FLOE_TOKEN", parse::text),
            workspace: parse.optional("FLOE_WORKSPACE", parse::text),
            mode: parse.required("FLOE_MODE", parse::mode, Mode::Live),
            values: Values::default(),
        };
        if settings.role != Role::All && settings.database_url.is_none() {
            parse.problem("FLOE_ROLE", "must be all on SQLite, which one process has alone");
        }
        parse.finish()?;
        Ok(Self { values, ..settings })
    }
}

/// One for four processor cores: a worker moves tens of thousands of runs a second, and the fewer there are, the more runs share a
/// transaction, which is what a run costs most on PostgreSQL.
fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).div_ceil(4)
}

#[cfg(test)]
mod tests;
