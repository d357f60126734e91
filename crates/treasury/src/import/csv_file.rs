//! CSV: UTF-8 with or without a byte-order mark, separated by comma, semicolon or tab.

use super::table::Row;
use super::{COLUMNS_MAX, FileProblem, ROWS_MAX};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// All rows that hold anything, the header first.
pub(super) fn rows(bytes: &[u8]) -> Result<Vec<Row>, FileProblem> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if std::str::from_utf8(bytes).is_err() || bytes.contains(&0) {
        return Err(FileProblem::Form);
    }
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator(bytes)).from_reader(bytes);
    let mut rows = Vec::new();
    let mut lines = Lines { bytes, at: 0, number: 1 };
    for record in reader.records() {
        let record = record.map_err(|_| FileProblem::Form)?;
        let begin = record.position().map_or(0, csv::Position::byte);
        let number = lines.number_at(usize::try_from(begin).unwrap_or(bytes.len()));
        let cells = record.iter().take(COLUMNS_MAX).map(str::to_owned).collect();
        let row = Row { number, cells };
        if row.is_empty() {
            continue;
        }
        if rows.len() > ROWS_MAX {
            return Err(FileProblem::TooManyRows);
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Counts lines up to records. The library's own count is one behind where lines end in two characters.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    number: u32,
}

impl Lines<'_> {
    /// The line of the first character of a record, from 1. Records are asked for in their order.
    fn number_at(&mut self, begin: usize) -> u32 {
        while let Some(&byte) = self.bytes.get(self.at) {
            let is_end = byte == b'\n' || (byte == b'\r' && self.bytes.get(self.at + 1) != Some(&b'\n'));
            if self.at >= begin && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.number = self.number.saturating_add(u32::from(is_end));
            self.at += 1;
        }
        self.number
    }
}

/// The separator that the first line has most of, outside quotes.
fn separator(bytes: &[u8]) -> u8 {
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut quoted = false;
    let lines_begin = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    for &byte in &bytes[lines_begin..] {
        match byte {
            b'"' => quoted = !quoted,
            b'\r' | b'\n' if !quoted => break,
            _ if quoted => {}
            _ => {
                if let Some(at) = SEPARATORS.iter().position(|&separator| separator == byte) {
                    counts[at] += 1;
                }
            }
        }
    }
    let most = (0..SEPARATORS.len()).rev().max_by_key(|&at| counts[at]).unwrap_or(0);
    SEPARATORS[most]
}

#[cfg(test)]
mod tests;
