//! What the code writes to `console`, up to a limit.

use crate::sandbox::job::{LogLevel, LogLine};
use crate::sandbox::limits::LOG_LINES_MAX;

/// The last line of a log that was cut.
const CUT_MARK: &str = "… log cut";

/// The log of one job.
#[derive(Debug, Default)]
pub(super) struct Logs {
    lines: Vec<LogLine>,
    bytes_left: usize,
    cut: bool,
}

impl Logs {
    /// A log that takes `bytes_max` bytes of text.
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { lines: Vec::new(), bytes_left: usize::try_from(bytes_max).unwrap_or(usize::MAX), cut: false }
    }

    /// Adds a line; what does not fit is cut, with a mark after the last line kept.
    pub(super) fn write(&mut self, level: &str, mut text: String) {
        if self.cut {
            return;
        }
        let level = match level {
            "debug" => LogLevel::Debug,
            "info" => LogLevel::Info,
            "warn" => LogLevel::Warn,
            "error" => LogLevel::Error,
            _ => LogLevel::Log,
        };
        // Each line also pays for its line end.
        if text.len() < self.bytes_left && self.lines.len() < LOG_LINES_MAX {
            self.bytes_left -= text.len() + 1;
            self.lines.push(LogLine { level, text });
            return;
        }
        self.cut = true;
        if self.lines.len() < LOG_LINES_MAX {
            text.truncate(text.floor_char_boundary(self.bytes_left));
            self.lines.push(LogLine { level, text });
        }
        self.lines.push(LogLine { level: LogLevel::Warn, text: CUT_MARK.to_owned() });
    }

    /// The lines kept, the mark included.
    pub(super) fn into_lines(self) -> Vec<LogLine> {
        self.lines
    }
}
