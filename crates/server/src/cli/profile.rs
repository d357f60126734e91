//! The profile that `floe login` writes: which server, which token.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::exit::Failure;

/// What is remembered between commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Profile {
    /// Address of the server.
    pub url: String,
    /// Personal access token.
    pub token: String,
}

/// `$XDG_CONFIG_HOME/floe/profile.json`, else `~/.config/floe/profile.json`.
#[must_use]
pub(super) fn location() -> Option<PathBuf> {
    let non_empty = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = non_empty("XDG_CONFIG_HOME").or_else(|| Some(non_empty("HOME")?.join(".config")))?;
    Some(base.join("floe/profile.json"))
}

/// Reads the profile; a missing file is none.
///
/// # Errors
/// When the file is there and cannot be read.
pub(super) fn read(path: &Path) -> Result<Option<Profile>, Failure> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| Failure::usage(format!("{}: {error}; sign in again with floe login", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::usage(format!("{}: {error}", path.display()))),
    }
}

/// Writes the profile for its owner alone.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(path: &Path, profile: &Profile) -> Result<(), Failure> {
    let attempt = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let draft = path.with_extension("json.new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(serde_json::to_string_pretty(profile)?.as_bytes())?;
        file.write_all(b"\n")?;
        fs::rename(&draft, path)
    };
    attempt().map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}
