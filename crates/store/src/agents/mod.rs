//! Tables of the agents slice.

use crate::Statement;

pub mod items;

/// The statements of each table file: `some_table::STATEMENTS`, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[
    items::STATEMENTS,
];
