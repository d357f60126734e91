//! What a password may be: 10 to 128 characters and not a common one; no other rules (console contract, section 2.2).

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// Characters that a password may have.
pub const PASSWORD_LENGTH: RangeInclusive<usize> = 10..=128;

/// Common passwords of at least ten characters in lower case, one a line. Our own list, generated from patterns that
/// people use: keyboard rows, repetitions, and frequent words and names with digits or a year behind them.
pub const COMMON_PASSWORDS: &str = include_str!("common_passwords.txt");

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| COMMON_PASSWORDS.lines().collect());

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    /// Shorter or longer than [`PASSWORD_LENGTH`].
    #[error("The password must have 10 to 128 characters")]
    Length,
    /// In the list of common ones, or one that differs from it by case only.
    #[error("This password is one of the most used; choose another one")]
    Common,
}

/// Checks a new password.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_password(password: &str) -> Result<(), PasswordProblem> {
    if !PASSWORD_LENGTH.contains(&password.chars().count()) {
        return Err(PasswordProblem::Length);
    }
    if COMMON.contains(password.to_lowercase().as_str()) {
        return Err(PasswordProblem::Common);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_length_and_the_list_of_common_ones_count() {
        for (password, expected) in [
            ("123456789", Err(PasswordProblem::Length)),
            ("1234567890", Err(PasswordProblem::Common)),
            ("Password2025", Err(PasswordProblem::Common)),
            ("wandering otter", Ok(())),
            ("ééééééééé!", Ok(())),
        ] {
            assert_eq!(check_password(password), expected, "{password}");
        }
        assert_eq!(check_password(&"x1".repeat(65)), Err(PasswordProblem::Length));
        assert!(COMMON.len() > 1_000);
    }
}
