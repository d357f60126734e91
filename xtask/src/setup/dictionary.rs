//! The texts in which the quality of searches is measured: the Free On-line Dictionary of Computing, as Debian packs it. It is fetched
//! into the target folder and never part of a checkout (GNU Free Documentation License).

use std::path::PathBuf;

use crate::process;
use crate::workspace::Workspace;

/// The package, and where its files are in it.
const PACKAGE: &str = "dict-foldoc";
const INSIDE: &str = "usr/share/dictd";

/// Fetches the package without installing it: `apt-get download` needs no rights.
const FETCH: &str = r#"
set -e
mkdir -p "$1"
cd "$1"
apt-get download -q "$2" || { apt-get update -q && apt-get download -q "$2"; }
dpkg-deb -x "$2"_*.deb .
rm -f "$2"_*.deb
"#;

/// Finds the folder with `foldoc.index` and `foldoc.dict.dz`; fetches it if it is missing and this machine lets us.
///
/// # Errors
/// One line that says what is missing.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf, String> {
    let below = workspace.target().join("tools").join(PACKAGE);
    let is_there = |folder: &PathBuf| folder.join("foldoc.index").is_file() && folder.join("foldoc.dict.dz").is_file();
    let fetched = below.join(INSIDE);
    if let Some(found) = [PathBuf::from("/").join(INSIDE), fetched.clone()].into_iter().find(is_there) {
        return Ok(found);
    }
    if process::succeeds(workspace.command("apt-get").arg("--version")) {
        eprintln!("the dictionary for measuring searches is not there. Fetching the package `{PACKAGE}`.");
        let mut fetch = workspace.command("sh");
        fetch.args(["-c", FETCH, "sh"]).arg(&below).arg(PACKAGE);
        if process::run(&mut fetch).is_ok() && is_there(&fetched) {
            return Ok(fetched);
        }
    }
    Err(format!("install the dictionary (Debian: `apt-get install {PACKAGE}`)"))
}
