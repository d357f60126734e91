//! What a piece of JSON text looks like, without building it.

/// Depth and number of members of an object or array whose text is known to be JSON; a plain value has depth 0.
pub(super) fn shape(text: &str) -> (usize, usize) {
    let (mut depth, mut deepest, mut commas, mut filled) = (0_usize, 0_usize, 0_usize, false);
    let (mut in_text, mut escaped) = (false, false);
    for byte in text.bytes() {
        if in_text {
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => {
                filled |= depth == 1;
                depth += 1;
                deepest = deepest.max(depth);
                continue;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => commas += 1,
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => {}
        }
        filled |= depth == 1 && !byte.is_ascii_whitespace() && !matches!(byte, b'}' | b']');
    }
    (deepest, if filled { commas + 1 } else { 0 })
}
