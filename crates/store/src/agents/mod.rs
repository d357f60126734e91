//! Tables of the agents slice.

use crate::Statement;

pub mod items;
pub mod knowledge_bases;
pub mod knowledge_chunks;
pub mod knowledge_documents;
pub mod knowledge_files;

/// The statements of each table file: `some_table::STATEMENTS`, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[
    items::STATEMENTS,
    knowledge_bases::STATEMENTS,
    knowledge_chunks::STATEMENTS,
    knowledge_documents::STATEMENTS,
    knowledge_files::STATEMENTS,
];
