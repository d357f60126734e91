//! Tables that every slice uses: durable work, domain events, saved replies, the audit log.

use crate::Statement;

/// The statements of each table file, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[crate::store::STATEMENTS];
