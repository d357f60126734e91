//! Markdown: headings become headings, everything else stays as people wrote it.

use floe_model::agents::passages::Block;

use super::plain::joined;

/// Headings, paragraphs, lists and code.
pub(super) fn read(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for line in text.lines() {
        reader.line(line);
    }
    reader.end();
    reader.blocks
}

#[derive(Default)]
struct Reader<'a> {
    blocks: Vec<Block>,
    lines: Vec<&'a str>,
    /// The mark that ends the code that is being read.
    fence: Option<&'a str>,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a str) {
        let trimmed = line.trim();
        if let Some(fence) = self.fence {
            self.lines.push(line);
            if trimmed.starts_with(fence) && trimmed.trim_start_matches(&fence[..1]).is_empty() {
                self.fence = None;
                self.end_code();
            }
            return;
        }
        if let Some(fence) = fence_of(trimmed) {
            self.end();
            self.fence = Some(fence);
            self.lines.push(line);
        } else if let Some((level, heading)) = heading_of(line) {
            self.end();
            self.blocks.push(Block::heading(level, heading));
        } else if let (Some(level), [heading]) = (underline_of(trimmed), self.lines.as_slice()) {
            self.blocks.push(Block::heading(level, heading.trim()));
            self.lines.clear();
        } else if trimmed.is_empty() || is_rule(trimmed) {
            self.end();
        } else {
            self.lines.push(line);
        }
    }

    /// Ends a paragraph: its lines are one text, those of lists, tables and quotes stay lines.
    fn end(&mut self) {
        if self.lines.is_empty() {
            return;
        }
        let is_prose = self.lines.iter().all(|line| !begins_structure(line));
        let text = if is_prose { joined(&self.lines) } else { self.lines.join("\n") };
        self.blocks.push(Block::text(text));
        self.lines.clear();
    }

    fn end_code(&mut self) {
        self.blocks.push(Block::text(self.lines.join("\n")));
        self.lines.clear();
    }
}

/// The mark that begins code, three characters of it.
fn fence_of(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence))
}

/// `## Heading ##` as level and text.
fn heading_of(line: &str) -> Option<(u8, &str)> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let trimmed = line.trim();
    let level = trimmed.bytes().take_while(|byte| *byte == b'#').count();
    let rest = &trimmed[level..];
    if indent > 3 || !(1..=6).contains(&level) || !rest.starts_with([' ', '\t']) {
        return None;
    }
    let heading = rest.trim().trim_end_matches('#').trim();
    (!heading.is_empty()).then_some((u8::try_from(level).unwrap_or(6), heading))
}

/// A line under a heading: `=====` or `-----`.
fn underline_of(line: &str) -> Option<u8> {
    let is_all = |mark: char| line.len() >= 2 && line.chars().all(|letter| letter == mark);
    if is_all('=') {
        Some(1)
    } else if is_all('-') {
        Some(2)
    } else {
        None
    }
}

/// A line across the page, or around what stands in front of the text.
fn is_rule(line: &str) -> bool {
    let is_all = |mark: char| line.len() >= 3 && line.chars().all(|letter| letter == mark);
    is_all('-') || is_all('*') || is_all('_')
}

/// Whether a line is an item, a row, a quote or code by its indent.
fn begins_structure(line: &str) -> bool {
    let trimmed = line.trim_start();
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let is_numbered = digits > 0 && trimmed[digits..].starts_with([')', '.']);
    let is_item =
        ["- ", "* ", "+ ", "> ", "| "].iter().any(|mark| trimmed.starts_with(mark)) || trimmed.starts_with('|');
    is_item || is_numbered || line.starts_with("    ") || line.starts_with('\t') || line.ends_with("  ")
}
