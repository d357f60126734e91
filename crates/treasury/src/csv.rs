//! Writing of CSV (Treasury contract, section 12).

/// A text as a cell: quoted where it must be. What a spreadsheet would take for a formula gets an apostrophe before it.
#[must_use]
pub(crate) fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !text.contains([',', ';', '"', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_are_quoted_and_formulas_are_none() {
        for (text, written) in [
            ("Ada Obi", "Ada Obi"),
            ("", ""),
            ("Obi, Ada", "\"Obi, Ada\""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("@cmd", "\"'@cmd\""),
            ("-5", "\"'-5\""),
            ("+234", "\"'+234\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
