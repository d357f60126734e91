//! What a command prints: results on stdout, messages and progress on stderr.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;

use super::exit::{Exit, Failure};

/// Characters of one table cell; longer text is cut.
const CELL_CHARS_MAX: usize = 60;

/// How results are printed.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// One JSON document, lists as JSON lines.
    pub json: bool,
    /// No messages, and the bare value where there is one.
    pub quiet: bool,
    /// Colour on a terminal.
    pub colour: bool,
}

/// A column of a table: its title and the JSON pointer of its value.
pub(super) type Column = (&'static str, &'static str);

impl Output {
    /// Output as the global flags say; colour only on a terminal.
    #[must_use]
    pub fn new(json: bool, quiet: bool, no_colour: bool) -> Self {
        let colour = !no_colour && !json && io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { json, quiet, colour }
    }

    /// One document: compact with `--json`, indented for a person.
    pub fn document(&self, document: &Value) {
        let text = if self.json { document.to_string() } else { format!("{document:#}") };
        self.line(&text);
    }

    /// A list: JSON lines, or a table with a header.
    pub fn rows(&self, rows: &[Value], columns: &[Column]) {
        if self.json {
            rows.iter().for_each(|row| self.line(&row.to_string()));
            return;
        }
        if rows.is_empty() {
            self.say("nothing found");
            return;
        }
        let titles = columns.iter().map(|(title, _)| (*title).to_owned()).collect();
        let cells = rows.iter().map(|row| columns.iter().map(|(_, pointer)| cell(row.pointer(pointer))).collect());
        let table: Vec<Vec<String>> = std::iter::once(titles).chain(cells).collect();
        aligned(&table).iter().for_each(|line| self.line(line));
    }

    /// One line of result.
    pub fn line(&self, text: &str) {
        // A reader that went away (`| head`) is no failure of the command.
        let _ = writeln!(io::stdout().lock(), "{text}");
    }

    /// A message for a person.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{}", printable(text));
        }
    }

    /// The failure that ends the command.
    pub fn failure(&self, failure: &Failure) {
        let mut stderr = io::stderr().lock();
        let _ = if self.json {
            writeln!(
                stderr,
                "{}",
                serde_json::json!({ "code": failure.code, "message": failure.message, "exit": failure.exit as u8 })
            )
        } else if self.colour && failure.exit != Exit::Interrupted {
            writeln!(stderr, "\u{1b}[31merror:\u{1b}[0m {}", printable(&failure.message))
        } else {
            writeln!(stderr, "error: {}", printable(&failure.message))
        };
    }
}

/// A value as one short line; texts without quotes.
fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.replace('\n', " "),
        Some(Value::Array(items)) => items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(","),
        Some(other) => other.to_string(),
    };
    let text = printable(&text);
    if text.chars().count() <= CELL_CHARS_MAX {
        return text;
    }
    text.chars().take(CELL_CHARS_MAX - 1).chain(['…']).collect()
}

/// Text without control characters: names come from others and must not steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|found| if found.is_control() && found != '\n' { '\u{fffd}' } else { found }).collect()
}

fn aligned(table: &[Vec<String>]) -> Vec<String> {
    let columns = table.first().map_or(0, Vec::len);
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let join = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    table.iter().map(join).collect()
}
