//! Kinds of files that a knowledge base takes, and how much of them (console contract, section 5.2).

/// Bytes of a file at most (console contract, section 4: uploads).
pub const FILE_BYTES_MAX: usize = 25 * 1024 * 1024;
/// How a PDF begins; some have other bytes in front, so the start of the file is looked through.
const PDF_MARK: &[u8] = b"%PDF-";
/// Bytes at the start of a file in which the mark of a PDF is looked for.
const PDF_MARK_WITHIN: usize = 1_024;
/// How packed files begin; a docx is one.
const ZIP_MARK: &[u8] = b"PK\x03\x04";

/// What kind of file a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// Plain text.
    Text,
    /// Markdown.
    Markdown,
    /// A web page.
    Html,
    /// A table; the first row names the columns.
    Csv,
    /// JSON.
    Json,
    /// PDF.
    Pdf,
    /// A document of a word processor.
    Docx,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [Self::Text, Self::Markdown, Self::Html, Self::Csv, Self::Json, Self::Pdf, Self::Docx];

    /// The word on the wire and in rows, which is the usual ending of such files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Pdf => "pdf",
            Self::Docx => "docx",
        }
    }

    /// Reads the word, and the other usual endings of files.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let kind = match word.to_ascii_lowercase().as_str() {
            "txt" | "text" | "log" => Self::Text,
            "md" | "markdown" => Self::Markdown,
            "html" | "htm" | "xhtml" => Self::Html,
            "csv" => Self::Csv,
            "json" => Self::Json,
            "pdf" => Self::Pdf,
            "docx" => Self::Docx,
            _ => return None,
        };
        Some(kind)
    }

    /// The kind of a file by its name, its media type and its first bytes. Bytes count most: a PDF is one whatever it is called. A file
    /// without an ending and a type is plain text.
    ///
    /// # Errors
    /// [`UnknownKind`] for a file of another kind, and for bytes that are not what the name says.
    pub fn of(name: &str, media_type: Option<&str>, bytes: &[u8]) -> Result<Self, UnknownKind> {
        if has_pdf_mark(bytes) {
            return Ok(Self::Pdf);
        }
        let ending = name.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| !ending.contains(['/', ' ']));
        let known = ending.and_then(Self::parse).or_else(|| media_type.and_then(Self::of_media));
        let kind = match (known, ending, media_type) {
            (Some(kind), _, _) => kind,
            (None, _, Some(media)) if !is_unsaid(media) => return Err(UnknownKind),
            (None, Some(ending), _) if ending.len() <= 5 && ending.chars().all(|c| c.is_ascii_alphanumeric()) => {
                return Err(UnknownKind);
            }
            _ => Self::Text,
        };
        let is_packed = bytes.starts_with(ZIP_MARK);
        let fits = match kind {
            Self::Pdf => false,
            Self::Docx => is_packed,
            _ => !is_packed,
        };
        if fits { Ok(kind) } else { Err(UnknownKind) }
    }

    fn of_media(media: &str) -> Option<Self> {
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let kind = match media.as_str() {
            "text/markdown" | "text/x-markdown" => Self::Markdown,
            "text/html" | "application/xhtml+xml" => Self::Html,
            "text/csv" => Self::Csv,
            "application/json" => Self::Json,
            "application/pdf" => Self::Pdf,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => Self::Docx,
            "text/plain" => Self::Text,
            _ => return None,
        };
        Some(kind)
    }
}

/// The file is of none of the kinds, or its bytes are not what its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a file of one of the kinds txt, md, html, csv, json, pdf, docx")]
pub struct UnknownKind;

/// Whether a media type says nothing about a file.
fn is_unsaid(media: &str) -> bool {
    let media = media.split(';').next().unwrap_or_default().trim();
    media.is_empty() || matches!(media, "application/octet-stream" | "binary/octet-stream")
}

fn has_pdf_mark(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(PDF_MARK_WITHIN)];
    // Text may speak of the mark; a PDF has it at the start of a line.
    start.starts_with(PDF_MARK) || start.windows(PDF_MARK.len() + 1).any(|at| at[0] < b' ' && at[1..] == *PDF_MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_found_from_bytes_name_and_type() {
        use DocumentKind::{Csv, Docx, Html, Markdown, Pdf, Text};
        type Case = (&'static str, Option<&'static str>, &'static [u8], Option<DocumentKind>);
        let cases: &[Case] = &[
            ("a.txt", None, b"words", Some(Text)),
            ("A.MD", None, b"# words", Some(Markdown)),
            ("table", Some("text/csv; charset=utf-8"), b"a,b", Some(Csv)),
            ("page", Some("text/html"), b"<p>", Some(Html)),
            ("notes", None, b"words", Some(Text)),
            ("a.txt", Some("application/octet-stream"), b"%PDF-1.7", Some(Pdf)),
            ("a.pdf", None, b"\n%PDF-1.4", Some(Pdf)),
            ("a.pdf", None, b"words", None),
            ("a.docx", None, b"PK\x03\x04...", Some(Docx)),
            ("a.docx", None, b"words", None),
            ("a.txt", None, b"PK\x03\x04...", None),
            ("a.exe", None, b"MZ", None),
            ("picture", Some("image/png"), b"\x89PNG", None),
            ("about.txt", None, b"a file begins with %PDF-1.7", Some(Text)),
            ("Terms of v1. Final text", None, b"words", Some(Text)),
        ];
        for (name, media, bytes, expected) in cases {
            assert_eq!(DocumentKind::of(name, *media, bytes).ok(), *expected, "{name} {media:?}");
        }
        for kind in DocumentKind::ALL {
            assert_eq!(DocumentKind::parse(kind.as_str()), Some(kind));
        }
    }
}
