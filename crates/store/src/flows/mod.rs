//! Tables of the flows slice.

use crate::Statement;

pub mod documents;
#[expect(clippy::module_inception, reason = "the table is called what the slice is called")]
pub mod flows;
pub mod journal;
pub mod run_totals;
pub mod runs;
pub mod versions;
pub mod waits;

/// The statements of each table file: `some_table::STATEMENTS`, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[
    documents::STATEMENTS,
    flows::STATEMENTS,
    journal::STATEMENTS,
    run_totals::STATEMENTS,
    runs::STATEMENTS,
    versions::STATEMENTS,
    waits::STATEMENTS,
];
