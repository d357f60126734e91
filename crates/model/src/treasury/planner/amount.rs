//! Amounts as people write them: `350000`, `350,000.50`, `₦50k`, `2.5m` (treasury contract, section 3.2).

use super::super::money::Kobo;

/// Bare numbers below this are counts, days and the like: 100 naira.
const BARE_MIN: Kobo = Kobo(10_000);

/// A number that may be an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) amount: Kobo,
    /// A currency or a size stands with it, so that it cannot be a year or a count.
    pub(super) is_marked: bool,
}

/// Reads one word; `next` is the word after it, which may be its size (`2.5 million`).
pub(super) fn read(word: &str, marked: bool, next: Option<&str>) -> Option<Written> {
    let lower = word.to_lowercase();
    let unsigned = ["₦", "ngn", "n"].iter().find_map(|sign| lower.strip_prefix(sign));
    let rest = unsigned.unwrap_or(&lower);
    let digits_end = rest.find(|letter: char| !matches!(letter, '0'..='9' | ',' | '.')).unwrap_or(rest.len());
    let (digits, suffix) = rest.split_at(digits_end);
    let (exponent, sized) = match suffix {
        "" => next.and_then(size).map_or((0, false), |exponent| (exponent, true)),
        "naira" | "ngn" | "₦" => (0, true),
        _ => (size(suffix)?, true),
    };
    let plain = without_separators(digits)?;
    let has_leading_zero = plain.len() > 1 && plain.starts_with('0') && !plain.starts_with("0.");
    if has_leading_zero {
        return None;
    }
    let amount = Kobo::read(&format!("{plain}e{exponent}")).ok()?;
    let is_marked = marked || sized || unsigned.is_some() || digits.contains([',', '.']);
    (is_marked || amount >= BARE_MIN).then_some(Written { amount, is_marked })
}

/// Whether a word is a size that belongs to the number before it.
pub(super) fn is_size(word: &str) -> bool {
    size(&word.to_lowercase()).is_some()
}

/// Whether a word is the currency.
pub(super) fn is_currency(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "₦" | "ngn" | "naira")
}

fn size(word: &str) -> Option<u8> {
    match word {
        "k" | "thousand" => Some(3),
        "m" | "mn" | "million" => Some(6),
        "b" | "bn" | "billion" => Some(9),
        _ => None,
    }
}

/// Digits without commas, which must stand at every third digit when there are any.
fn without_separators(digits: &str) -> Option<String> {
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut groups = whole.split(',');
    let first = groups.next().filter(|group| !group.is_empty())?;
    let mut plain = first.to_owned();
    let mut is_grouped = false;
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        plain.push_str(group);
        is_grouped = true;
    }
    if is_grouped && first.len() > 3 {
        return None;
    }
    match fraction {
        None => Some(plain),
        Some(fraction) if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) => None,
        Some(fraction) => Some(format!("{plain}.{fraction}")),
    }
}
