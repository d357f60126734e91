//! What a file says, as blocks in reading order (console contract, section 5.2): for knowledge of agents and for nodes of workflows.
//!
//! Files come from anybody. Those of kinds whose readers are large or not ours are read in a child process that can be killed
//! (see [`child`]); plain text and Markdown are read here.

pub mod child;
mod csv_file;
mod docx;
mod entities;
mod html;
mod json_file;
mod markdown;
mod pdf;
mod plain;

use floe_model::agents::document_kind::DocumentKind;
use floe_model::agents::passages::{Block, BlockKind};
use serde::{Deserialize, Serialize};

/// Bytes of text of one document at most.
pub const TEXT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Blocks of one document at most.
const BLOCKS_MAX: usize = 500_000;

/// Why a file says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// It is damaged, or of another kind than it seems.
    #[error("the file is damaged or not of the kind that it seems to be")]
    Broken,
    /// It can be read with a password only.
    #[error("the file is protected by a password")]
    Encrypted,
    /// It holds more text than a document may have.
    #[error("the file holds more than {} MiB of text", TEXT_BYTES_MAX / 1024 / 1024)]
    TooLarge,
    /// There is no text in it, such as a scan without recognised text.
    #[error("no text was found in the file")]
    Empty,
    /// Reading it took too long.
    #[error("reading the file took too long")]
    TooSlow,
}

impl Unreadable {
    /// Stable word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Broken => "unreadable_file",
            Self::Encrypted => "encrypted_file",
            Self::TooLarge => "too_much_text",
            Self::Empty => "no_text",
            Self::TooSlow => "too_slow",
        }
    }
}

/// The title that a web page gives itself.
#[must_use]
pub fn html_title(page: &[u8]) -> Option<String> {
    html::title(&plain::decode(page))
}

/// Whether a kind is read in a child process.
#[must_use]
pub const fn is_hostile(kind: DocumentKind) -> bool {
    !matches!(kind, DocumentKind::Text | DocumentKind::Markdown)
}

/// Reads a file.
///
/// # Errors
/// [`Unreadable`].
pub fn read(kind: DocumentKind, bytes: &[u8]) -> Result<Vec<Block>, Unreadable> {
    let blocks = match kind {
        DocumentKind::Text => plain::read(&plain::decode(bytes)),
        DocumentKind::Markdown => markdown::read(&plain::decode(bytes)),
        DocumentKind::Html => html::read(&plain::decode(bytes)),
        DocumentKind::Csv => csv_file::read(&plain::decode(bytes))?,
        DocumentKind::Json => json_file::read(&plain::decode(bytes))?,
        DocumentKind::Pdf => pdf::read(bytes)?,
        DocumentKind::Docx => docx::read(bytes)?,
    };
    let blocks: Vec<Block> = blocks.into_iter().map(clean).filter(|block| !block.text.is_empty()).collect();
    let size: usize = blocks.iter().map(|block| block.text.len()).sum();
    if size > TEXT_BYTES_MAX || blocks.len() > BLOCKS_MAX {
        return Err(Unreadable::TooLarge);
    }
    if !blocks.iter().any(|block| block.text.chars().any(char::is_alphanumeric)) {
        return Err(Unreadable::Empty);
    }
    Ok(blocks)
}

/// Without control characters, which databases refuse, and in one line for a heading.
fn clean(block: Block) -> Block {
    let is_heading = matches!(block.kind, BlockKind::Heading(_));
    let kept: String = block
        .text
        .chars()
        .filter_map(|letter| match letter {
            '\n' | '\t' if is_heading => Some(' '),
            '\n' | '\t' => Some(letter),
            '\u{feff}' | '\u{fffe}' | '\u{ffff}' => None,
            // A soft hyphen shows only where a line is broken.
            '\u{ad}' => None,
            '\u{a0}' => Some(' '),
            letter if letter.is_control() => None,
            letter => Some(letter),
        })
        .collect();
    Block { text: kept.trim().to_owned(), ..block }
}

#[cfg(test)]
mod tests;
