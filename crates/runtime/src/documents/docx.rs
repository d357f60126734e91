//! Documents of word processors: the paragraphs, headings, lists and tables of the main part.

use std::io::{Cursor, Read};

use floe_model::agents::passages::Block;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::{BLOCKS_MAX, TEXT_BYTES_MAX, Unreadable};

/// Parts of a packed file at most.
const PARTS_MAX: usize = 10_000;
/// Bytes of the main part when it is unpacked: its marks take several times the room of its text.
const PART_BYTES_MAX: u64 = 4 * TEXT_BYTES_MAX as u64;
/// Elements inside of one another at most.
const DEPTH_MAX: usize = 1_000;
/// Notes stand in parts of their own.
const PARTS: [&str; 3] = ["word/document.xml", "word/footnotes.xml", "word/endnotes.xml"];
/// How a protected document begins: it is a file of the older kind with the real one inside.
const OLE_MARK: &[u8] = b"\xd0\xcf\x11\xe0";

/// Reads the text and its notes.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Block>, Unreadable> {
    if bytes.starts_with(OLE_MARK) {
        return Err(Unreadable::Encrypted);
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| Unreadable::Broken)?;
    if archive.len() > PARTS_MAX {
        return Err(Unreadable::TooLarge);
    }
    let mut blocks = Vec::new();
    for (at, name) in PARTS.into_iter().enumerate() {
        match archive.by_name(name) {
            Ok(part) => {
                let mut xml = Vec::new();
                part.take(PART_BYTES_MAX + 1).read_to_end(&mut xml).map_err(|_| Unreadable::Broken)?;
                if xml.len() as u64 > PART_BYTES_MAX {
                    return Err(Unreadable::TooLarge);
                }
                let xml = String::from_utf8(xml).map_err(|_| Unreadable::Broken)?;
                paragraphs(&xml, &mut blocks)?;
            }
            Err(_) if at > 0 => {}
            Err(_) => return Err(Unreadable::Broken),
        }
    }
    Ok(blocks)
}

#[derive(Default)]
struct Paragraph {
    text: String,
    heading: Option<u8>,
    is_item: bool,
}

/// Where in the document the reader is.
#[derive(Default)]
struct State {
    open: Vec<String>,
    /// The paragraphs that are open: one in a text box is inside of another one.
    paragraphs: Vec<Paragraph>,
    /// Depth of what older programs show in place of what was read already.
    fallbacks: usize,
    /// Cells of the row that is being read; none outside of tables.
    row: Option<Vec<String>>,
    /// Tables inside of tables are read as text of their cell.
    tables: usize,
    size: usize,
}

fn paragraphs(xml: &str, blocks: &mut Vec<Block>) -> Result<(), Unreadable> {
    let mut reader = Reader::from_str(xml);
    let mut state = State::default();
    loop {
        match reader.read_event().map_err(|_| Unreadable::Broken)? {
            Event::Start(start) => {
                let name = local(&start);
                state.begin(&start, &name);
                state.open.push(name);
                if state.open.len() > DEPTH_MAX {
                    return Err(Unreadable::Broken);
                }
            }
            Event::Empty(start) => {
                let name = local(&start);
                state.begin(&start, &name);
                state.end(&name, blocks)?;
            }
            Event::End(_) => {
                if let Some(name) = state.open.pop() {
                    state.end(&name, blocks)?;
                }
            }
            Event::Text(text) => state.write(&text.xml10_content()),
            Event::CData(text) => state.write(&text.xml10_content()),
            Event::GeneralRef(reference) => state.write(&letter_of(&reference)),
            // Entities of its own could make a text of any length out of a few bytes.
            Event::DocType(_) => return Err(Unreadable::Broken),
            Event::Eof if state.open.is_empty() => return Ok(()),
            Event::Eof => return Err(Unreadable::Broken),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

impl State {
    fn begin(&mut self, start: &BytesStart<'_>, name: &str) {
        match name {
            "Fallback" => self.fallbacks += 1,
            "p" => self.paragraphs.push(Paragraph::default()),
            "tab" if self.is_in("r") => self.push("\t"),
            "br" | "cr" => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            "tbl" => self.tables += 1,
            "tr" if self.tables == 1 => self.row = Some(Vec::new()),
            "tc" if self.tables == 1 => self.row.get_or_insert_default().push(String::new()),
            _ => {}
        }
        if let Some(paragraph) = self.paragraphs.last_mut() {
            match name {
                "pStyle" => paragraph.heading = attribute(start, "val").and_then(|style| heading_of(&style)),
                "numPr" => paragraph.is_item = true,
                _ => {}
            }
        }
    }

    fn end(&mut self, name: &str, blocks: &mut Vec<Block>) -> Result<(), Unreadable> {
        match name {
            "p" => self.end_paragraph(blocks),
            "tr" if self.tables == 1 => {
                let row = self.row.take().unwrap_or_default();
                let cells: Vec<&str> = row.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
                if !cells.is_empty() {
                    blocks.push(Block::text(cells.join(" | ")));
                }
            }
            "tbl" => self.tables = self.tables.saturating_sub(1),
            "Fallback" => self.fallbacks = self.fallbacks.saturating_sub(1),
            _ => {}
        }
        let is_too_large = self.size > TEXT_BYTES_MAX || blocks.len() > BLOCKS_MAX;
        if is_too_large { Err(Unreadable::TooLarge) } else { Ok(()) }
    }

    fn end_paragraph(&mut self, blocks: &mut Vec<Block>) {
        let Some(Paragraph { text, heading, is_item }) = self.paragraphs.pop() else { return };
        self.size += text.len();
        if let Some(cell) = self.row.as_mut().and_then(|row| row.last_mut()) {
            let blank = if cell.is_empty() || text.is_empty() { "" } else { " " };
            cell.push_str(blank);
            cell.push_str(&text);
        } else if text.trim().is_empty() {
            // An empty line.
        } else if let Some(level) = heading {
            blocks.push(Block::heading(level, text));
        } else {
            blocks.push(Block::text(if is_item { format!("- {}", text.trim()) } else { text }));
        }
    }

    /// Text counts in `t` only: deleted text and instructions of fields stand in others.
    fn write(&mut self, text: &str) {
        if self.is_in("t") {
            self.push(text);
        }
    }

    fn push(&mut self, text: &str) {
        if let Some(paragraph) = self.paragraphs.last_mut().filter(|_| self.fallbacks == 0) {
            paragraph.text.push_str(text);
        }
    }

    fn is_in(&self, name: &str) -> bool {
        self.open.last().is_some_and(|open| open == name)
    }
}

/// The name of an element without its prefix.
fn local(start: &BytesStart<'_>) -> String {
    let name = start.name().0;
    name.rsplit_once(':').map_or(name, |(_, local)| local).to_owned()
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.attributes().flatten().find(|attribute| {
        let key = attribute.key.0;
        key.rsplit_once(':').map_or(key, |(_, local)| local) == name
    })?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

/// `Heading2`, `heading 2`, `berschrift2` and `Title` as levels.
fn heading_of(style: &str) -> Option<u8> {
    let style = style.to_lowercase();
    if style == "title" || style == "titel" {
        return Some(1);
    }
    let is_heading = ["heading", "berschrift", "titre", "kop", "ttulo"].iter().any(|word| style.contains(word));
    let level = style.chars().rev().find(char::is_ascii_digit)?.to_digit(10)?;
    let level = u8::try_from(level).ok()?;
    (is_heading && (1..=6).contains(&level)).then_some(level)
}

/// `&amp;`, `&#8364;` and the like as the character they stand for.
fn letter_of(reference: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(letter)) = reference.resolve_char_ref() {
        return letter.to_string();
    }
    let letter = match reference.xml10_content().as_ref() {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => "",
    };
    letter.to_owned()
}
