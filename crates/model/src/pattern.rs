//! Regular expressions that people write: of a bounded size, in time that grows linearly with the text.

use regex::{Regex, RegexBuilder};

/// Characters of a pattern at most.
pub const PATTERN_CHARS_MAX: usize = 1_024;
/// Bytes of a compiled pattern at most.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// A compiled regular expression, without look-around and back references.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A sentence that says why it cannot be used.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        if pattern.chars().count() > PATTERN_CHARS_MAX {
            return Err(format!("a pattern has at most {PATTERN_CHARS_MAX} characters"));
        }
        match RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build() {
            Ok(regex) => Ok(Self(regex)),
            Err(regex::Error::CompiledTooBig(_)) => Err("the pattern is too large".to_owned()),
            Err(_) => Err("the pattern cannot be read; look-around and back references are not known".to_owned()),
        }
    }

    /// Whether it matches somewhere in a text.
    #[must_use]
    pub fn is_found_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_search_and_large_or_foreign_ones_are_refused() {
        let found = |pattern: &str, text: &str| Pattern::compile(pattern).map(|pattern| pattern.is_found_in(text));
        assert_eq!(found(r"^ERR-\d+$", "ERR-404"), Ok(true));
        assert_eq!(found("RR", "ERR"), Ok(true));
        assert_eq!(found("^RR", "ERR"), Ok(false));
        for wrong in ["(", "(?=x)", r"(a)\1", "((a{200}){200}){200}", &"a".repeat(PATTERN_CHARS_MAX + 1)] {
            assert!(found(wrong, "").is_err(), "{wrong}");
        }
    }
}
