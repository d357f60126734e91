//! What goes into the sandbox and what comes out.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::limits;

/// One piece of user code with the data it sees.
#[derive(Debug, Clone, Serialize)]
pub struct Job {
    /// The body of an async function; `return` gives the result.
    pub code: String,
    /// Trusted script that runs first, in the global scope; empty for none. Its time counts as the code's.
    pub prelude: String,
    /// Global names and their values, for example `inputs` and `context`. The code gets a copy.
    pub globals: Map<String, Value>,
    /// What the code may use.
    pub limits: JobLimits,
}

impl Job {
    /// A job with the default limits and no prelude.
    #[must_use]
    pub fn new(code: impl Into<String>, globals: Map<String, Value>) -> Self {
        Self { code: code.into(), prelude: String::new(), globals, limits: JobLimits::default() }
    }
}

/// What one job may use. Values outside the range are moved to its nearest end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLimits {
    /// Wall time in milliseconds, 1 to [`limits::TIME_MS_CEILING`].
    pub time_ms: u64,
    /// Memory of the code in bytes, [`limits::MEMORY_BYTES_FLOOR`] to [`limits::MEMORY_BYTES_CEILING`].
    pub memory_bytes: u64,
    /// Result as JSON text in bytes, at most [`limits::RESULT_BYTES_CEILING`].
    pub result_bytes: u64,
    /// Text of the log in bytes, at most [`limits::LOG_BYTES_MAX`].
    pub log_bytes: u64,
}

impl Default for JobLimits {
    fn default() -> Self {
        Self {
            time_ms: limits::TIME_MS_DEFAULT,
            memory_bytes: limits::MEMORY_BYTES_DEFAULT,
            result_bytes: limits::RESULT_BYTES_MAX,
            log_bytes: limits::LOG_BYTES_MAX,
        }
    }
}

impl JobLimits {
    /// The same limits, moved into their ranges.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            time_ms: self.time_ms.clamp(1, limits::TIME_MS_CEILING),
            memory_bytes: self.memory_bytes.clamp(limits::MEMORY_BYTES_FLOOR, limits::MEMORY_BYTES_CEILING),
            result_bytes: self.result_bytes.min(limits::RESULT_BYTES_CEILING),
            log_bytes: self.log_bytes.min(limits::LOG_BYTES_MAX),
        }
    }

    /// The largest answer frame that an honest child sends for such a job, in bytes.
    pub(super) fn reply_bytes_max(&self) -> usize {
        let bytes = self.result_bytes + self.log_bytes * limits::LOG_ESCAPE_FACTOR + limits::REPLY_OVERHEAD_BYTES;
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The code returned.
    Ok {
        /// The returned value; null when the code returned nothing.
        value: Value,
        /// What the code wrote to `console`.
        logs: Vec<LogLine>,
    },
    /// The code failed or went over a limit.
    Err(CodeFailure),
    /// Too many jobs are waiting; try again later.
    Overloaded,
    /// No child process could be started; the reason is for the operator's log, not for callers.
    Unavailable(String),
}

/// A failure of user code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeFailure {
    /// Which failure.
    pub code: FailureCode,
    /// What happened, at most [`limits::MESSAGE_BYTES_MAX`] bytes. Written by the user's own code in part.
    pub message: String,
    /// Line of the user's code, from 1, where known.
    pub line: Option<u32>,
    /// What the code wrote to `console` before.
    pub logs: Vec<LogLine>,
}

impl CodeFailure {
    pub(super) fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), line: None, logs: Vec::new() }
    }
}

/// Failure codes of user code (Flow API contract, section 6.5, row `nodejs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FailureCode {
    /// The code does not parse, threw, or returned what JSON cannot carry.
    #[serde(rename = "code_error")]
    Error,
    /// The code did not end in time, or awaited what never settles.
    #[serde(rename = "code_timeout")]
    Timeout,
    /// The code used more memory than it may.
    #[serde(rename = "code_memory")]
    Memory,
    /// The returned value is larger than it may be.
    #[serde(rename = "result_too_large")]
    ResultTooLarge,
}

impl FailureCode {
    /// The code as it stands in `error.code`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "code_error",
            Self::Timeout => "code_timeout",
            Self::Memory => "code_memory",
            Self::ResultTooLarge => "result_too_large",
        }
    }
}

/// One call of a `console` function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Which function was called.
    pub level: LogLevel,
    /// The arguments as text, joined by blanks.
    pub text: String,
}

/// Which `console` function was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// `console.debug`
    Debug,
    /// `console.log`
    Log,
    /// `console.info`
    Info,
    /// `console.warn`
    Warn,
    /// `console.error`
    Error,
}
