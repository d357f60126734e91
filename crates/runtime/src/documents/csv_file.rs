//! Tables: each row is a block that names its columns, so that a passage says what its values are.

use floe_model::agents::passages::Block;

use super::{BLOCKS_MAX, TEXT_BYTES_MAX, Unreadable};

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Columns that are read.
const COLUMNS_MAX: usize = 500;

/// `Column: value; Column: value` for each row under the first.
pub(super) fn read(text: &str) -> Result<Vec<Block>, Unreadable> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).delimiter(separator(text)).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| Unreadable::Broken)?.clone();
    let mut blocks = Vec::new();
    let mut size = 0;
    for record in reader.records() {
        let record = record.map_err(|_| Unreadable::Broken)?;
        let cells = record.iter().take(COLUMNS_MAX).enumerate().filter(|(_, cell)| !cell.trim().is_empty());
        let cells: Vec<String> = cells
            .map(|(at, cell)| match header.get(at).map(str::trim).filter(|name| !name.is_empty()) {
                Some(name) => format!("{name}: {}", cell.trim()),
                None => cell.trim().to_owned(),
            })
            .collect();
        if cells.is_empty() {
            continue;
        }
        let row = cells.join("; ");
        size += row.len();
        if size > TEXT_BYTES_MAX || blocks.len() >= BLOCKS_MAX {
            return Err(Unreadable::TooLarge);
        }
        blocks.push(Block::text(row));
    }
    // A table of one row has no columns to name.
    if blocks.is_empty() {
        blocks.push(Block::text(header.iter().map(str::trim).collect::<Vec<_>>().join("; ")));
    }
    Ok(blocks)
}

/// The separator that the first line has most of, outside quotes.
fn separator(text: &str) -> u8 {
    let line = text.lines().next().unwrap_or_default();
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut quoted = false;
    for byte in line.bytes() {
        if byte == b'"' {
            quoted = !quoted;
        } else if let Some(at) = SEPARATORS.iter().position(|one| *one == byte).filter(|_| !quoted) {
            counts[at] += 1;
        }
    }
    let most = counts.iter().max().copied().unwrap_or(0);
    let at = counts.iter().position(|count| *count == most).unwrap_or(0);
    SEPARATORS[at]
}
