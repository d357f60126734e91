//! Tables of operation: what concerns the installation as a whole, over all workspaces.

use crate::Statement;

pub mod backups;
pub mod facts;
pub mod figures;
pub mod retention;

/// The statements of each table file: `some_table::STATEMENTS`, one line a file.
pub(crate) const TABLES: &[&[Statement]] =
    &[backups::STATEMENTS, facts::STATEMENTS, figures::STATEMENTS, retention::STATEMENTS];
