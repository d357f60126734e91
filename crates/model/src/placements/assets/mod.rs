//! Fonts and media: what kinds there are and where they are found (Placements contract, section 11.3).
//!
//! An address holds the digest of what is behind it, so that it never changes its content. Addresses that are stored are relative to
//! the workspace's base, since the public address of a server may change.

mod font_file;

use serde::{Deserialize, Serialize};

use crate::id::WorkspaceId;

pub use font_file::{FontFacts, FontProblem, read_font};

/// Media type of a font file.
pub const FONT_TYPE: &str = "font/ttf";
/// Extension of a font file.
const FONT_EXTENSION: &str = "ttf";

/// A kind of media (Placements contract, section 12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
    /// SVG.
    Svg,
    /// A Lottie animation.
    Lottie,
}

impl MediaKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Png, Self::Jpeg, Self::Webp, Self::Gif, Self::Svg, Self::Lottie];

    /// Its word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Svg => "svg",
            Self::Lottie => "lottie",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Its media type.
    #[must_use]
    pub const fn mime_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Svg => "image/svg+xml",
            Self::Lottie => "application/json",
        }
    }

    /// The end of its addresses.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Svg => "svg",
            Self::Lottie => "json",
        }
    }
}

/// A font as a version names it: an entry of `fonts` of a resolve with its address relative to the workspace's base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedFont {
    /// Name of the family.
    pub family: String,
    /// 100 to 900.
    pub weight: u16,
    /// `normal` or `italic`.
    pub style: String,
    /// Address below the workspace's base: `fonts/<sha256>.ttf`.
    pub path: String,
}

/// Where a font file is found, below the workspace's base.
#[must_use]
pub fn font_path(sha256: &[u8; 32]) -> String {
    format!("fonts/{}.{FONT_EXTENSION}", crate::hex::encode(sha256))
}

/// Where a media file is found, below the workspace's base: its `src` in a flow.
#[must_use]
pub fn media_path(sha256: &[u8; 32], kind: MediaKind) -> String {
    format!("media/{}.{}", crate::hex::encode(sha256), kind.extension())
}

/// `media_base_url` of a resolve: everything that a workspace uploaded is below it.
#[must_use]
pub fn media_base_url(public_url: &str, workspace: WorkspaceId) -> String {
    format!("{public_url}/cdn/{workspace}")
}

/// `icon_base_url` of a resolve.
#[must_use]
pub fn icon_base_url(public_url: &str) -> String {
    format!("{public_url}/cdn/icons")
}

/// The digest that a file name of the form `<sha256>.<extension>` holds; none for any other name.
#[must_use]
pub fn digest_of(file: &str) -> Option<([u8; 32], &str)> {
    let (digits, extension) = file.split_once('.')?;
    let bytes = digits.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let mut digest = [0_u8; 32];
    for (byte, pair) in digest.iter_mut().zip(bytes.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some((digest, extension))
}

/// The one extension under which a file of a media type is found.
#[must_use]
pub fn extension_of(mime_type: &str) -> Option<&'static str> {
    if mime_type == FONT_TYPE {
        return Some(FONT_EXTENSION);
    }
    MediaKind::ALL.into_iter().find(|kind| kind.mime_type() == mime_type).map(MediaKind::extension)
}

/// Whether a text can be the name of an icon: what stands before `.svg` in its address.
#[must_use]
pub fn is_icon_name(name: &str) -> bool {
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    begins && name.len() <= 128 && name.bytes().all(goes_on) && !name.contains("..")
}

/// Upper case is no spelling of an address.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
