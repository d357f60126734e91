//! Tables of the access slice: who may call.
//!
//! A credential is looked up by its keyed hash alone, before its workspace is known; everything else takes the workspace,
//! or the member for what belongs to a person over all workspaces.

use crate::Statement;

pub mod callback_secrets;
pub mod connections;
pub mod credit_entries;
pub mod credits;
pub mod failures;
pub mod groups;
pub mod invites;
pub mod keys;
pub mod links;
pub mod members;
pub mod memberships;
pub mod notification_reads;
pub mod requests;
pub mod sealed_keys;
pub mod sessions;
pub mod tokens;
pub mod usage;
pub mod variables;
pub mod workspaces;

/// The statements of each table file: `some_table::STATEMENTS`, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[
    connections::STATEMENTS,
    callback_secrets::STATEMENTS,
    credit_entries::STATEMENTS,
    credits::STATEMENTS,
    failures::STATEMENTS,
    groups::STATEMENTS,
    invites::STATEMENTS,
    keys::STATEMENTS,
    links::STATEMENTS,
    members::STATEMENTS,
    memberships::STATEMENTS,
    notification_reads::STATEMENTS,
    requests::STATEMENTS,
    sealed_keys::STATEMENTS,
    sessions::STATEMENTS,
    tokens::STATEMENTS,
    usage::STATEMENTS,
    variables::STATEMENTS,
    workspaces::STATEMENTS,
];
