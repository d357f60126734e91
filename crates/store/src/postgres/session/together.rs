//! Several statements as one, which PostgreSQL carries out and keeps without a transaction around it (docs/adr/0054).

use std::fmt::Write as _;

/// Statements that are put together at most; each is a part of the text that is prepared.
pub(super) const PARTS_MAX: usize = 8;

/// `with s1 as (…), s2 as (…) select`: all of them or none, each as if it were alone. None sees what another one writes.
pub(in crate::postgres) fn text_of(parts: &[(&str, usize)]) -> String {
    let mut text = String::from("with ");
    let mut first = 0;
    for (number, (part, params)) in parts.iter().enumerate() {
        let _ = write!(text, "{}s{number} as (", if number == 0 { "" } else { ", " });
        push_renumbered(&mut text, part, first);
        text.push(')');
        first += params;
    }
    text.push_str(" select");
    text
}

/// Adds a statement whose `$n` becomes `$(n + first)`, but for what stands in quotes.
fn push_renumbered(text: &mut String, part: &str, first: usize) {
    let mut is_quoted = false;
    let mut rest = part;
    while let Some(at) = rest.find(['\'', '$']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let digits = from[1..].bytes().take_while(u8::is_ascii_digit).count();
        let (mark, after) = from.split_at(1 + if from.starts_with('$') { digits } else { 0 });
        is_quoted ^= mark == "'";
        match mark[1..].parse::<usize>() {
            Ok(number) if !is_quoted => drop(write!(text, "${}", number + first)),
            _ => text.push_str(mark),
        }
        rest = after;
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::text_of;

    #[test]
    fn parameters_are_numbered_through() {
        let parts = [
            ("insert into a values ($1, $2)", 2),
            ("update b set c = '$1''$' where d = $10", 10),
            ("delete from e", 0),
        ];
        assert_eq!(
            text_of(&parts),
            "with s0 as (insert into a values ($1, $2)), s1 as (update b set c = '$1''$' where d = $12), s2 as (delete from e) select"
        );
    }
}
