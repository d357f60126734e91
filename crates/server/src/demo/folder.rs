//! The folder that the demo keeps its data in.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use floe_runtime::ids::SystemRandom;
use floe_runtime::{Ids, SystemClock};

use super::DemoError;

/// A folder for one demo; a temporary one is removed when this is dropped.
#[derive(Debug)]
pub(super) enum Folder {
    Kept(PathBuf),
    Temporary(PathBuf),
}

impl Folder {
    /// Takes the named folder, which must be absent or empty, or makes a temporary one for this user alone.
    pub(super) fn open(named: Option<&Path>) -> Result<Self, DemoError> {
        let Some(named) = named else { return Ok(Self::Temporary(temporary()?)) };
        match fs::read_dir(named) {
            Ok(mut entries) => match entries.next() {
                None => Ok(Self::Kept(named.to_path_buf())),
                Some(_) => Err(DemoError::NotEmpty(named.to_path_buf())),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Kept(named.to_path_buf())),
            Err(error) => Err(DemoError::Other(anyhow::Error::new(error).context(named.display().to_string()))),
        }
    }

    pub(super) fn path(&self) -> &Path {
        let (Self::Kept(path) | Self::Temporary(path)) = self;
        path
    }

    pub(super) fn is_kept(&self) -> bool {
        matches!(self, Self::Kept(_))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Self::Temporary(path) = self
            && let Err(error) = fs::remove_dir_all(&*path)
        {
            tracing::warn!(folder = %path.display(), %error, "the folder of the demo could not be removed");
        }
    }
}

/// The name cannot be guessed and the folder must be new, so that nobody else on this machine can put one there first.
fn temporary() -> anyhow::Result<PathBuf> {
    let ids = Ids::new(Arc::new(SystemClock), Arc::new(SystemRandom));
    let path = std::env::temp_dir().join(format!("floe-demo-{:032x}", u128::from_be_bytes(ids.secret())));
    DirBuilder::new().mode(0o700).create(&path).with_context(|| path.display().to_string())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_goes_and_a_named_one_must_be_empty() {
        let folder = Folder::open(None).expect("a folder");
        let path = folder.path().to_path_buf();
        let inside = path.join("file");
        fs::write(&inside, "x").expect("written");
        assert!(matches!(Folder::open(Some(&path)), Err(DemoError::NotEmpty(_))));
        assert!(matches!(Folder::open(Some(&inside)), Err(DemoError::Other(_))));
        drop(folder);
        assert!(!path.exists());
        assert!(Folder::open(Some(&path)).expect("an absent folder is fine").is_kept());
    }
}
