//! The browser in which the pages are tested: Debian's Chromium.

use std::path::PathBuf;

use super::postgresql::installer;
use crate::process;
use crate::workspace::Workspace;

/// Names under which it is known.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const INSTALL: &str = r"
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends chromium
";

/// Finds the browser; installs it if it is missing and this machine lets us.
///
/// # Errors
/// One line that says what to install.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf, String> {
    if let Some(found) = find() {
        return Ok(found);
    }
    if let Some(mut installer) = installer(workspace) {
        eprintln!("Chromium is not installed. Installing the package `chromium`.");
        let installed = process::run(installer.args(["sh", "-c", INSTALL]));
        if let (Ok(_), Some(found)) = (installed, find()) {
            return Ok(found);
        }
    }
    Err("install Chromium (Debian: `apt-get install chromium`), or put it on PATH".to_owned())
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    found.into_iter().find(|program| program.is_file())
}
