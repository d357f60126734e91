//! The data folder and the secret key in it.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The key file in the data folder.
pub const KEY_FILE: &str = "secret.key";

/// Why the data folder or its key cannot be used; the text is for the person who starts the server.
#[derive(Debug)]
pub struct FolderError(String);

impl FolderError {
    fn io(path: &Path, error: &io::Error) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}

impl std::fmt::Display for FolderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FolderError {}

/// Makes the data folder for its owner alone (mode 0700) and answers its absolute path. A folder that exists keeps its mode,
/// because it may be one that others share on purpose; all files in it are made for the owner alone.
///
/// # Errors
/// When the folder cannot be made or is no folder.
pub fn ensure_data_folder(folder: &Path) -> Result<PathBuf, FolderError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| FolderError::io(folder, &error))?;
    let absolute = fs::canonicalize(folder).map_err(|error| FolderError::io(folder, &error))?;
    let mode = fs::metadata(&absolute).map_err(|error| FolderError::io(folder, &error))?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(folder = %absolute.display(), "others on this machine may list the data folder; chmod 700 closes it");
    }
    Ok(absolute)
}

/// The 32 bytes that wrap data keys and hash API keys: the given text, else the key file, else a new key file (mode 0600).
///
/// # Errors
/// When the text or file is not 32 bytes in base64, or the file cannot be read or made.
pub fn load_secret_key(
    given: Option<&str>,
    folder: &Path,
    fresh: impl FnOnce() -> [u8; 32],
) -> Result<[u8; 32], FolderError> {
    if let Some(text) = given {
        return read_secret_key(text);
    }
    let path = folder.join(KEY_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => {
            restrict(&path)?;
            decode(&text).ok_or_else(|| FolderError(format!("{} does not hold 32 bytes in base64", path.display())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(&path, fresh()),
        Err(error) => Err(FolderError::io(&path, &error)),
    }
}

/// The key that a setting gives.
///
/// # Errors
/// When the text is not 32 bytes in base64.
pub fn read_secret_key(text: &str) -> Result<[u8; 32], FolderError> {
    decode(text).ok_or_else(|| FolderError("FLOE_SECRET_KEY is not 32 bytes in base64".to_owned()))
}

/// Written whole under another name first: a start that is killed here leaves no half key behind.
fn create(path: &Path, key: [u8; 32]) -> Result<[u8; 32], FolderError> {
    let draft = path.with_extension("key.new");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        writeln!(file, "{}", codec(false).encode(key))?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    };
    write().map_err(|error| FolderError::io(path, &error))?;
    Ok(key)
}

fn restrict(path: &Path) -> Result<(), FolderError> {
    let mode = fs::metadata(path).map_err(|error| FolderError::io(path, &error))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(|error| FolderError::io(path, &error))
}

/// Standard or URL-safe alphabet, with or without padding.
fn decode(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    let url_safe = text.contains(['-', '_']);
    codec(url_safe).decode(text).ok()?.try_into().ok()
}

fn codec(url_safe: bool) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(if url_safe { &URL_SAFE } else { &STANDARD }, config)
}
