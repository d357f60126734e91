//! What kind of media a file is, found from its bytes and never from its name (Placements contract, section 12).
//!
//! The whole structure of a file is walked, so that a file that was cut off or only begins like a picture is refused. Nothing is
//! decoded.

mod lottie;
mod raster;
mod svg;

use floe_model::placements::assets::MediaKind;

pub use svg::SvgProblem;

/// Why a file is no media file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MediaProblem {
    /// None of the kinds.
    #[error("is no PNG, JPEG, WebP, GIF, SVG or Lottie file")]
    Unknown,
    /// It begins like its kind, and does not go on so.
    #[error("begins like a {} file and is damaged or incomplete", .0.as_str())]
    Damaged(MediaKind),
    /// An SVG that is not taken.
    #[error("{0}")]
    Svg(#[from] SvgProblem),
}

/// The kind of a file.
///
/// # Errors
/// [`MediaProblem`].
pub fn kind_of(bytes: &[u8]) -> Result<MediaKind, MediaProblem> {
    let (kind, is_whole) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        (MediaKind::Png, raster::png(bytes))
    } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        (MediaKind::Jpeg, raster::jpeg(bytes))
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        (MediaKind::Webp, raster::webp(bytes))
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        (MediaKind::Gif, raster::gif(bytes))
    } else {
        return text_kind(bytes);
    };
    is_whole.map(|()| kind).ok_or(MediaProblem::Damaged(kind))
}

/// The kinds that are text.
fn text_kind(bytes: &[u8]) -> Result<MediaKind, MediaProblem> {
    let text = std::str::from_utf8(bytes).map_err(|_| MediaProblem::Unknown)?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    match text.bytes().next() {
        Some(b'<') => {
            svg::check(text)?;
            Ok(MediaKind::Svg)
        }
        Some(b'{') if lottie::is_lottie(text) => Ok(MediaKind::Lottie),
        _ => Err(MediaProblem::Unknown),
    }
}

#[cfg(test)]
mod tests;
