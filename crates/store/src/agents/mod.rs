//! Tables of the agents slice.

use floe_model::Fault;

use crate::Statement;

pub mod exchanges;
pub mod items;
pub mod knowledge_bases;
pub mod knowledge_chunks;
pub mod knowledge_documents;
pub mod knowledge_files;
pub mod messages;
pub mod spans;
pub mod threads;

/// The statements of each table file: `some_table::STATEMENTS`, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[
    exchanges::STATEMENTS,
    items::STATEMENTS,
    messages::STATEMENTS,
    spans::STATEMENTS,
    threads::STATEMENTS,
    knowledge_bases::STATEMENTS,
    knowledge_chunks::STATEMENTS,
    knowledge_documents::STATEMENTS,
    knowledge_files::STATEMENTS,
];

/// Reads a word of a row.
fn word<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Fault> {
    parse(text).ok_or_else(|| Fault::internal(format!("a row says {text:?}, which is no word of ours")))
}

/// Reads a word of a row, where there is one.
fn opt_word<T>(text: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Fault> {
    text.map(|text| word(text, parse)).transpose()
}
