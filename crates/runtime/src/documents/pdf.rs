//! PDF: the text of each page. Read in a child process only: the libraries stop at what nobody has tried.

use std::panic::{AssertUnwindSafe, catch_unwind};

use floe_model::agents::passages::Block;
use pdf_extract::{Document, PlainTextOutput, output_doc_page};

use super::plain::joined;
use super::{TEXT_BYTES_MAX, Unreadable};

/// A line that is shorter than this part of the longest one of its page may end a paragraph.
const SHORT_LINE: f64 = 0.75;

/// The paragraphs of all pages.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Block>, Unreadable> {
    let pages = pages(bytes)?;
    let size: usize = pages.iter().map(String::len).sum();
    if size > TEXT_BYTES_MAX {
        return Err(Unreadable::TooLarge);
    }
    let mut blocks = Vec::new();
    for (number, page) in (1_u32..).zip(&pages) {
        let paragraphs = paragraphs(page).into_iter();
        blocks.extend(paragraphs.map(|text| Block { page: Some(number), ..Block::text(text) }));
    }
    Ok(blocks)
}

/// The text of each page. A page that cannot be read is empty; a file without any page that can be read is broken.
fn pages(bytes: &[u8]) -> Result<Vec<String>, Unreadable> {
    let mut document = attempt(|| Document::load_mem(bytes).ok()).ok_or(Unreadable::Broken)?;
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err(Unreadable::Encrypted);
    }
    let numbers: Vec<u32> = document.get_pages().keys().copied().collect();
    let pages: Vec<Option<String>> = numbers.iter().map(|number| page_text(&document, *number)).collect();
    if pages.iter().all(Option::is_none) {
        return Err(Unreadable::Broken);
    }
    Ok(pages.into_iter().map(Option::unwrap_or_default).collect())
}

/// The text of a page in the order in which it is seen, or else in the order in which it stands in the file.
fn page_text(document: &Document, number: u32) -> Option<String> {
    let seen = attempt(|| {
        let mut text = String::new();
        let mut output = PlainTextOutput::new(&mut text);
        output_doc_page(document, &mut output, number).ok()?;
        Some(text)
    });
    seen.or_else(|| attempt(|| document.extract_text(&[number]).ok()))
}

/// What the libraries make of a file, unless they stop at what nobody has tried.
fn attempt<T>(read: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or(None)
}

/// The paragraphs of a page: between empty lines, and where a short line ends a sentence.
fn paragraphs(page: &str) -> Vec<String> {
    let longest = page.lines().map(|line| line.trim().chars().count()).max().unwrap_or(0);
    let short = (longest as f64 * SHORT_LINE) as usize;
    let mut found = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in page.lines().chain([""]) {
        let line = line.trim();
        if !line.is_empty() {
            lines.push(line);
        }
        let ends = line.is_empty() || (line.ends_with(['.', '!', '?', ':']) && line.chars().count() < short);
        if ends && !lines.is_empty() {
            found.push(joined(&lines));
            lines.clear();
        }
    }
    found
}
