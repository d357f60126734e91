//! Every setting that this program knows. A new one is a line here and a field of `Settings`.

/// One setting.
#[derive(Debug)]
pub struct Definition {
    /// The environment name; the key in `floe.toml` is the same in lower case without `FLOE_`.
    pub name: &'static str,
    /// The text that stands when nothing is said; empty: none, or derived as `meaning` says.
    pub default: &'static str,
    /// Never shown, and readable from the file that the `…_FILE` form names.
    pub secret: bool,
    /// One line for a person.
    pub meaning: &'static str,
}

const fn plain(name: &'static str, default: &'static str, meaning: &'static str) -> Definition {
    Definition { name, default, secret: false, meaning }
}

const fn secret(name: &'static str, meaning: &'static str) -> Definition {
    Definition { name, default: "", secret: true, meaning }
}

/// The settings in the order in which they are shown.
pub const SETTINGS: &[Definition] = &[
    plain("FLOE_LISTEN", "127.0.0.1:8700", "address and port of the server"),
    plain("FLOE_PUBLIC_URL", "", "what users type: links, cookies, origin check (http:// and the listen address)"),
    plain("FLOE_DATA_DIR", "./floe-data", "folder of the database, the key and files"),
    secret("FLOE_DATABASE_URL", "postgres://… (a SQLite file in the data folder)"),
    secret("FLOE_SECRET_KEY", "32 bytes in base64 (secret.key in the data folder, made at the first start)"),
    plain("FLOE_TLS_CERT", "", "certificate chain in PEM; with FLOE_TLS_KEY the server speaks https"),
    plain("FLOE_TLS_KEY", "", "private key of the certificate in PEM"),
    plain("FLOE_TRUSTED_PROXIES", "", "networks whose forwarded address counts, e.g. 10.0.0.0/8,::1"),
    plain(
        "FLOE_ROLE",
        "all",
        "what this node does: all, web (answers requests) or worker (moves runs, does jobs); not all: PostgreSQL only",
    ),
    plain("FLOE_WORKERS", "", "run workers (one for four processor cores)"),
    plain("FLOE_RUNS_PER_WORKSPACE", "50", "runs at a time in one workspace"),
    plain("FLOE_LOG", "info", "log level, also per target: info,floe_flows=debug"),
    plain("FLOE_LOG_FORMAT", "text", "text or json"),
    secret("FLOE_METRICS_TOKEN", "bearer of /metrics (without one: this machine alone)"),
    plain("FLOE_OUTBOUND_ALLOW", "", "host:port or networks that outgoing calls may reach although not public"),
    plain("FLOE_RATE_LIMITS", "on", "on, off, or a list such as flows=200/min,member=1000/min,token=0/min"),
    plain("FLOE_STREAM_HEARTBEAT_SECONDS", "3", "seconds between signs of life of a stream of workflows, 1 to 4"),
    plain("FLOE_CORS_ORIGINS", "", "origins whose pages may call the workflow API, e.g. https://app.example"),
    plain("FLOE_SESSION_IDLE_HOURS", "168", "hours without use after which a session ends"),
    plain("FLOE_SESSION_MAX_DAYS", "30", "longest life of a session in days"),
    plain("FLOE_RUN_RETENTION_DAYS", "30", "days that finished runs are kept"),
    plain("FLOE_EVENT_RETENTION_DAYS", "400", "days that events of apps are kept, 30 to 3650; sums stay"),
    plain("FLOE_BACKUP_DIR", "", "folder of backups (backups in the data folder)"),
    plain("FLOE_BACKUP_CRON", "15 3 * * *", "when a backup is taken, in UTC, or off; SQLite only"),
    plain("FLOE_BACKUP_KEEP", "7", "scheduled backups that are kept"),
    plain("FLOE_REQUEST_LOG_DAYS", "7", "days that requests are kept; 0 keeps none"),
    plain(
        "FLOE_REQUEST_LOG_BODIES",
        "test",
        "bodies of requests are kept: off, test or all, unless the workspace says otherwise",
    ),
    plain("FLOE_CREDITS_LIVE", "1000", "credits of a new workspace in live mode"),
    plain("FLOE_CREDITS_TEST", "100000", "credits of a new workspace in test mode"),
    plain("FLOE_OPENAI_BASE_URL", "", "server that speaks OpenAI's protocol: the provider openai of every workspace"),
    secret("FLOE_OPENAI_API_KEY", "its key; alone it stands for OpenAI's own server"),
    secret("FLOE_ANTHROPIC_API_KEY", "key of Anthropic's server: the provider anthropic of every workspace"),
    plain(
        "FLOE_OFFLINE_MODELS",
        "test",
        "when built-in models answer: never, test (in test mode) or always, unless the workspace says otherwise",
    ),
    plain("FLOE_AUDIT_HEADS_FILE", "", "file to which signed heads of the audit log are appended"),
    plain(
        "FLOE_WEBHOOK_ALLOW_HTTP",
        "off",
        "plain http to public addresses for webhooks of the styles standard and workflow",
    ),
    plain("FLOE_WEBHOOK_ATTEMPTS", "3", "attempts of a delivery of style workflow in all, 1 to 10"),
    plain("FLOE_ICONS_DIR", "", "folder of the icons of screen flows, name.svg (none: there are no icons)"),
    plain("FLOE_PAYOUT_RAIL", "", "file: the rail of live mode (none: live runs cannot be released)"),
    plain("FLOE_PAYOUT_FILES", "", "folder of the payment files of that rail"),
    plain("FLOE_PAYOUT_INSTITUTION", "", "six digits with which rail references begin (000999)"),
    plain(
        "FLOE_PAYOUT_QUESTIONS",
        "30,60,120,300,600,1800",
        "seconds before each of the first questions what became of a payout",
    ),
    plain("FLOE_PAYOUT_QUESTION_EVERY", "3600", "seconds before each further question"),
    plain("FLOE_PAYOUT_FOLLOWUP", "86400", "seconds without a final answer after which people settle a payout"),
    plain("FLOE_PAYOUT_NOT_FOUND", "1800", "seconds between two answers that a payout is not known, before it failed"),
    plain(
        "FLOE_PAYOUT_LOOKS",
        "60,3600,86400,86400,86400,86400,86400,86400,86400",
        "seconds between looks for money that came back",
    ),
    plain("FLOE_SIMULATOR_DELAY_MS", "0", "milliseconds that the simulated rail takes to answer"),
    plain("FLOE_VIRTUAL_BANK", "", "code and name of the bank of virtual accounts (000999 Floe Simulated Bank)"),
    plain("FLOE_MANUAL_TOPUP", "off", "whether owners may add money by hand in live mode"),
    secret("FLOE_FUNDING_SECRETS", "name=secret of those who tell of money that came in, between commas"),
    plain("FLOE_INSTITUTIONS_FILE", "", "JSON file of institutions (the directory that comes with Floe)"),
    plain("FLOE_WATCHLIST", "", "file with a name on each line: payees who resemble one are looked at by a person"),
    plain("FLOE_USAGE_SINCE", "2025-05-28", "first day (UTC) of which the usage of agents is told"),
    plain("FLOE_GRAPH_URL", "https://graph.facebook.com", "where WhatsApp templates are handed over"),
    plain("FLOE_GRAPH_VERSION", "v23.0", "version of the Graph API"),
    plain("FLOE_CODE_STEPS", "on", "whether JavaScript steps run"),
    plain(
        "FLOE_URL",
        "",
        "command line: address of the server (the profile of floe login, else http://127.0.0.1:8700)",
    ),
    secret("FLOE_TOKEN", "command line: personal access token (the profile of floe login)"),
    plain("FLOE_WORKSPACE", "", "command line: workspace, when the token has several"),
    plain("FLOE_MODE", "live", "command line: live or test"),
];

/// Names that begin with this are for tests of Floe itself and are never settings.
pub(super) const RESERVED_PREFIX: &str = "FLOE_TEST_";

impl Definition {
    /// The key in `floe.toml`.
    #[must_use]
    pub fn key(&self) -> String {
        self.name.trim_start_matches("FLOE_").to_ascii_lowercase()
    }
}

/// The setting of a name.
pub(super) fn find(name: &str) -> Option<&'static Definition> {
    SETTINGS.iter().find(|definition| definition.name == name)
}
