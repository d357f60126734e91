//! Flows, drafts and versions on both databases.

mod access;
mod contention;
mod lists;
mod office;
mod publishing;
mod transitions;
