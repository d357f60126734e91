//! E-mail addresses of members.

/// Whether a text can be a member's address: something before one `@` and something behind it, without space or control
/// characters. More cannot be known without sending a mail.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty()
        && !domain.is_empty()
        && !domain.contains('@')
        && !text.chars().any(|letter| letter.is_whitespace() || letter.is_control())
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn one_sign_with_something_on_both_sides() {
        for text in ["a@b", "ada@example.com", "\"odd\"@[10.0.0.1]"] {
            assert!(is_email(text), "{text}");
        }
        for text in ["", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\n", "a@b\u{7}", "plain"] {
            assert!(!is_email(text), "{text:?}");
        }
    }
}
