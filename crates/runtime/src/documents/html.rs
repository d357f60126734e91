//! Web pages: their text and headings, without what a browser runs or does not show.
//!
//! This reads what a browser would show of ordinary pages; it builds no tree and follows no address.

use floe_model::agents::passages::Block;

use super::entities::decoded;

/// Elements whose content is not text of the page.
const HIDDEN: [&str; 8] = ["script", "style", "template", "svg", "math", "iframe", "object", "select"];
/// Elements that begin and end a block.
const BLOCKS: [&str; 30] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "center",
    "details",
    "dialog",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "ul",
];
/// Elements that begin a line.
const LINES: [&str; 8] = ["br", "caption", "dd", "dt", "legend", "li", "option", "tr"];

/// Characters of a title that are kept.
const TITLE_CHARS_MAX: usize = 500;

/// Paragraphs, headings, lists and rows of tables.
pub(super) fn read(text: &str) -> Vec<Block> {
    let mut page = Page::default();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        page.text(&rest[..at]);
        rest = page.markup(&rest[at..]);
    }
    page.text(rest);
    page.end();
    page.finish()
}

/// What stands in the title, in one line.
pub(super) fn title(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + tag_length(&text[open..])?;
    let end = lower[start..].find("</title").map_or(text.len(), |at| start + at);
    let words: Vec<String> = decoded(&text[start..end]).split_whitespace().map(str::to_owned).collect();
    let title: String = words.join(" ").chars().take(TITLE_CHARS_MAX).collect();
    (!title.is_empty()).then_some(title)
}

#[derive(Default)]
struct Page {
    blocks: Vec<Block>,
    current: String,
    title: Option<String>,
    in_title: bool,
    heading: Option<u8>,
    /// Depth of `pre`, where line ends count.
    preformatted: usize,
    /// Whether a table cell was written in this row.
    has_cell: bool,
}

impl Page {
    /// Text between two tags.
    fn text(&mut self, raw: &str) {
        if raw.is_empty() {
            return;
        }
        let text = decoded(raw);
        if self.preformatted > 0 {
            self.current.push_str(&text);
            return;
        }
        for (at, word) in text.split(is_blank).enumerate() {
            if at > 0 && !self.current.is_empty() && !self.current.ends_with([' ', '\n']) {
                self.current.push(' ');
            }
            self.current.push_str(word);
        }
    }

    /// One tag, comment or declaration at the start of a text; returns what follows it. A `<` that begins none is text.
    fn markup<'a>(&mut self, text: &'a str) -> &'a str {
        if let Some(rest) = text.strip_prefix("<!--") {
            return rest.find("-->").map_or("", |at| &rest[at + 3..]);
        }
        if text.starts_with("<!") || text.starts_with("<?") {
            return text.find('>').map_or("", |at| &text[at + 1..]);
        }
        let is_closing = text.starts_with("</");
        let name_at = if is_closing { 2 } else { 1 };
        let name_length = text[name_at..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len() - name_at);
        let name = text[name_at..name_at + name_length].to_ascii_lowercase();
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            self.text("<");
            return &text[1..];
        }
        let Some(length) = tag_length(text) else {
            // The file ends inside a tag.
            return "";
        };
        let rest = &text[length..];
        let is_empty = text[..length].ends_with("/>");
        if HIDDEN.contains(&name.as_str()) && !is_closing && !is_empty {
            self.space();
            return behind(rest, &name);
        }
        if is_closing {
            self.close(&name)
        } else {
            self.open(&name)
        }
        rest
    }

    fn open(&mut self, name: &str) {
        match name {
            "title" if self.title.is_none() => {
                self.end();
                self.in_title = true;
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.end();
                self.heading = name[1..].parse().ok();
            }
            "td" | "th" => {
                // An empty cell leaves no mark.
                if self.has_cell {
                    self.trim(&[' ', '\t']);
                }
                if self.has_cell && !self.current.is_empty() && !self.current.ends_with('\n') {
                    self.current.push_str(" | ");
                }
                self.has_cell = true;
            }
            "li" => {
                self.line();
                self.current.push_str("- ");
            }
            _ if LINES.contains(&name) => self.line(),
            _ if BLOCKS.contains(&name) => self.end(),
            _ => {}
        }
        if name == "pre" {
            self.preformatted += 1;
        }
        if name == "tr" {
            self.has_cell = false;
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "td" | "th" => {}
            "title" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.end();
                self.heading = None;
                self.in_title = false;
            }
            _ if BLOCKS.contains(&name) => self.end(),
            _ => {}
        }
        if name == "pre" {
            self.preformatted = self.preformatted.saturating_sub(1);
        }
    }

    fn line(&mut self) {
        self.trim(&[' ', '\n', '\t']);
        if !self.current.is_empty() {
            self.current.push('\n');
        }
    }

    fn space(&mut self) {
        if !self.current.is_empty() && !self.current.ends_with([' ', '\n']) {
            self.current.push(' ');
        }
    }

    /// Takes off blanks at the end, and the mark behind the last cell of a row.
    fn trim(&mut self, blanks: &[char]) {
        let text = self.current.trim_end_matches(blanks);
        let length = text.strip_suffix(" |").map_or(text.len(), |text| text.trim_end_matches(blanks).len());
        self.current.truncate(length);
    }

    /// Ends the block that is being read.
    fn end(&mut self) {
        self.trim(&[' ', '\n', '\t']);
        let text = std::mem::take(&mut self.current);
        let text = text.trim_matches([' ', '\n', '\t']);
        self.has_cell = false;
        if text.is_empty() || text == "-" {
            return;
        }
        if std::mem::take(&mut self.in_title) {
            self.title = Some(text.to_owned());
        } else if let Some(level) = self.heading.take() {
            self.blocks.push(Block::heading(level, text));
        } else {
            self.blocks.push(Block::text(text));
        }
    }

    /// The blocks, under the title when no heading says the same.
    fn finish(mut self) -> Vec<Block> {
        if let Some(title) = self.title.filter(|title| self.blocks.iter().all(|block| block.text != *title)) {
            self.blocks.insert(0, Block::heading(1, title));
        }
        self.blocks
    }
}

/// Blanks that a browser makes one of; a non-breaking one is none of them.
fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\n' | '\t' | '\r' | '\u{c}')
}

/// Bytes of a tag with its `>`; one in quotes is none. None when the tag never ends.
fn tag_length(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = b' ';
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            // A quote that begins no value is part of a broken name.
            (None, b'"' | b'\'') if before == b'=' => quote = Some(byte),
            (Some(open), _) if byte == open => quote = None,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    None
}

/// What follows the end of a hidden element; nothing when it never ends.
fn behind<'a>(text: &'a str, name: &str) -> &'a str {
    let mut from = 0;
    while let Some(at) = text[from..].find("</") {
        let start = from + at + 2;
        let found = text.as_bytes().get(start..start + name.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes())) {
            return text[start..].find('>').map_or("", |end| &text[start + end + 1..]);
        }
        from = start;
    }
    ""
}
