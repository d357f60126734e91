//! A file as a table of texts: its header and its rows.

use super::{FileProblem, csv_file, xlsx_file};

/// What an XLSX file begins with.
const ZIP: &[u8] = b"PK\x03\x04";

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// As a spreadsheet numbers it, from 1.
    pub(super) number: u32,
    pub(super) cells: Vec<String>,
}

impl Row {
    /// Whether no cell holds anything.
    pub(super) fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// A header and the rows below it; empty rows are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    header: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// Where a column is, if it is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its name, for messages.
    pub(super) name: &'static str,
    at: Option<usize>,
}

impl Table {
    /// Reads a file of either kind.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, FileProblem> {
        let rows = if bytes.starts_with(ZIP) { xlsx_file::rows(bytes)? } else { csv_file::rows(bytes)? };
        let mut rows = rows.into_iter();
        let header = rows.next().ok_or(FileProblem::Empty)?;
        let header = header.cells.iter().map(|cell| column_name(cell)).collect();
        Ok(Self { header, rows: rows.collect() })
    }

    /// A column that need not be there.
    pub(super) fn optional(&self, name: &'static str) -> Result<Column, FileProblem> {
        let mut places = self.header.iter().enumerate().filter(|(_, column)| *column == name);
        let at = places.next().map(|(at, _)| at);
        if places.next().is_some() { Err(FileProblem::RepeatedColumn(name)) } else { Ok(Column { name, at }) }
    }

    /// A column that must be there.
    pub(super) fn required(&self, name: &'static str) -> Result<Column, FileProblem> {
        self.optional(name).and_then(|column| column.at.map(|_| column).ok_or(FileProblem::MissingColumn(name)))
    }
}

impl Column {
    /// Whether the header has it.
    pub(super) const fn is_there(self) -> bool {
        self.at.is_some()
    }

    /// Its cell in a row, without white space around it; empty when the row is short.
    pub(super) fn of(self, row: &Row) -> &str {
        self.at.and_then(|at| row.cells.get(at)).map_or("", |cell| cell.trim())
    }
}

/// A column's name as it is compared: `Beneficiary Name` is `beneficiary_name`.
fn column_name(cell: &str) -> String {
    cell.trim().to_lowercase().replace([' ', '-'], "_")
}
