//! Files of candidates and recipients that people upload (Treasury contract, sections 10.2 and 10.7).
//!
//! A file is bytes, and what comes out is rows, with everything that is wrong named by row and field. Nothing here stores anything.
//! CSV and XLSX are told apart by their first bytes, not by their names. Whatever looks like a formula in a CSV file is text.

mod candidates;
mod cells;
mod csv_file;
mod recipients;
mod table;
mod xlsx_file;

pub use candidates::{CandidateRow, read_candidates};
pub use recipients::{RecipientRow, read_recipients};

/// Most rows of a file, without its header.
pub const ROWS_MAX: usize = 10_000;
/// Most problems that are listed.
pub const PROBLEMS_MAX: usize = 100;
/// Most columns that are read; those behind are ignored.
const COLUMNS_MAX: usize = 64;

/// Something about one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowNote {
    /// The row as a spreadsheet numbers it: the header is row 1.
    pub row: u32,
    /// The column.
    pub field: &'static str,
    /// Word of `errors[].type` (Treasury contract, section 1.4); of something that was put right `pattern`.
    pub kind: &'static str,
    /// A sentence for a person.
    pub message: String,
}

/// A row that names the payee of an earlier row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    /// The later row.
    pub row: u32,
    /// The first row with the same account at the same institution.
    pub same_as_row: u32,
}

/// A file that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported<R> {
    /// The good rows, in the order of the file.
    pub rows: Vec<R>,
    /// How many rows there are, good and bad; empty ones do not count.
    pub total_rows: u32,
    /// What is wrong, at most [`PROBLEMS_MAX`] of it. A file with any bad row is refused unless bad rows are to be skipped.
    pub problems: Vec<RowNote>,
    /// How many rows are bad.
    pub bad_rows: u32,
    /// What was put right: account numbers that got their leading zero back, at most [`PROBLEMS_MAX`].
    pub repaired: Vec<RowNote>,
    /// Good rows that name the payee of an earlier good row.
    pub duplicates: Vec<Duplicate>,
}

/// Why a file cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// It is neither.
    #[error("The file must be CSV in UTF-8, or XLSX.")]
    Form,
    /// It is no XLSX file, or a broken one.
    #[error("The XLSX file cannot be read.")]
    Xlsx,
    /// It unpacks to more than anybody writes.
    #[error("The XLSX file unpacks to more than 32 MiB.")]
    Unpacked,
    /// There is nothing in it.
    #[error("The file is empty; it needs a header row.")]
    Empty,
    /// A column is not there.
    #[error("The header has no column {0}.")]
    MissingColumn(&'static str),
    /// A column is there twice.
    #[error("The header has the column {0} twice.")]
    RepeatedColumn(&'static str),
    /// Too many rows.
    #[error("The file has more than 10000 rows.")]
    TooManyRows,
}

impl<R> Imported<R> {
    const fn empty() -> Self {
        Self {
            rows: Vec::new(),
            total_rows: 0,
            problems: Vec::new(),
            bad_rows: 0,
            repaired: Vec::new(),
            duplicates: Vec::new(),
        }
    }

    /// Takes in a row that was read, or what is wrong with it.
    fn take(&mut self, row: Result<R, Vec<RowNote>>, repaired: Vec<RowNote>) {
        self.total_rows += 1;
        match row {
            Ok(row) => {
                self.rows.push(row);
                keep(&mut self.repaired, repaired);
            }
            Err(problems) => {
                self.bad_rows += 1;
                keep(&mut self.problems, problems);
            }
        }
    }
}

/// Keeps notes up to the limit.
fn keep(kept: &mut Vec<RowNote>, notes: Vec<RowNote>) {
    let room = PROBLEMS_MAX.saturating_sub(kept.len());
    kept.extend(notes.into_iter().take(room));
}

#[cfg(test)]
mod tests;
