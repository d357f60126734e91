//! Tables that every slice uses: durable work, domain events, saved replies, the audit log.

use crate::Statement;

pub mod audit;
pub mod events;
pub mod jobs;
pub mod replies;

/// The statements of each table file, one line a file.
pub(crate) const TABLES: &[&[Statement]] =
    &[crate::store::STATEMENTS, audit::STATEMENTS, events::STATEMENTS, jobs::STATEMENTS, replies::STATEMENTS];
