//! The type of a file, found from its first bytes and never from its name (Flow API contract, section 10).

/// Bytes that are looked at.
pub(super) const HEAD_BYTES: usize = 8 * 1024;

/// Characters that a text does not hold.
fn is_binary(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}')
}

/// The media type of a file that begins with these bytes, up to [`HEAD_BYTES`] of them; `is_whole` when there are no more.
#[must_use]
pub(crate) fn mime_type(head: &[u8], is_whole: bool) -> &'static str {
    if let Some(known) = infer::get(head) {
        return known.mime_type();
    }
    match text_of(head, is_whole) {
        Some(text) if is_whole && is_json(text) => "application/json",
        Some(_) => "text/plain",
        None => "application/octet-stream",
    }
}

/// The bytes as text, without a character that the end of the look has cut.
fn text_of(head: &[u8], is_whole: bool) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if !is_whole && error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    (!text.is_empty() && !text.contains(is_binary)).then_some(text)
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_tell_the_type() {
        for (head, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "image/png"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"<!DOCTYPE html><script>", "text/html"),
            (b"name,amount\nada,3\n", "text/plain"),
            (b"{\"a\": [1, 2]}", "application/json"),
            (b"{\"a\": ", "text/plain"),
            ("caf\u{e9}".as_bytes(), "text/plain"),
            (b"caf\xe9", "application/octet-stream"),
            (b"a\0b", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ] {
            assert_eq!(mime_type(head, true), expected, "{head:?}");
        }
        // The look may end inside of a character.
        assert_eq!(mime_type(b"caf\xc3", false), "text/plain");
        assert_eq!(mime_type(b"caf\xc3", true), "application/octet-stream");
    }
}
