//! What a TrueType file says about itself: family, weight and style, read from its tables (Placements contract, section 12).
//!
//! The table directory and the tables that every device needs must lie within the file; nothing is drawn here. Numbers are big endian.

use crate::placements::screen::FontStyle;

/// Tables that a file needs to be drawn with outlines of TrueType (OpenType specification, "Required tables").
const REQUIRED: [&[u8; 4]; 8] = [b"cmap", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"name"];
/// Tables of a file at most; a real one has some twenty.
const TABLES_MAX: usize = 128;
/// Records of a name table at most.
const NAMES_MAX: usize = 4_096;
/// Characters of the name of a family at most.
const FAMILY_MAX: usize = 128;
/// The mark in the table `head` of every font.
const HEAD_MAGIC: u32 = 0x5F0F_3CF5;

/// What a font file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FontFacts {
    /// Name of its family; none when the file has none that can be read.
    pub family: Option<String>,
    /// 100 to 900.
    pub weight: u16,
    /// Upright or italic.
    pub style: FontStyle,
}

/// Why bytes are not a font file that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FontProblem {
    /// It begins like something else.
    #[error("is not a TrueType font (.ttf)")]
    NotTrueType,
    /// A table lies outside of the file, or the file ends too early.
    #[error("is damaged: a part of the font is missing")]
    Damaged,
    /// A table that every device needs is missing.
    #[error("is not a complete TrueType font: a required table is missing")]
    Incomplete,
}

/// Reads a font file.
///
/// # Errors
/// [`FontProblem`] for bytes that are no whole TrueType font.
pub fn read_font(bytes: &[u8]) -> Result<FontFacts, FontProblem> {
    if !(bytes.starts_with(&[0, 1, 0, 0]) || bytes.starts_with(b"true")) {
        return Err(FontProblem::NotTrueType);
    }
    let tables = Tables::of(bytes)?;
    if REQUIRED.iter().any(|tag| tables.find(tag).is_none_or(<[u8]>::is_empty)) {
        return Err(FontProblem::Incomplete);
    }
    let head = tables.find(b"head").ok_or(FontProblem::Incomplete)?;
    if head.len() < 54 || u32_at(head, 12) != Some(HEAD_MAGIC) {
        return Err(FontProblem::Damaged);
    }
    let mac_style = u16_at(head, 44).unwrap_or(0);
    // Without the table OS/2, which old files for the Mac lack, the two bits of `head` are all there is.
    let os2 = tables.find(b"OS/2");
    let weight = os2.and_then(|os2| u16_at(os2, 4)).filter(|weight| *weight > 0);
    let selection = os2.and_then(|os2| u16_at(os2, 62));
    let is_italic = selection.map_or(mac_style & 2 != 0, |bits| bits & 1 != 0);
    let names = tables.find(b"name").unwrap_or_default();
    Ok(FontFacts {
        family: family(names),
        weight: weight.unwrap_or(if mac_style & 1 != 0 { 700 } else { 400 }).clamp(100, 900),
        style: if is_italic { FontStyle::Italic } else { FontStyle::Normal },
    })
}

/// The table directory of a file.
struct Tables<'a> {
    bytes: &'a [u8],
    records: &'a [u8],
}

impl<'a> Tables<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, FontProblem> {
        let count = usize::from(u16_at(bytes, 4).ok_or(FontProblem::Damaged)?);
        if count > TABLES_MAX {
            return Err(FontProblem::Damaged);
        }
        let records = bytes.get(12..12 + count * 16).ok_or(FontProblem::Damaged)?;
        let tables = Self { bytes, records };
        let are_within = records.chunks_exact(16).all(|record| tables.content(record).is_some());
        if are_within { Ok(tables) } else { Err(FontProblem::Damaged) }
    }

    fn find(&self, tag: &[u8; 4]) -> Option<&'a [u8]> {
        self.content(self.records.chunks_exact(16).find(|record| record.starts_with(tag))?)
    }

    fn content(&self, record: &[u8]) -> Option<&'a [u8]> {
        let start = usize::try_from(u32_at(record, 8)?).ok()?;
        let length = usize::try_from(u32_at(record, 12)?).ok()?;
        self.bytes.get(start..start.checked_add(length)?)
    }
}

/// The name of the family: the typographic one (16) before the one for four styles (1), English before other languages.
fn family(names: &[u8]) -> Option<String> {
    let count = usize::from(u16_at(names, 2)?).min(NAMES_MAX);
    let strings = usize::from(u16_at(names, 4)?);
    let mut best: Option<(u8, String)> = None;
    for record in names.get(6..)?.chunks_exact(12).take(count) {
        let word = |at: usize| u16_at(record, at).unwrap_or(0);
        let Some(rank) = rank(word(0), word(4), word(6)) else { continue };
        if best.as_ref().is_some_and(|(known, _)| *known <= rank) {
            continue;
        }
        let start = strings + usize::from(word(10));
        let Some(text) = names.get(start..start + usize::from(word(8))) else { continue };
        if let Some(name) = name_text(word(0), text) {
            best = Some((rank, name));
        }
    }
    best.map(|(_, name)| name)
}

/// How good a record is for the name of the family; the lowest wins.
fn rank(platform: u16, language: u16, name: u16) -> Option<u8> {
    let kind = match name {
        16 => 0,
        1 => 4,
        _ => return None,
    };
    let place = match (platform, language) {
        (3, 0x0409) => 0,
        (0, _) => 1,
        (3, _) => 2,
        (1, 0) => 3,
        _ => return None,
    };
    Some(kind + place)
}

/// UTF-16 on the platforms Unicode and Windows; on the Mac only plain ASCII is read.
fn name_text(platform: u16, bytes: &[u8]) -> Option<String> {
    let text = if platform == 1 {
        bytes.is_ascii().then(|| String::from_utf8_lossy(bytes).into_owned())?
    } else {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()?
    };
    clean_family(&text)
}

/// A name of a family as it is kept: trimmed, 1 to 128 characters, none of them a control character.
fn clean_family(text: &str) -> Option<String> {
    let text = text.trim();
    let is_good = !text.is_empty() && text.chars().count() <= FAMILY_MAX && !text.contains(char::is_control);
    is_good.then(|| text.to_owned())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
