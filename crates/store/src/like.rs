//! Patterns of `like … escape '!'`: what people type is text, whatever it holds.

/// Finds the text anywhere, without regard to case: the column is compared in lower case.
pub(crate) fn contains(text: &str) -> String {
    format!("%{}%", escaped(&text.to_lowercase()))
}

/// Finds what begins with the text, case and all.
pub(crate) fn begins_with(text: &str) -> String {
    format!("{}%", escaped(text))
}

/// `!` takes the meaning off the characters that have one.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '!') {
            escaped.push('!');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{begins_with, contains};

    #[test]
    fn what_has_a_meaning_is_plain_text() {
        assert_eq!(contains("50%_Off!"), "%50!%!_off!!%");
        assert_eq!(begins_with("/V1/a_b"), "/V1/a!_b%");
    }
}
