//! Tables of the access slice: who may call.
//!
//! A credential is looked up by its keyed hash alone, before its workspace is known; everything else takes the workspace,
//! or the member for what belongs to a person over all workspaces.

use crate::Statement;

pub mod keys;
pub mod links;
pub mod members;
pub mod memberships;
pub mod sessions;
pub mod tokens;
pub mod workspaces;

/// The statements of each table file: `some_table::STATEMENTS`, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[
    keys::STATEMENTS,
    links::STATEMENTS,
    members::STATEMENTS,
    memberships::STATEMENTS,
    sessions::STATEMENTS,
    tokens::STATEMENTS,
    workspaces::STATEMENTS,
];
