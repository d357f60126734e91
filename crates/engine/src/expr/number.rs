//! Numbers as JavaScript reads, writes and rounds them.

use std::fmt::Write;

use serde_json::{Number, Value};

use super::lexer::is_space;

/// Largest integer that every smaller one can be told apart from.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// Integers of at most this size are written in full without looking at their digits.
const PLAIN_INTEGER_MAX: f64 = 1e15;

/// A text as a number: trimmed, empty is 0, what is not a number is NaN.
pub(super) fn parse(text: &str) -> f64 {
    let text = text.trim_matches(is_space);
    if text.is_empty() {
        return 0.0;
    }
    if let Some((digits, radix)) = prefixed(text) {
        return parse_radix(digits, radix);
    }
    match text {
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        // Rust also reads "inf" and "nan".
        _ if text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-')) => {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

fn prefixed(text: &str) -> Option<(&str, u32)> {
    match text.get(..2)? {
        "0x" | "0X" => Some((&text[2..], 16)),
        "0o" | "0O" => Some((&text[2..], 8)),
        "0b" | "0B" => Some((&text[2..], 2)),
        _ => None,
    }
}

fn parse_radix(digits: &str, radix: u32) -> f64 {
    if digits.is_empty() {
        return f64::NAN;
    }
    // Exact up to 128 bits; longer ones lose digits that a floating point number does not have, give or take the last
    // rounding.
    digits
        .chars()
        .try_fold(0u128, |sum, c| sum.checked_mul(u128::from(radix))?.checked_add(u128::from(c.to_digit(radix)?)))
        .map_or_else(
            || {
                digits
                    .chars()
                    .try_fold(0.0, |sum, c| Some(sum * f64::from(radix) + f64::from(c.to_digit(radix)?)))
                    .unwrap_or(f64::NAN)
            },
            |sum| sum as f64,
        )
}

/// A number as text.
pub(super) fn to_text(x: f64) -> String {
    let mut text = String::new();
    write(x, &mut text);
    text
}

/// Appends a number: the shortest digits that read back as the same number, with an exponent below 1e-6 and from 1e21
/// on.
pub(super) fn write(x: f64, out: &mut String) {
    if x.is_nan() {
        out.push_str("NaN");
    } else if x == 0.0 {
        out.push('0');
    } else if x.is_infinite() {
        out.push_str(if x < 0.0 { "-Infinity" } else { "Infinity" });
    } else if x.abs() < PLAIN_INTEGER_MAX && x.fract() == 0.0 {
        push(out, format_args!("{}", x as i64));
    } else {
        write_digits(x, out);
    }
}

fn write_digits(x: f64, out: &mut String) {
    let (digits, exponent) = decimal(x.abs());
    let count = digits.len() as i32;
    let point = exponent + 1;
    if x < 0.0 {
        out.push('-');
    }
    if (count..=21).contains(&point) {
        out.push_str(&digits);
        (count..point).for_each(|_| out.push('0'));
    } else if (1..=21).contains(&point) {
        let (whole, fraction) = digits.split_at(point as usize);
        push(out, format_args!("{whole}.{fraction}"));
    } else if (-5..=0).contains(&point) {
        out.push_str("0.");
        (point..0).for_each(|_| out.push('0'));
        out.push_str(&digits);
    } else {
        let (first, others) = digits.split_at(1);
        let dot = if others.is_empty() { "" } else { "." };
        push(out, format_args!("{first}{dot}{others}e{exponent:+}"));
    }
}

/// The shortest digits of a positive number, and the exponent of the first.
fn decimal(x: f64) -> (String, i32) {
    let scientific = format!("{x:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a String cannot fail");
}

/// Rounds to a whole number; halves go up, as `Math.round` does.
pub(super) fn round(x: f64) -> f64 {
    let floor = x.floor();
    if x - floor >= 0.5 { floor + 1.0 } else { floor }
}

/// Rounds to decimal places (before the point when negative). Works on the decimal digits, so that 1.005 to two
/// places is 1.01.
pub(super) fn round_to(x: f64, digits: i32) -> f64 {
    shift(round(shift(x, digits)), -digits)
}

/// `x` times a power of ten, without the error of a multiplication.
fn shift(x: f64, power: i32) -> f64 {
    if !x.is_finite() || x == 0.0 {
        return x;
    }
    let (digits, exponent) = decimal(x.abs());
    let places = digits.len() as i32 - 1;
    let shifted: f64 = format!("{digits}e{}", exponent - places + power).parse().unwrap_or(f64::NAN);
    shifted.copysign(x)
}

/// A number as JSON: integers without a fraction, null when it is not finite.
pub(super) fn to_json(x: f64) -> Value {
    if x.fract() != 0.0 || x.abs() >= 2f64.powi(63) {
        return Number::from_f64(x).map_or(Value::Null, Value::Number);
    }
    Value::from(x as i64)
}

/// A JSON number as a floating point number, unless it is an integer whose digits would be lost.
pub(super) fn from_json(number: &Number) -> Option<f64> {
    match number.as_i64() {
        Some(integer) => (integer.unsigned_abs() <= SAFE_INTEGER_MAX).then_some(integer as f64),
        None if number.is_u64() => None,
        None => number.as_f64(),
    }
}
