//! The texts of keys and tokens.
//!
//! Most are a prefix, 30 base62 characters and the CRC-32 of these in 6 base62 characters. The checksum finds typing
//! errors before any lookup and helps secret scanners; it is no authentication. The kinds of the older APIs have forms of
//! their own (console contract, section 3): a treasury key ends with 43 base64url characters, a key of placements with
//! 8 hexadecimal digits, `_` and 32 base62 characters, one of the workflows API with 32 base62 characters.

use super::key::KeyKind;
use crate::scope::Mode;

/// How a personal access token begins.
pub const TOKEN_PREFIX: &str = "pat_";

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const RANDOM_LEN: usize = 30;
const CHECKSUM_LEN: usize = 6;
/// Base64url characters that 32 bytes take.
const TREASURY_LEN: usize = 43;
/// Hexadecimal digits that name a key of placements.
const HEX_LEN: usize = 8;
/// Base62 characters of a key without a checksum.
const PLAIN_LEN: usize = 32;

/// What a well-formed text claims to be. Whether it is known is for the lookup to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretText {
    /// An API key of a kind and mode; of a kind without a mode it is live.
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
    // Two kinds begin alike; the forms of what follows differ in length.
    let mut fitting = kinds.filter(|&(kind, mode)| {
        text.strip_prefix(kind.text_prefix(mode)).is_some_and(|tail| has_form(kind, tail.as_bytes()))
    });
    fitting.next().map(|(kind, mode)| SecretText::Key(kind, mode))
}

/// Whether the part behind the prefix has the form of a kind.
fn has_form(kind: KeyKind, tail: &[u8]) -> bool {
    match kind {
        KeyKind::Treasury => tail.len() == TREASURY_LEN && tail.iter().all(|byte| BASE64URL.contains(byte)),
        KeyKind::PlacementsSdk | KeyKind::PlacementsManagement => {
            let Some((hex, rest)) = tail.split_at_checked(HEX_LEN) else { return false };
            let is_hex = hex.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            is_hex && rest.split_first().is_some_and(|(first, rest)| *first == b'_' && is_base62(rest, PLAIN_LEN))
        }
        KeyKind::Workflows => is_base62(tail, PLAIN_LEN),
        KeyKind::Agents | KeyKind::Flows => std::str::from_utf8(tail).is_ok_and(has_checksum),
    }
}

fn is_base62(bytes: &[u8], length: usize) -> bool {
    bytes.len() == length && bytes.iter().all(u8::is_ascii_alphanumeric)
}

/// Whether a text without its prefix is 30 base62 characters and their checksum.
#[must_use]
fn has_checksum(tail: &str) -> bool {
    let bytes = tail.as_bytes();
    if !is_base62(bytes, RANDOM_LEN + CHECKSUM_LEN) {
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

/// A new text of a key from random bytes, in the form of its kind.
#[must_use]
pub fn make_key_text(kind: KeyKind, mode: Mode, random: &[u8; 64]) -> String {
    let prefix = kind.text_prefix(mode);
    match kind {
        KeyKind::Treasury => format!("{prefix}{}", base64url(random)),
        KeyKind::PlacementsSdk | KeyKind::PlacementsManagement => {
            let (id, rest) = random.split_at(HEX_LEN / 2);
            let hex = crate::hex::encode(id);
            format!("{prefix}{hex}_{}", base62(rest, PLAIN_LEN))
        }
        KeyKind::Workflows => format!("{prefix}{}", base62(random, PLAIN_LEN)),
        KeyKind::Agents | KeyKind::Flows => make_text(prefix, random),
    }
}

/// `length` base62 characters from random bytes, without favouring any while there are bytes enough.
#[must_use]
pub fn base62(random: &[u8], length: usize) -> String {
    // 248 is the largest multiple of 62 in a byte.
    let even = random.iter().filter(|&&byte| byte < 248);
    even.chain(random.iter()).take(length).map(|&byte| char::from(ALPHABET[usize::from(byte % 62)])).collect()
}

/// 43 characters that decode to 32 random bytes: six bits from each byte, four in the last character.
fn base64url(random: &[u8; 64]) -> String {
    let index = |at: usize, byte: u8| usize::from(if at + 1 == TREASURY_LEN { byte & 0x3c } else { byte & 0x3f });
    let drawn = random.iter().take(TREASURY_LEN).enumerate();
    drawn.map(|(at, &byte)| char::from(BASE64URL[index(at, byte)])).collect()
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
