//! Tables of the treasury slice.

use crate::Statement;

/// The statements of each table file: `some_table::STATEMENTS`, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[];
