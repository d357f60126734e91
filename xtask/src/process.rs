//! Starting programs, saying which, and measuring how long they took.

use std::io::{BufRead, BufReader, IsTerminal};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::workspace::{Failure, Outcome};

/// Measures how long something took.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[expect(clippy::disallowed_methods, reason = "measures how long a stage takes, to print it")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Prints the command, runs it to its end, and fails with its name when it fails.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let shown = announce(command);
    let status = command.status().map_err(|error| Failure::new(format!("cannot start `{shown}`: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{shown}` ended with {status}"))) }
}

/// Prints the command and runs it; every line that it prints is shown as it comes and given to `each`, without colours.
/// Answers whether the command succeeded.
pub(crate) fn run_watched(mut command: Command, mut each: impl FnMut(&str)) -> Outcome<bool> {
    let shown = announce(&command);
    let broken = |error: std::io::Error| Failure::new(format!("cannot run `{shown}`: {error}"));
    let (reader, writer) = std::io::pipe().map_err(broken)?;
    command.stdout(writer.try_clone().map_err(broken)?).stderr(writer);
    let mut child = command.spawn().map_err(broken)?;
    // The command still holds the writing ends; the reader would never see the end of the output.
    drop(command);
    let mut lines = BufReader::new(reader);
    let mut line = Vec::new();
    // A test may print bytes that are no text; they are shown as good as can be and never stop the reading.
    while lines.read_until(b'\n', &mut line).map_err(broken)? > 0 {
        let text = String::from_utf8_lossy(&line);
        eprint!("{text}");
        each(&without_colour(&text));
        line.clear();
    }
    Ok(child.wait().map_err(broken)?.success())
}

/// Whether the command can be started and succeeds; shows nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// `always` when a person watches, else `never`: for programs whose output goes through [`run_watched`].
pub(crate) fn colour_choice() -> &'static str {
    if std::io::stderr().is_terminal() { "always" } else { "never" }
}

fn announce(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let shown = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let shown = shown.rsplit_once("/bin/cargo ").map_or(shown.clone(), |(_, rest)| format!("cargo {rest}"));
    eprintln!("$ {shown}");
    shown
}

/// The text without terminal colours, so that a summary line can be read.
fn without_colour(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let end = escape.find(|letter: char| letter.is_ascii_alphabetic()).map_or(escape.len(), |at| at + 1);
        rest = &escape[end..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::without_colour;

    #[test]
    fn colours_are_taken_out() {
        assert_eq!(without_colour("\u{1b}[32;1m     Summary\u{1b}[0m [ 0.1s] 2 tests"), "     Summary [ 0.1s] 2 tests");
        assert_eq!(without_colour("plain"), "plain");
        assert_eq!(without_colour("cut \u{1b}[3"), "cut ");
    }
}
