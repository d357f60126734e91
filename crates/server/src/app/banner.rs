//! What `floe serve` prints when it answers.

use std::net::SocketAddr;

use floe_store::Dialect;
use serde_json::json;

use super::App;
use crate::cli::Output;
use crate::settings::Settings;

/// Prints where everything is; the set-up link when there is no owner yet.
pub(super) fn print(app: &App, address: SocketAddr, setup_url: Option<&str>, output: Output) {
    let public_url = app.public_url();
    let own_url = Settings { listen: address, ..app.settings.clone() }.own_url();
    let version = env!("CARGO_PKG_VERSION");
    let database = match app.platform.store.dialect() {
        Dialect::Sqlite => "SQLite",
        Dialect::Postgres => "PostgreSQL",
    };
    let folder = app.data_dir.display().to_string();
    if output.json {
        output.document(&json!({ "version": version, "data_dir": folder, "database": database,
            "address": own_url, "public_url": public_url, "setup_url": setup_url }));
        return;
    }
    if !output.quiet {
        output.line(&format!("Floe {version}"));
        output.line(&format!("Data:      {folder}"));
        output.line(&format!("Database:  {database}"));
        output.line(&format!("Address:   {own_url}"));
    }
    if let Some(url) = setup_url {
        output.line(&format!("Set up: {url}"));
    }
    if !address.ip().is_loopback()
        && app.settings.tls.is_none()
        && !public_url.starts_with("https://")
        && app.settings.trusted_proxies.is_empty()
    {
        tracing::warn!(
            "the server listens beyond this machine without TLS; give FLOE_TLS_CERT and FLOE_TLS_KEY, or put a proxy with https in front (FLOE_TRUSTED_PROXIES, FLOE_PUBLIC_URL)"
        );
    }
}
