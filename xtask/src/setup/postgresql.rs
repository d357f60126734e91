//! The PostgreSQL server programs. Their service is never started: tests bring a temporary cluster.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;
use crate::workspace::Workspace;

/// Where Debian keeps one folder per version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Installs the server without letting the package manager start it: a `policy-rc.d` that refuses, for this one call.
const INSTALL: &str = r"
set -e
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' > $policy
    chmod 755 $policy
fi
apt-get update -q
apt-get install -y -q --no-install-recommends postgresql
";

/// Installs the programs if they are missing and this machine lets us.
///
/// # Errors
/// One line that says what to install.
pub(crate) fn ensure(workspace: &Workspace) -> Result<(), String> {
    if find().is_some() {
        return Ok(());
    }
    if let Some(mut installer) = installer(workspace) {
        eprintln!(
            "the PostgreSQL server is not installed. Installing the package `postgresql`; its service stays off."
        );
        let installed = process::run(installer.args(["sh", "-c", INSTALL]));
        if installed.is_ok() && find().is_some() {
            return Ok(());
        }
    }
    let what = "install the PostgreSQL server (Debian: `apt-get install postgresql`), or put its `initdb` and `postgres` on PATH";
    Err(what.to_owned())
}

/// The folder with `initdb` and `postgres`: on PATH, else in Debian's folders, newest version first.
pub(crate) fn find() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    choose(on_path, Path::new(DEBIAN))
}

fn choose(on_path: Vec<PathBuf>, debian: &Path) -> Option<PathBuf> {
    let folders = std::fs::read_dir(debian).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut versions: Vec<PathBuf> = folders.collect();
    versions.sort_by_key(|folder| std::cmp::Reverse(version_of(folder)));
    let packaged = versions.into_iter().map(|folder| folder.join("bin"));
    on_path.into_iter().chain(packaged).find(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file())
}

fn version_of(folder: &Path) -> u32 {
    folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok()).unwrap_or(0)
}

/// What may install packages here: nothing before the command as root, `sudo` where it asks no password.
pub(super) fn installer(workspace: &Workspace) -> Option<Command> {
    if !process::succeeds(workspace.command("apt-get").arg("--version")) {
        return None;
    }
    let root = workspace.command("id").arg("-u").output().is_ok_and(|answer| answer.stdout.trim_ascii() == b"0");
    if root {
        return Some(workspace.command("env"));
    }
    if process::succeeds(workspace.command("sudo").args(["-n", "true"])) {
        let mut sudo = workspace.command("sudo");
        sudo.arg("-n");
        return Some(sudo);
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::choose;

    #[test]
    fn the_newest_packaged_version_is_taken_and_the_path_goes_first() {
        let folder = std::env::temp_dir().join(format!("xtask-postgresql-{}", std::process::id()));
        for version in ["9", "15", "17", "18", "other"] {
            let bin = folder.join(version).join("bin");
            fs::create_dir_all(&bin).unwrap();
            // 18 is only half there.
            for program in ["initdb", "postgres"].iter().take(if version == "18" { 1 } else { 2 }) {
                fs::write(bin.join(program), "").unwrap();
            }
        }
        assert_eq!(choose(vec![], &folder), Some(folder.join("17/bin")));
        assert_eq!(choose(vec![folder.clone(), folder.join("9/bin")], &folder), Some(folder.join("9/bin")));
        assert_eq!(choose(vec![], &folder.join("missing")), None);
        fs::remove_dir_all(&folder).unwrap();
    }
}
