//! Plain text: its letters, its paragraphs.

use floe_model::agents::passages::Block;

/// Lines from this length on were broken by a program, not by a person.
const WRAPPED_CHARS: usize = 50;
/// What the bytes 0x80 to 0x9f mean in Windows' Western European letters; those without a meaning are left out.
const WINDOWS: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”', '•',
    '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// The letters of a text file: UTF-8, UTF-16 with a mark at its start, or else Windows' Western European ones. Lines end in `\n`.
pub(super) fn decode(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => from_utf8(rest),
        [0xff, 0xfe, rest @ ..] => from_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => from_utf16(rest, u16::from_be_bytes),
        _ => from_utf8(bytes),
    };
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

fn from_utf8(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| from_windows(*byte)).collect(),
    }
}

fn from_windows(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

fn from_utf16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
    char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Paragraphs: lines between empty lines.
pub(super) fn read(text: &str) -> Vec<Block> {
    paragraphs(text).into_iter().map(Block::text).collect()
}

/// The paragraphs of a text, with lines that a program broke put together.
pub(super) fn paragraphs(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().chain([""]) {
        if !line.trim().is_empty() {
            lines.push(line.trim_end());
        } else if !lines.is_empty() {
            found.push(unwrapped(&lines));
            lines.clear();
        }
    }
    found
}

/// One line when all but the last are as long as lines that a program breaks; the lines as they are otherwise.
fn unwrapped(lines: &[&str]) -> String {
    let (_, before) = lines.split_last().unwrap_or((&"", &[]));
    let is_wrapped = before.iter().all(|line| line.trim().chars().count() >= WRAPPED_CHARS);
    if is_wrapped { joined(lines) } else { lines.join("\n") }
}

/// Puts lines together; a word that was parted by a hyphen becomes whole again.
pub(super) fn joined(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        let line = line.trim();
        let is_parted = text.ends_with('-')
            && text.chars().rev().nth(1).is_some_and(char::is_lowercase)
            && line.starts_with(char::is_lowercase);
        if is_parted {
            text.pop();
        } else if !text.is_empty() && !line.is_empty() {
            text.push(' ');
        }
        text.push_str(line);
    }
    text
}
