//! Texts cut into passages for a search: at the ends of sentences, with headings kept together with what follows them.
//!
//! A document comes as [`Block`]s, whatever kind of file it was. A passage has at most so many characters, begins where a section does
//! when the one before is long enough, and repeats the last sentences of the one before it, so that what stands across a border is found.

mod sentences;

use serde::{Deserialize, Serialize};

use sentences::{Joint, sentences};

/// Characters of the name of a section at most.
const SECTION_CHARS_MAX: usize = 200;
/// A section begins a new passage when the one before has at least this part of the characters that it may have.
const FULL_ENOUGH: usize = 3;

/// A part of a document in reading order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// What it says.
    pub text: String,
    /// The page that it is on, from 1, where a document has pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlockKind {
    /// A heading of level 1 to 6.
    Heading(u8),
    /// A paragraph, or lines that belong together.
    Text,
}

impl Block {
    /// A paragraph.
    pub fn text(text: impl Into<String>) -> Self {
        Self { kind: BlockKind::Text, text: text.into(), page: None }
    }

    /// A heading.
    pub fn heading(level: u8, text: impl Into<String>) -> Self {
        Self { kind: BlockKind::Heading(level.clamp(1, 6)), text: text.into(), page: None }
    }
}

/// A piece of a document that a search can find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// What it says.
    pub text: String,
    /// The page on which it begins.
    pub page: Option<u32>,
    /// The headings under which it begins, from the outermost, with ` > ` between them.
    pub section: Option<String>,
}

impl Passage {
    /// What is searched in: the text, with its section before it unless it begins with the heading itself.
    #[must_use]
    pub fn with_section(&self) -> String {
        let heading = self.section.as_deref().map(|section| section.rsplit(" > ").next().unwrap_or(section));
        match (&self.section, heading) {
            (Some(section), Some(heading)) if !self.text.starts_with(heading) => format!("{section}\n{}", self.text),
            _ => self.text.clone(),
        }
    }
}

/// A sentence, or a part of one that is too long.
#[derive(Debug, Clone, Copy)]
struct Unit<'a> {
    text: &'a str,
    chars: usize,
    joint: Joint,
    is_heading: bool,
    page: Option<u32>,
    section: Option<usize>,
}

/// Cuts a document into passages of at most `size` characters, each repeating up to `overlap` characters of the one before in whole
/// sentences. `size` is at least 1 and `overlap` less than `size`; other values are moved there.
#[must_use]
pub fn cut(blocks: &[Block], size: usize, overlap: usize) -> Vec<Passage> {
    let size = size.max(1);
    let overlap = overlap.min(size - 1);
    let (units, sections) = units(blocks, size);
    let (current, passages) = (Vec::new(), Vec::new());
    let mut cutter = Cutter { size, overlap, sections, current, chars: 0, has_text: false, fresh: 0, passages };
    for unit in units {
        cutter.add(unit);
    }
    cutter.finish()
}

/// The sentences of all blocks, and the names of the sections that they are in.
fn units(blocks: &[Block], size: usize) -> (Vec<Unit<'_>>, Vec<String>) {
    let mut units = Vec::new();
    let mut sections: Vec<String> = Vec::new();
    let mut headings: Vec<(u8, &str)> = Vec::new();
    for block in blocks {
        if let BlockKind::Heading(level) = block.kind {
            headings.retain(|(above, _)| *above < level);
            headings.push((level, block.text.trim()));
            let path: Vec<&str> = headings.iter().map(|(_, text)| *text).filter(|text| !text.is_empty()).collect();
            sections.push(path.join(" > ").chars().take(SECTION_CHARS_MAX).collect());
        }
        let section = sections.len().checked_sub(1);
        for (at, (text, joint)) in sentences(&block.text, size).into_iter().enumerate() {
            units.push(Unit {
                text,
                chars: text.chars().count(),
                joint: if at == 0 { Joint::Paragraph } else { joint },
                is_heading: matches!(block.kind, BlockKind::Heading(_)),
                page: block.page,
                section,
            });
        }
    }
    (units, sections)
}

struct Cutter<'a> {
    size: usize,
    overlap: usize,
    sections: Vec<String>,
    /// The passage that is being made.
    current: Vec<Unit<'a>>,
    chars: usize,
    /// Whether it holds more than headings.
    has_text: bool,
    /// Units of it that are in no passage before.
    fresh: usize,
    passages: Vec<Passage>,
}

impl<'a> Cutter<'a> {
    fn add(&mut self, unit: Unit<'a>) {
        if unit.is_heading && self.has_text && self.chars >= self.size / FULL_ENOUGH {
            self.emit();
            self.restart(Vec::new());
        }
        if !self.fits(&unit) {
            let kept = self.close();
            self.restart(kept);
            if !self.fits(&unit) {
                self.make_room(&unit);
            }
        }
        self.chars += joined(self.current.is_empty(), &unit);
        self.has_text |= !unit.is_heading;
        self.current.push(unit);
        self.fresh += 1;
    }

    fn fits(&self, unit: &Unit<'_>) -> bool {
        self.chars + joined(self.current.is_empty(), unit) <= self.size
    }

    /// What is repeated makes room for what is new.
    fn make_room(&mut self, unit: &Unit<'_>) {
        let room = self.size.saturating_sub(unit.chars + unit.joint.chars());
        let kept = tail(&self.current, room);
        self.restart(kept);
    }

    /// Ends the passage and returns what the next one begins with: the headings at its end, which belong to what follows, or else the
    /// last sentences once more.
    fn close(&mut self) -> Vec<Unit<'a>> {
        let body = self.current.iter().rposition(|unit| !unit.is_heading).map_or(0, |at| at + 1);
        if body > 0 && body < self.current.len() {
            let headings = self.current.split_off(body);
            if self.fresh > headings.len() {
                self.emit();
            }
            return headings;
        }
        self.emit();
        tail(&self.current, self.overlap)
    }

    fn restart(&mut self, units: Vec<Unit<'a>>) {
        self.chars = length(&units);
        self.has_text = units.iter().any(|unit| !unit.is_heading);
        self.current = units;
        self.fresh = 0;
    }

    fn emit(&mut self) {
        let Some(first) = self.current.first() else { return };
        let mut text = String::new();
        for (at, unit) in self.current.iter().enumerate() {
            if at > 0 {
                text.push_str(unit.joint.text());
            }
            text.push_str(unit.text);
        }
        let section = first.section.and_then(|at| self.sections.get(at)).filter(|name| !name.is_empty()).cloned();
        self.passages.push(Passage { text, page: first.page, section });
    }

    fn finish(mut self) -> Vec<Passage> {
        if self.fresh > 0 {
            self.emit();
        }
        self.passages
    }
}

/// The last units of a passage that have up to so many characters together.
fn tail<'a>(units: &[Unit<'a>], most: usize) -> Vec<Unit<'a>> {
    let mut start = units.len();
    let mut chars = 0;
    for (at, unit) in units.iter().enumerate().rev() {
        // The joint is that of the unit behind, which follows this one.
        let joint = units.get(at + 1).map_or(0, |next| next.joint.chars());
        chars += unit.chars + joint;
        if chars > most {
            break;
        }
        start = at;
    }
    units[start..].to_vec()
}

/// Characters that a unit adds to a passage.
fn joined(is_first: bool, unit: &Unit<'_>) -> usize {
    if is_first { unit.chars } else { unit.joint.chars() + unit.chars }
}

/// Characters of units that are joined.
fn length(units: &[Unit<'_>]) -> usize {
    let joints: usize = units.iter().skip(1).map(|unit| unit.joint.chars()).sum();
    joints + units.iter().map(|unit| unit.chars).sum::<usize>()
}

#[cfg(test)]
mod tests;
