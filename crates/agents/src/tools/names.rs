//! Names as models take them: 1 to 64 of `A-Z a-z 0-9 _ -`.

/// Characters of a name at most.
pub(super) const NAME_CHARS_MAX: usize = 64;

/// Brings a name into that form; `fallback` stands for one of which nothing is left.
pub(super) fn plain(name: &str, fallback: &str) -> String {
    let mut plain = String::new();
    for c in name.trim().chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' => plain.push(c),
            _ if plain.ends_with('_') || plain.is_empty() => {}
            _ => plain.push('_'),
        }
    }
    let plain: String = plain.trim_end_matches('_').chars().take(NAME_CHARS_MAX).collect();
    if plain.is_empty() { fallback.to_owned() } else { plain }
}

/// The name, or with a number behind it when it is taken.
pub(super) fn unique(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut free = name.to_owned();
    let mut number = 2_u32;
    while is_taken(&free) {
        let ending = format!("_{number}");
        let start: String = name.chars().take(NAME_CHARS_MAX - ending.len()).collect();
        free = format!("{start}{ending}");
        number += 1;
    }
    free
}
