//! Names of files as they are kept.

/// Characters of a name at most.
const NAME_CHARS_MAX: usize = 255;

/// A name without folders, control characters and characters that turn the direction of writing; `file` when nothing is left.
#[must_use]
pub fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept: String = last.chars().filter(|c| !c.is_control() && !turns(*c)).take(NAME_CHARS_MAX).collect();
    match kept.trim() {
        "" | "." | ".." => "file".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_part_of_a_name_is_kept() {
        for (given, kept) in [
            ("report.pdf", "report.pdf"),
            ("/etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("a\r\nb\u{0}.txt", "ab.txt"),
            ("exe\u{202e}fdp.scr", "exefdp.scr"),
            ("Ürün listesi.csv", "Ürün listesi.csv"),
            ("..", "file"),
            ("folder/", "file"),
            ("", "file"),
        ] {
            assert_eq!(clean_name(given), kept, "{given:?}");
        }
        assert_eq!(clean_name(&"x".repeat(1_000)).len(), NAME_CHARS_MAX);
    }
}
