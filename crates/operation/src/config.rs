//! What the service is told about the installation.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::Value;

use crate::secret::Secret;

/// The installation, as the settings describe it.
pub struct Config {
    /// Version of the program.
    pub version: &'static str,
    /// The data folder.
    pub data_dir: PathBuf,
    /// Where backups are kept.
    pub backup_dir: PathBuf,
    /// When a backup is taken by itself, until somebody says otherwise: five fields, in UTC. Empty: never.
    pub backup_cron: String,
    /// Scheduled backups that are kept, 1 to 1,000.
    pub backup_keep: u32,
    /// Days that finished runs are kept, 1 to 3,650.
    pub run_retention_days: u32,
    /// The server's secret.
    pub secret: Secret,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// What users type.
    pub public_url: String,
    /// Whether the server itself speaks TLS.
    pub serves_tls: bool,
    /// Whether a proxy in front is trusted.
    pub behind_proxy: bool,
    /// Bearer of `/metrics`; none: loopback only.
    pub metrics_token: Option<String>,
    /// Every setting with value and origin (console contract, section 5.10).
    pub settings: Vec<Value>,
    /// Checks of other slices.
    pub more_checks: crate::doctor::MoreChecks,
}
