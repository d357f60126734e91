//! The header `Range` (RFC 9110, section 14.2): one range of bytes. Several ranges, and what cannot be read, count as none, which the
//! standard allows.

use std::ops::RangeInclusive;

/// What a client wants of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// These bytes, counted from 0.
    Part(RangeInclusive<u64>),
    /// Bytes that it does not have.
    Nothing,
}

/// Reads the header for a file of `size` bytes, which is not 0.
pub(super) fn wanted(header: &str, size: u64) -> Wanted {
    let Some((unit, range)) = header.split_once('=') else { return Wanted::Whole };
    let Some((first, last)) = range.trim().split_once('-') else { return Wanted::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => Wanted::Whole,
        (Some(first), _) if first >= size && (last.is_empty() || number(last).is_some()) => Wanted::Nothing,
        (Some(first), Some(last)) => Wanted::Part(first..=last.min(size - 1)),
        (Some(first), None) if last.is_empty() => Wanted::Part(first..=size - 1),
        (None, Some(0)) if first.is_empty() => Wanted::Nothing,
        (None, Some(length)) if first.is_empty() => Wanted::Part(size - length.min(size)..=size - 1),
        _ => Wanted::Whole,
    }
}

/// Digits only; a number beyond any file is the greatest one.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_and_everything_else_is_the_whole_file() {
        for (header, expected) in [
            ("bytes=0-9", Wanted::Part(0..=9)),
            ("Bytes = 5-5", Wanted::Part(5..=5)),
            ("bytes=90-", Wanted::Part(90..=99)),
            ("bytes=90-1000", Wanted::Part(90..=99)),
            ("bytes=90-99999999999999999999999", Wanted::Part(90..=99)),
            ("bytes=-10", Wanted::Part(90..=99)),
            ("bytes=-1000", Wanted::Part(0..=99)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=100-200", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=9-5", Wanted::Whole),
            ("bytes=0-1,5-6", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=a-9", Wanted::Whole),
            ("bytes=+1-9", Wanted::Whole),
            ("bytes=100-x", Wanted::Whole),
            ("lines=0-9", Wanted::Whole),
            ("bytes", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(wanted(header, 100), expected, "{header:?}");
        }
    }
}
