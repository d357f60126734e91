//! Exit codes (console contract, section 7) and the failures that lead to them.

use std::fmt;
use std::process::ExitCode;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// The thing itself failed: a run, a check.
    Failed = 1,
    /// Wrong usage or settings.
    Usage = 2,
    /// Not signed in or not allowed.
    Denied = 3,
    /// Not found.
    NotFound = 4,
    /// Conflict or stale.
    Conflict = 5,
    /// The server cannot be reached, or did not answer in time.
    Unreachable = 6,
    /// A definition or file is not valid.
    Invalid = 7,
    /// Refused for safety; nothing changed.
    Refused = 8,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// Stable word, the server's where it has one.
    pub code: String,
    /// Sentence for a person.
    pub message: String,
}

impl Failure {
    /// A failure with a word and a sentence.
    pub fn new(exit: Exit, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { exit, code: code.into(), message: message.into() }
    }

    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// A file or definition that is not valid.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Exit::Invalid, "invalid_file", message)
    }

    /// Nothing has this name.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Exit::NotFound, "not_found", message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
