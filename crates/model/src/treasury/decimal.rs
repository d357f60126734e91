//! Reads the text of a JSON number as an exact integer of some unit, never through a binary float.

/// What is wrong with a number of a request (treasury contract, sections 1.1 and 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NumberProblem {
    /// Word of the contract's list, for `errors[].type`.
    pub kind: &'static str,
    /// What to tell the caller, to be put behind the name of the field and a colon.
    pub message: &'static str,
}

impl NumberProblem {
    /// It is text, a boolean, a list, an object, or nothing at all.
    pub const TYPE: Self = Self { kind: "number_type", message: "must be a number" };
}

/// What is left of a number behind its last kept digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    Nothing,
    BelowHalf,
    Half,
    AboveHalf,
}

/// A number in some unit, cut towards zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scaled {
    /// Below zero; never set for zero itself.
    pub(super) negative: bool,
    /// The whole units; nothing when there are more than 18 digits of them.
    pub(super) whole: Option<i64>,
    /// What was cut off.
    pub(super) rest: Rest,
}

/// Digits of the largest whole that is told apart; every such number is in the range of `i64`.
const DIGITS_MAX: i64 = 18;
/// Digits of an exponent that are read; a longer one is beyond any number here.
const EXPONENT_DIGITS_MAX: usize = 15;

/// Reads a JSON number in units of 10^-`places`. Nothing when the text is not a JSON number.
pub(super) fn scaled(text: &str, places: u8) -> Option<Scaled> {
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (mantissa, ""),
    };
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    // The value is `digits` times 10^`shift` units, and `digits` neither begins nor ends with a zero.
    let all = || whole.bytes().chain(fraction.bytes());
    let leading = all().take_while(|&digit| digit == b'0').count();
    let trailing = all().rev().take_while(|&digit| digit == b'0').count();
    let length = whole.len() + fraction.len();
    if leading == length {
        return Some(Scaled { negative: false, whole: Some(0), rest: Rest::Nothing });
    }
    let digits: Vec<u8> = all().skip(leading).take(length - leading - trailing).collect();
    let shift = exponent + i64::from(places) + trailing as i64 - fraction.len() as i64;
    Some(cut(negative, &digits, shift))
}

/// Cuts `digits` times 10^`shift` at the point.
fn cut(negative: bool, digits: &[u8], shift: i64) -> Scaled {
    let kept = digits.len() as i64 + shift;
    if kept > DIGITS_MAX {
        return Scaled { negative, whole: None, rest: Rest::Nothing };
    }
    let (kept_digits, cut_digits) = digits.split_at(kept.clamp(0, digits.len() as i64) as usize);
    let zeros = shift.max(0) as u32;
    let number = kept_digits.iter().fold(0_i64, |number, digit| number * 10 + i64::from(digit - b'0'));
    // Behind a negative `kept` stand zeros before the first digit, so that less than a tenth of a unit is left.
    let rest = match cut_digits {
        [] => Rest::Nothing,
        _ if kept < 0 => Rest::BelowHalf,
        [b'5'] => Rest::Half,
        [first, ..] if *first >= b'5' => Rest::AboveHalf,
        _ => Rest::BelowHalf,
    };
    Scaled { negative, whole: Some(number * 10_i64.pow(zeros)), rest }
}

/// Reads what stands behind the `e`; a longer number is held at an end that no number of digits comes near.
fn read_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let size = match digits.len() {
        0 => 0,
        1..=EXPONENT_DIGITS_MAX => digits.parse().ok()?,
        _ => 10_i64.pow(EXPONENT_DIGITS_MAX as u32),
    };
    Some(if negative { -size } else { size })
}
