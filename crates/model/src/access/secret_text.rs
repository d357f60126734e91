//! The text of keys and tokens: a prefix, 30 base62 characters and the CRC-32 of these in 6 base62 characters.
//!
//! The checksum finds typing errors before any lookup and helps secret scanners; it is no authentication.

use super::key::KeyKind;
use crate::scope::Mode;

/// How a personal access token begins.
pub const TOKEN_PREFIX: &str = "pat_";

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_LEN: usize = 30;
const CHECKSUM_LEN: usize = 6;

/// What a well-formed text claims to be. Whether it is known is for the lookup to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretText {
    /// An API key of a kind and mode.
    Key(KeyKind, Mode),
    /// A personal access token.
    Token,
}

/// Reads what a text claims to be; `None` when its prefix, length, alphabet or checksum is wrong.
#[must_use]
pub fn recognise(text: &str) -> Option<SecretText> {
    if let Some(tail) = text.strip_prefix(TOKEN_PREFIX) {
        return has_checksum(tail).then_some(SecretText::Token);
    }
    let kinds = KeyKind::ALL.into_iter().flat_map(|kind| [Mode::Live, Mode::Test].map(|mode| (kind, mode)));
    let (kind, mode, tail) =
        kinds.filter_map(|(kind, mode)| Some((kind, mode, text.strip_prefix(kind.text_prefix(mode))?))).next()?;
    has_checksum(tail).then_some(SecretText::Key(kind, mode))
}

/// Whether a text without its prefix is 30 base62 characters and their checksum.
#[must_use]
fn has_checksum(tail: &str) -> bool {
    let bytes = tail.as_bytes();
    if bytes.len() != RANDOM_LEN + CHECKSUM_LEN || !bytes.iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let (random, sum) = bytes.split_at(RANDOM_LEN);
    checksum(random).as_bytes() == sum
}

/// The checksum of the random part: CRC-32 (IEEE) in base62, padded with `0` to 6 characters.
#[must_use]
pub fn checksum(random: &[u8]) -> String {
    let mut rest = crc32(random);
    let mut digits = [b'0'; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|&digit| char::from(digit)).collect()
}

/// A new text from random bytes. Bytes that would favour some characters are passed over; 64 bytes hold 30 usable ones
/// in all but about one of 10^17 cases, and then the last characters are drawn from the bytes anyway.
#[must_use]
pub fn make_text(prefix: &str, random: &[u8; 64]) -> String {
    let tail = base62(random, RANDOM_LEN);
    let sum = checksum(tail.as_bytes());
    format!("{prefix}{tail}{sum}")
}

/// `length` base62 characters from random bytes, without favouring any while there are bytes enough.
#[must_use]
pub fn base62(random: &[u8], length: usize) -> String {
    // 248 is the largest multiple of 62 in a byte.
    let even = random.iter().filter(|&&byte| byte < 248);
    even.chain(random.iter()).take(length).map(|&byte| char::from(ALPHABET[usize::from(byte % 62)])).collect()
}

/// CRC-32 as in IEEE 802.3, bit by bit: 30 bytes at a time need no table.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            let low = crc & 1;
            crc = (crc >> 1) ^ (0xEDB8_8320 * low);
        }
    }
    !crc
}

#[cfg(test)]
mod tests;
