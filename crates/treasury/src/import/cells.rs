//! The cells of one row, read as what they stand for.

use floe_model::treasury::{AccountNumber, Directory, Institution, Kobo};

use super::RowNote;
use super::table::{Column, Row};

/// Digits of an account number that lost its leading zero to a spreadsheet.
const WITHOUT_ZERO: usize = 9;

/// Reads the cells of a row and gathers what is wrong with them.
pub(super) struct Cells<'a> {
    row: &'a Row,
    problems: Vec<RowNote>,
    repaired: Vec<RowNote>,
}

impl<'a> Cells<'a> {
    pub(super) const fn of(row: &'a Row) -> Self {
        Self { row, problems: Vec::new(), repaired: Vec::new() }
    }

    /// The row's number.
    pub(super) const fn number(&self) -> u32 {
        self.row.number
    }

    /// A text that has to be there.
    pub(super) fn text(&mut self, column: Column, max: usize) -> Option<String> {
        let text = column.of(self.row);
        if text.is_empty() {
            return self.wrong(column.name, "missing", "is missing");
        }
        self.checked(column, text, max)
    }

    /// A text that need not be there.
    pub(super) fn optional_text(&mut self, column: Column, max: usize) -> Option<String> {
        let text = column.of(self.row);
        if text.is_empty() { None } else { self.checked(column, text, max) }
    }

    /// Short texts separated by `;`, `|` or commas, each once.
    pub(super) fn list(&mut self, column: Column, max: usize, count_max: usize) -> Vec<String> {
        let mut parts: Vec<String> = Vec::new();
        for part in column.of(self.row).split([';', '|', ',']).map(str::trim).filter(|part| !part.is_empty()) {
            let Some(part) = self.checked(column, part, max) else { break };
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        if parts.len() > count_max {
            return self
                .wrong(column.name, "less_than_equal", format!("must be at most {count_max} tags"))
                .unwrap_or_default();
        }
        parts
    }

    /// Ten digits; of nine the leading zero was lost, and is put back.
    pub(super) fn account(&mut self, column: Column) -> Option<AccountNumber> {
        // Spreadsheets keep digits as text behind an apostrophe, and some programs write that along.
        let text = column.of(self.row).trim_start_matches('\'');
        if text.is_empty() {
            return self.wrong(column.name, "missing", "is missing");
        }
        let padded = format!("0{text}");
        let is_short = text.len() == WITHOUT_ZERO;
        match AccountNumber::parse(if is_short { &padded } else { text }) {
            Some(account) if is_short => {
                let message = format!("read as {account}: its leading zero was lost");
                self.repaired.push(RowNote { row: self.number(), field: column.name, kind: "pattern", message });
                Some(account)
            }
            Some(account) => Some(account),
            None => self.wrong(column.name, "pattern", "must be exactly 10 digits"),
        }
    }

    /// The institution of a code, as it is given, or of a bank's name when there is no code.
    pub(super) fn institution(&mut self, code: Column, name: Column, directory: &Directory) -> Option<String> {
        let (given, bank) = (code.of(self.row).trim_start_matches('\''), name.of(self.row));
        if !given.is_empty() {
            if directory.resolve(given).is_some() {
                return Some(given.to_owned());
            }
            let lost = given.len() < 6 && given.bytes().all(|byte| byte.is_ascii_digit());
            let hint = if lost { "; spreadsheets drop leading zeros, so write codes as text" } else { "" };
            return self.wrong(code.name, "unknown_institution", format!("unknown institution {}{hint}", shown(given)));
        }
        let field = if code.is_there() { code.name } else { name.name };
        if bank.is_empty() {
            return self.wrong(field, "missing", "is missing");
        }
        match directory.find_by_name(bank).map(Institution::code) {
            Some(code) => Some(code.to_owned()),
            None => self.wrong(name.name, "unknown_institution", format!("unknown or ambiguous bank {}", shown(bank))),
        }
    }

    /// An amount with or without `₦`, `NGN` and commas at every third digit.
    pub(super) fn amount(&mut self, column: Column) -> Option<Kobo> {
        let text = column.of(self.row);
        if text.is_empty() {
            return self.wrong(column.name, "missing", "is missing");
        }
        let Some(plain) = plain_amount(text) else {
            return self.wrong(column.name, "number_type", format!("{} is not an amount", shown(text)));
        };
        match Kobo::read(&plain) {
            Ok(amount) => Some(amount),
            Err(problem) => self.wrong(column.name, problem.kind, problem.message),
        }
    }

    /// The currency, which is the naira or nothing.
    pub(super) fn currency(&mut self, column: Column) {
        let text = column.of(self.row);
        if !text.is_empty() && !text.eq_ignore_ascii_case("NGN") {
            self.wrong::<()>(column.name, "enum", "must be NGN");
        }
    }

    /// What was put right, or what is wrong.
    pub(super) fn finish<R>(self, row: Option<R>) -> (Result<R, Vec<RowNote>>, Vec<RowNote>) {
        match row {
            Some(row) if self.problems.is_empty() => (Ok(row), self.repaired),
            _ => (Err(self.problems), Vec::new()),
        }
    }

    fn checked(&mut self, column: Column, text: &str, max: usize) -> Option<String> {
        if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\t' | '\n')) {
            return self.wrong(column.name, "pattern", "must not contain control characters");
        }
        if text.chars().count() > max {
            return self.wrong(column.name, "string_too_long", format!("must have at most {max} characters"));
        }
        Some(text.to_owned())
    }

    fn wrong<T>(&mut self, field: &'static str, kind: &'static str, message: impl Into<String>) -> Option<T> {
        self.problems.push(RowNote { row: self.row.number, field, kind, message: message.into() });
        None
    }
}

/// A wrong text in a message: short, and without what does not print.
fn shown(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    let shown: String = text.chars().filter(|letter| !letter.is_control()).take(SHOWN_MAX).collect();
    format!("\"{shown}\"")
}

/// The digits of an amount as a JSON number; nothing when anything but a currency and commas at every third digit stands with them.
fn plain_amount(text: &str) -> Option<String> {
    let text = text.trim_start_matches('\'');
    let without = |text: &str, mark: &str| -> Option<String> {
        let head = text.get(..mark.len()).filter(|head| head.eq_ignore_ascii_case(mark));
        let tail = text.len().checked_sub(mark.len()).and_then(|at| text.split_at_checked(at));
        let tail = tail.filter(|(_, tail)| tail.eq_ignore_ascii_case(mark));
        head.map(|_| text[mark.len()..].to_owned()).or_else(|| tail.map(|(rest, _)| rest.to_owned()))
    };
    let amount = without(text, "NGN").or_else(|| without(text, "₦")).unwrap_or_else(|| text.to_owned());
    let amount = amount.trim();
    let (whole, fraction) = amount.split_once('.').map_or((amount, None), |(whole, rest)| (whole, Some(rest)));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let groups: Vec<&str> = whole.split(',').collect();
    let is_grouped =
        groups.len() == 1 || (groups[1..].iter().all(|group| group.len() == 3) && (1..=3).contains(&groups[0].len()));
    let digits = groups.concat();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_grouped || !is_digits(&digits) || !fraction.is_none_or(is_digits) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    Some(fraction.map_or_else(|| format!("{sign}{digits}"), |fraction| format!("{sign}{digits}.{fraction}")))
}

#[cfg(test)]
mod tests;
