//! XLSX: the first visible sheet, as texts.
//!
//! Such a file is a packed archive, so that a small upload may unpack to anything. It is unpacked once to count, and read only when
//! that stays under a limit; cells are read one by one, since a sheet may name its last cell in row one million.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx};

use super::table::Row;
use super::{COLUMNS_MAX, FileProblem, ROWS_MAX};

/// Bytes that a file may unpack to: 32 MiB.
const UNPACKED_MAX: u64 = 32 * 1024 * 1024;
/// Parts that a file may have.
const PARTS_MAX: usize = 2_000;
/// Digits of a number that a spreadsheet shows; those behind are left from its binary arithmetic.
const DIGITS: usize = 15;

/// All rows that hold anything, the header first.
pub(super) fn rows(bytes: &[u8]) -> Result<Vec<Row>, FileProblem> {
    check_size(bytes)?;
    // The library's reader of foreign files may stop at what nobody has tried; such a file is one that cannot be read.
    catch_unwind(AssertUnwindSafe(|| read(bytes))).unwrap_or(Err(FileProblem::Xlsx))
}

/// Unpacks everything and counts.
fn check_size(bytes: &[u8]) -> Result<(), FileProblem> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| FileProblem::Xlsx)?;
    if archive.len() > PARTS_MAX {
        return Err(FileProblem::Unpacked);
    }
    let mut left = UNPACKED_MAX;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|_| FileProblem::Xlsx)?;
        let size = std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).map_err(|_| FileProblem::Xlsx)?;
        left = left.checked_sub(size).ok_or(FileProblem::Unpacked)?;
    }
    Ok(())
}

fn read(bytes: &[u8]) -> Result<Vec<Row>, FileProblem> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| FileProblem::Xlsx)?;
    let mut sheets = book.sheets_metadata().iter();
    let sheet = sheets.find(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible);
    let name = sheet.ok_or(FileProblem::Empty)?.name.clone();
    let mut cells = book.worksheet_cells_reader(&name).map_err(|_| FileProblem::Xlsx)?;
    let mut rows: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    while let Some(cell) = cells.next_cell().map_err(|_| FileProblem::Xlsx)? {
        let (row, column) = cell.get_position();
        let text = text_of(cell.get_value());
        let column = column as usize;
        if text.trim().is_empty() || column >= COLUMNS_MAX {
            continue;
        }
        let row = rows.entry(row).or_default();
        if row.len() <= column {
            row.resize(column + 1, String::new());
        }
        row[column] = text;
        if rows.len() > ROWS_MAX + 1 {
            return Err(FileProblem::TooManyRows);
        }
    }
    Ok(rows.into_iter().map(|(row, cells)| Row { number: row.saturating_add(1), cells }).collect())
}

fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number_text(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => value.to_string(),
        // A number that is shown as a date is none that is looked for here.
        DataRef::DateTime(date) => format!("date {}", number_text(date.as_f64())),
        DataRef::Error(error) => error.to_string(),
    }
}

/// A number as a spreadsheet shows it: fifteen digits, without an exponent and without zeros at its end.
fn number_text(number: f64) -> String {
    if !number.is_finite() {
        return number.to_string();
    }
    let scientific = format!("{number:.*e}", DIGITS - 1);
    let rounded: f64 = scientific.parse().unwrap_or(number);
    // The shortest text that reads as this float is the one with at most fifteen digits.
    rounded.to_string()
}

#[cfg(test)]
mod tests;
