//! Tables that every slice uses: durable work, domain events, saved replies, the audit log.

use crate::Statement;

pub mod audit;
pub mod audit_chain;
pub mod audit_heads;
pub mod child_calls;
pub mod events;
pub mod jobs;
pub mod node_mail;
pub mod nodes;
pub mod probe;
pub mod replies;

/// The statements of each table file, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[
    crate::store::STATEMENTS,
    audit::STATEMENTS,
    audit_chain::STATEMENTS,
    audit_heads::STATEMENTS,
    child_calls::STATEMENTS,
    events::STATEMENTS,
    jobs::STATEMENTS,
    node_mail::STATEMENTS,
    nodes::STATEMENTS,
    crate::postgres::NODE_STATEMENTS,
    probe::STATEMENTS,
    replies::STATEMENTS,
];
