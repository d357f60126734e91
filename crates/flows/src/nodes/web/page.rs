//! One page: fetched through the guarded client, its text taken out in the process that reads hostile files.

use std::sync::Arc;

use bytes::Bytes;
use floe_engine::event::StepError;
use floe_model::agents::document_kind::DocumentKind;
use floe_model::agents::passages::{Block, BlockKind};
use floe_runtime::Platform;
use floe_runtime::documents::child::{ReadFailure, Readers};
use floe_runtime::documents::{Unreadable, html_title};
use floe_runtime::outside::{Limits, Request};
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap};

use super::super::failure::{invalid, of_outside, of_reading, of_status};

/// Time for a connection, in milliseconds.
const CONNECT_MS: u64 = 10_000;
/// Redirects that are followed, each judged anew (Workflow API contract, section 21).
const REDIRECTS_MAX: u32 = 5;
/// Bytes of a page at most.
pub(crate) const PAGE_BYTES_MAX: usize = 10 * 1024 * 1024;

/// What is fetched, and within which limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fetch<'a> {
    pub(crate) url: &'a str,
    pub(crate) timeout_ms: u64,
    pub(crate) bytes_max: usize,
}

/// What an address gave.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    /// The address that answered, after redirects.
    pub(crate) url: String,
    /// The last part of its path; empty when there is none.
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

/// Fetches a page or file.
///
/// # Errors
/// Of the call, and for a status of 400 or more.
pub(crate) async fn fetch(platform: &Arc<Platform>, fetch: Fetch<'_>) -> Result<Fetched, StepError> {
    let limits = Limits {
        total_ms: fetch.timeout_ms,
        connect_ms: CONNECT_MS,
        response_bytes_max: fetch.bytes_max,
        redirects_max: REDIRECTS_MAX,
    };
    let (url, headers) = (fetch.url.trim().to_owned(), HeaderMap::new());
    let request = Request { method: Method::GET, url, headers, body: Bytes::new(), limits };
    let response = platform.outside.send(request).await.map_err(|error| of_outside("Fetching the address", error))?;
    if let Some(error) = of_status("The address", response.status.as_u16()) {
        return Err(error);
    }
    let content_type = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = response.url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default().to_owned();
    Ok(Fetched { url: response.url.to_string(), name, content_type: content_type.to_owned(), bytes: response.body })
}

/// In which form the content of a page is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As it was sent.
    Html,
    /// What a browser shows.
    Text,
    /// The same with marks for headings.
    Markdown,
}

impl Form {
    /// Reads the word.
    pub(super) fn parse(word: &str) -> Result<Self, StepError> {
        match word.to_ascii_lowercase().as_str() {
            "html" | "raw" => Ok(Self::Html),
            "text" => Ok(Self::Text),
            "markdown" | "md" => Ok(Self::Markdown),
            _ => Err(invalid("the form of the content is not one of html, text, markdown")),
        }
    }
}

/// What a page says.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) title: String,
    pub(super) content: String,
    pub(super) blocks: Vec<Block>,
}

/// Reads what was fetched.
///
/// # Errors
/// VALIDATION for what is neither text nor a document that can be read.
pub(super) async fn read(readers: &Readers, fetched: &Fetched, form: Form) -> Result<Page, StepError> {
    let kind = kind_of(fetched)?;
    let title = if kind == DocumentKind::Html { html_title(&fetched.bytes) } else { None }.unwrap_or_default();
    let is_text = matches!(kind, DocumentKind::Html | DocumentKind::Text | DocumentKind::Markdown);
    let as_sent = form == Form::Html || !matches!(kind, DocumentKind::Html | DocumentKind::Pdf | DocumentKind::Docx);
    let blocks = match readers.read(kind, fetched.bytes.to_vec()).await {
        Ok(blocks) => blocks,
        // A page without a word is one too; so is data that its reader does not take for what it calls itself.
        Err(ReadFailure::File(Unreadable::Empty)) => Vec::new(),
        Err(ReadFailure::File(Unreadable::Broken)) if is_text || as_sent => Vec::new(),
        Err(failure) => return Err(of_reading("The page", failure)),
    };
    let content = if as_sent && !matches!(kind, DocumentKind::Pdf | DocumentKind::Docx) {
        String::from_utf8_lossy(&fetched.bytes).into_owned()
    } else {
        joined(&blocks, form)
    };
    Ok(Page { title, content, blocks })
}

fn kind_of(fetched: &Fetched) -> Result<DocumentKind, StepError> {
    let essence = fetched.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    // What the server says counts more than the end of a path: `/report.php` is a page.
    let said = match essence.as_str() {
        "text/html" | "application/xhtml+xml" => Some(DocumentKind::Html),
        "application/json" => Some(DocumentKind::Json),
        "text/csv" => Some(DocumentKind::Csv),
        "text/markdown" => Some(DocumentKind::Markdown),
        other if other.ends_with("+json") => Some(DocumentKind::Json),
        other if other.starts_with("text/") || other.ends_with("xml") || other == "application/javascript" => {
            Some(DocumentKind::Text)
        }
        _ => None,
    };
    if let Some(kind) = said {
        return Ok(kind);
    }
    let name = if fetched.name.contains('.') { fetched.name.as_str() } else { "" };
    DocumentKind::of(name, Some(fetched.content_type.as_str()).filter(|kind| !kind.is_empty()), &fetched.bytes)
        .map_err(|_| invalid("The address gave neither a page nor a document that can be read"))
}

/// The blocks as one text.
pub(super) fn joined(blocks: &[Block], form: Form) -> String {
    let shown = |block: &Block| match block.kind {
        BlockKind::Heading(level) if form == Form::Markdown => {
            format!("{} {}", "#".repeat(usize::from(level)), block.text)
        }
        _ => block.text.clone(),
    };
    blocks.iter().map(shown).collect::<Vec<_>>().join("\n\n")
}
