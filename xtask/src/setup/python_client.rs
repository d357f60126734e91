//! The published Python client of the workflow API, from the Python index, below the target folder.

use std::path::PathBuf;

use crate::process;
use crate::workspace::Workspace;

/// The client, with its version.
const CLIENT: &str = "flowmaestro==0.1.0";

/// Finds the client, or installs it; answers the interpreter that has it.
///
/// # Errors
/// What is missing, in one line.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf, String> {
    let folder = workspace.target().join("python-client");
    let python = folder.join("bin").join("python");
    if process::succeeds(workspace.command(&python).args(["-c", "import flowmaestro"])) {
        return Ok(python);
    }
    eprintln!("the Python client is not there. Installing {CLIENT}.");
    let own =
        ["python3", "python"].into_iter().find(|name| process::succeeds(workspace.command(name).arg("--version")));
    let own = own.ok_or("Python 3 is missing")?;
    if !process::succeeds(workspace.command(own).args(["-m", "venv", "--clear"]).arg(&folder)) {
        return Err("Python cannot make a virtual environment (Debian: python3-venv)".to_owned());
    }
    let mut install = workspace.command(folder.join("bin").join("pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check", CLIENT]);
    process::run(&mut install).map_err(|_| format!("{CLIENT} cannot be installed from the Python package index"))?;
    Ok(python)
}
