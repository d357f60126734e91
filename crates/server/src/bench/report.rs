//! The table at the end: figure, wish, and whether it was met on this machine in this run.

use serde_json::json;

use crate::cli::Output;

/// Measured lines in order.
#[derive(Debug, Default)]
pub(super) struct Report {
    lines: Vec<Line>,
}

/// One measured line.
#[derive(Debug)]
pub(super) struct Line {
    name: &'static str,
    value: f64,
    unit: &'static str,
    wish: Option<Wish>,
}

#[derive(Debug, Clone, Copy)]
enum Wish {
    AtLeast(f64),
    AtMost(f64),
}

impl Line {
    /// A figure without a wish.
    pub(super) fn figure(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self { name, value, unit, wish: None }
    }

    /// A figure that should not be lower.
    pub(super) fn at_least(name: &'static str, value: f64, wish: f64, unit: &'static str) -> Self {
        Self { name, value, unit, wish: Some(Wish::AtLeast(wish)) }
    }

    /// A figure that should not be higher.
    pub(super) fn at_most(name: &'static str, value: f64, wish: f64, unit: &'static str) -> Self {
        Self { name, value, unit, wish: Some(Wish::AtMost(wish)) }
    }

    fn is_met(&self) -> Option<bool> {
        match self.wish? {
            Wish::AtLeast(wish) => Some(self.value >= wish),
            Wish::AtMost(wish) => Some(self.value <= wish),
        }
    }

    fn text(&self) -> String {
        let wish = match self.wish {
            Some(Wish::AtLeast(wish)) => format!("at least {wish}"),
            Some(Wish::AtMost(wish)) => format!("at most {wish}"),
            None => String::new(),
        };
        let met = match self.is_met() {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        format!("{:<40} {:>12.2} {:<7} {wish:<16} {met}", self.name, self.value, self.unit)
    }
}

impl Report {
    pub(super) fn add(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Prints the table, or one document.
    pub(super) fn print(&self, output: Output) {
        if output.json {
            let lines = self.lines.iter().map(|line| {
                let name = line.name.trim_start();
                json!({ "name": name, "value": line.value, "unit": line.unit, "met": line.is_met() })
            });
            output.document(&lines.collect());
            return;
        }
        self.lines.iter().for_each(|line| output.line(&line.text()));
    }
}
