//! Keys of placements (Placements contract, section 1.1): what an app calls the place where something may be shown.

/// Characters of a key at most.
pub const KEY_MAX: usize = 64;

/// Whether a text can be the key of a placement: lower-case letters, digits and underscores, a letter first.
#[must_use]
pub fn is_key(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= KEY_MAX
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_')
}
