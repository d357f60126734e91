//! Tables of the agents slice.

use floe_model::Fault;

use crate::Statement;

pub mod activity;
pub mod activity_numbers;
pub mod activity_retention;
pub mod agent_versions;
#[expect(clippy::module_inception, reason = "the table is called what the slice is called")]
pub mod agents;
pub mod contacts;
pub mod exchange_list;
mod exchange_owners;
pub mod exchange_streams;
pub mod exchanges;
pub mod items;
pub mod knowledge_bases;
pub mod knowledge_chunks;
pub mod knowledge_documents;
pub mod knowledge_files;
pub mod knowledge_search;
mod knowledge_work;
pub mod memory;
pub mod message_list;
pub mod messages;
pub mod model_providers;
pub mod models;
pub mod spans;
pub mod thread_exchanges;
pub mod thread_list;
pub mod thread_retention;
pub mod threads;
pub mod whatsapp_connections;

/// The statements of each table file: `some_table::STATEMENTS`, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[
    activity::STATEMENTS,
    activity_numbers::STATEMENTS,
    activity_retention::STATEMENTS,
    agent_versions::STATEMENTS,
    agents::STATEMENTS,
    contacts::STATEMENTS,
    exchange_list::STATEMENTS,
    exchange_owners::STATEMENTS,
    exchange_streams::STATEMENTS,
    exchanges::STATEMENTS,
    items::STATEMENTS,
    memory::STATEMENTS,
    message_list::STATEMENTS,
    messages::STATEMENTS,
    model_providers::STATEMENTS,
    models::STATEMENTS,
    spans::STATEMENTS,
    thread_exchanges::STATEMENTS,
    thread_list::STATEMENTS,
    thread_retention::STATEMENTS,
    threads::STATEMENTS,
    whatsapp_connections::STATEMENTS,
    knowledge_bases::STATEMENTS,
    knowledge_chunks::STATEMENTS,
    knowledge_documents::STATEMENTS,
    knowledge_files::STATEMENTS,
    knowledge_search::STATEMENTS,
    knowledge_work::STATEMENTS,
];

/// Reads a word of a row.
fn word<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Fault> {
    parse(text).ok_or_else(|| Fault::internal(format!("a row says {text:?}, which is no word of ours")))
}

/// Reads a word of a row, where there is one.
fn opt_word<T>(text: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Fault> {
    text.map(|text| word(text, parse)).transpose()
}
