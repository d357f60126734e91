//! What identifies a person: found by its form and, where it has one, by its check digits.

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A kind of personal data. The order is the one in which they are looked for: those with check digits before phone numbers, which
/// have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PiiKind {
    /// An e-mail address.
    Email,
    /// An account number of ISO 13616 whose check digits are right.
    Iban,
    /// A number of a payment card, 13 to 19 digits whose check digit is right.
    Card,
    /// An address of the internet, version 4.
    Ip,
    /// A telephone number: with `+`, `00` or `0` in front, or written in the groups of North America.
    Phone,
}

impl PiiKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Email, Self::Iban, Self::Card, Self::Ip, Self::Phone];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Iban => "iban",
            Self::Card => "card",
            Self::Ip => "ip",
            Self::Phone => "phone",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    fn pattern(self) -> &'static Regex {
        match self {
            Self::Email => &EMAIL,
            Self::Iban => &IBAN,
            Self::Card => &CARD,
            Self::Ip => &IP,
            Self::Phone => &PHONE,
        }
    }

    fn is_real(self, text: &str) -> bool {
        match self {
            Self::Email => true,
            Self::Iban => is_iban(text),
            Self::Card => is_card(text),
            Self::Ip => text.parse::<Ipv4Addr>().is_ok(),
            Self::Phone => (8..=15).contains(&text.bytes().filter(u8::is_ascii_digit).count()),
        }
    }

    /// How many bytes at the beginning of a match are real: what has check digits may be followed by words that look like more of it.
    fn real_bytes(self, matched: &str) -> Option<usize> {
        let bytes = matched.as_bytes();
        let ends_word = |&end: &usize| bytes.get(end).is_none_or(|next| !next.is_ascii_alphanumeric());
        (1..=bytes.len()).rev().filter(ends_word).find(|&end| matched.get(..end).is_some_and(|part| self.is_real(part)))
    }
}

static EMAIL: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}"));
static IBAN: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?i)\b[a-z]{2}[0-9]{2}(?:[ -]?[a-z0-9]){11,30}\b"));
static CARD: LazyLock<Regex> = LazyLock::new(|| compiled(r"\b[0-9](?:[ -]?[0-9]){12,18}\b"));
static IP: LazyLock<Regex> = LazyLock::new(|| compiled(r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b"));
static PHONE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r"(?:\+|\b00?)[1-9](?:[ ()./-]{0,2}[0-9]){6,13}\b|\(?\b[2-9][0-9]{2}\)?[ .-]{1,2}[0-9]{3}[ .-][0-9]{4}\b")
});

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns above are regular expressions")
}

/// The text with everything of these kinds replaced by its kind in brackets; `None` when nothing was found.
pub(super) fn redact(kinds: &[PiiKind], text: &str) -> Option<String> {
    let mut redacted: Option<String> = None;
    for kind in kinds {
        let before = redacted.as_deref().unwrap_or(text);
        let mut found = false;
        let after = kind.pattern().replace_all(before, |matched: &Captures<'_>| {
            let Some(end) = kind.real_bytes(&matched[0]) else { return matched[0].to_owned() };
            found = true;
            format!("[{}]{}", kind.as_str(), &matched[0][end..])
        });
        if found {
            redacted = Some(after.into_owned());
        }
    }
    redacted
}

/// ISO 13616: the country and the check digits at the end, letters as numbers, remainder 1 of 97.
fn is_iban(text: &str) -> bool {
    let plain: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_uppercase()).collect();
    let Some((head, rest)) = plain.split_at_checked(4) else { return false };
    let remainder = rest.iter().chain(head).fold(0_u32, |sum, &byte| match byte {
        b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
        _ => (sum * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    (15..=34).contains(&plain.len()) && remainder == 1
}

/// The check digit of ISO 7812.
fn is_card(text: &str) -> bool {
    let digits: Vec<u32> = text.bytes().filter(u8::is_ascii_digit).map(|byte| u32::from(byte - b'0')).collect();
    let sum: u32 = digits.iter().rev().enumerate().map(|(at, &digit)| weight(at, digit)).sum();
    (13..=19).contains(&digits.len()) && digits.iter().any(|&digit| digit != 0) && sum.is_multiple_of(10)
}

const fn weight(at: usize, digit: u32) -> u32 {
    match (at % 2, digit * 2) {
        (0, _) => digit,
        (_, double) if double > 9 => double - 9,
        (_, double) => double,
    }
}
