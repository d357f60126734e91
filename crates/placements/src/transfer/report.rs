//! What an import did.

use serde::Serialize;

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Whether the app itself was made.
    pub app_created: bool,
    /// Made: was not there by its id.
    pub created: Counts,
    /// Changed: was there and different.
    pub updated: Counts,
    /// Left as it was: the same, or an experiment that was started here.
    pub kept: Counts,
    /// Files that the document names and whose bytes are not here; uploaded again they have the same address.
    pub missing_files: Vec<MissingFile>,
}

/// How many of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Screen flows.
    pub flows: usize,
    /// Published versions.
    pub versions: usize,
    /// Saved audiences.
    pub audiences: usize,
    /// Placements.
    pub placements: usize,
    /// Experiments.
    pub experiments: usize,
    /// Fonts.
    pub fonts: usize,
    /// Media files.
    pub media: usize,
}

/// A file whose bytes are not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingFile {
    /// `font` or `media`.
    pub kind: &'static str,
    /// Family, weight and style of a font, name of a media file.
    pub name: String,
    /// Digest of its bytes, in lower-case hexadecimal.
    pub sha256: String,
}
