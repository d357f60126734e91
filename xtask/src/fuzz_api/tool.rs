//! The fuzzer: a package of the Python index in a virtual environment of its own.

use std::path::PathBuf;

use crate::process;
use crate::workspace::Workspace;

/// The package and its version.
const PACKAGE: &str = "schemathesis==4.32.5";

/// Where the fuzzer is.
pub(super) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("fuzz-api")
}

/// Finds the fuzzer, or installs it.
///
/// # Errors
/// What is missing, in one line.
pub(super) fn ensure(workspace: &Workspace) -> Result<PathBuf, String> {
    let folder = folder(workspace);
    let tool = folder.join("bin").join("schemathesis");
    if process::succeeds(workspace.command(&tool).arg("--version")) {
        return Ok(tool);
    }
    let python =
        ["python3", "python"].into_iter().find(|name| process::succeeds(workspace.command(name).arg("--version")));
    let python = python.ok_or("Python 3 is missing")?;
    if !process::succeeds(workspace.command(python).args(["-m", "venv", "--clear"]).arg(&folder)) {
        return Err("Python cannot make a virtual environment (Debian: python3-venv)".to_owned());
    }
    let mut install = workspace.command(folder.join("bin").join("pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check", PACKAGE]);
    process::run(&mut install).map_err(|_| format!("{PACKAGE} cannot be installed from the Python package index"))?;
    Ok(tool)
}
