//! Icons: the files of a folder that the operator names (`FLOE_ICONS_DIR`).

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use floe_model::placements::assets::is_icon_name;

/// Bytes of an icon at most.
const ICON_BYTES_MAX: u64 = 1024 * 1024;

/// The folder of icons; without one there are none.
#[derive(Debug, Clone, Default)]
pub struct Icons {
    folder: Option<PathBuf>,
}

impl Icons {
    /// The icons of a folder.
    #[must_use]
    pub fn of(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// The bytes of an icon, by its name without `.svg`. Reads the file, so call it away from the threads that serve requests.
    #[must_use]
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        let file = File::open(self.path(name)?).ok()?;
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(ICON_BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= ICON_BYTES_MAX).then_some(bytes)
    }

    /// Which of these icons there are; `None` without a folder, since then nobody knows what icons an app has.
    #[must_use]
    pub fn stored<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Option<HashSet<String>> {
        self.folder.as_ref()?;
        let has = |name: &&str| self.path(name).is_some_and(|path| path.is_file());
        Some(names.into_iter().filter(has).map(str::to_owned).collect())
    }

    /// A name holds no separator and no `..`, so that a path never leaves the folder.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        is_icon_name(name).then(|| folder.join(format!("{name}.svg")))
    }
}
