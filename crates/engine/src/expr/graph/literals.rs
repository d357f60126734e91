//! Numbers and texts as they stand in a source.

use super::super::number::parse;
use super::super::scan::is_name_part;

/// The number that a source begins with, and its length; none when a name follows it.
pub(super) fn number(rest: &str) -> Option<(f64, usize)> {
    let sign = usize::from(rest.starts_with('-'));
    let mut previous = ' ';
    let length = rest[sign..]
        .find(|c: char| {
            let exponent = matches!(c, '+' | '-') && matches!(previous, 'e' | 'E');
            previous = c;
            !(c.is_ascii_digit() || c == '.' || matches!(c, 'e' | 'E') || exponent)
        })
        .unwrap_or(rest.len() - sign);
    let digits = &rest[sign..sign + length];
    let value = parse(digits);
    let follows = rest[sign + length..].chars().next().is_some_and(is_name_part);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || follows || !value.is_finite() {
        return None;
    }
    Some((if sign == 1 { -value } else { value }, sign + length))
}

/// The length of a text in quotes, with them.
pub(super) fn quoted_length(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The text that stands in quotes; none when it has an escape that the native grammar does not know.
pub(super) fn unescaped(inside: &str) -> Option<String> {
    let mut text = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        text.push(match chars.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            c @ ('\\' | '"' | '\'') => c,
            _ => return None,
        });
    }
    Some(text)
}
