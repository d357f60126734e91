//! Shapes of the bodies of the console, a file for each file of handlers. Bodies as input are closed: an unknown field is
//! refused (console contract, section 4).

pub(super) mod agent_tools;
pub(super) mod agent_whatsapp;
pub(super) mod agents;
pub(super) mod audit;
pub(super) mod bulk;
pub(super) mod catalog;
pub(super) mod connections;
pub(super) mod credits;
pub(super) mod events;
pub(super) mod flow_diff;
pub(super) mod groups;
pub(super) mod inbox;
pub(super) mod invites;
pub(super) mod keys;
pub(super) mod knowledge;
pub(super) mod knowledge_search;
pub(super) mod members;
pub(super) mod models;
pub(super) mod notices;
pub(super) mod operation;
pub(super) mod pins;
pub(super) mod requests;
pub(super) mod runs;
pub(super) mod search;
pub(super) mod session;
pub(super) mod threads;
pub(super) mod tokens;
pub(super) mod triggers;
pub(super) mod usage;
pub(super) mod variables;
pub(super) mod webhooks;
pub(super) mod wishes;
pub(super) mod workflows;
pub(super) mod workspace;
pub(super) mod workspaces;

use crate::http::Param;
use crate::http::shape::{COUNT, FLAG, Field, Shape, TEXT, int, list, must, words};

/// Parameters of every list (console contract, section 4); `sort` and filters are each list's own.
pub(super) const WINDOW: &[Param] = &[
    Param::new("limit", int(1, super::list::LIMIT_MAX), "Records of a page; 50 unless given"),
    Param::new("cursor", TEXT, "next_cursor of the page before; good for the same sort and filters only"),
    Param::new("total", FLAG, "Whether to count all of them"),
];

/// What stands around the records of a list.
pub(super) const fn page(records: &'static Shape) -> [Field; 3] {
    [
        must("data", list(records)),
        must("next_cursor", TEXT.or_null()).about("Null on the last page"),
        must("total", COUNT.or_null()).about("Null unless asked for"),
    ]
}

/// `sort` of lists that are in the order of creation.
pub(super) const BY_AGE: Shape = words(&["created_at", "-created_at"]);
