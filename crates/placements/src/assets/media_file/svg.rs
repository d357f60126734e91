//! SVG: well-formed, and without anything that a browser would run (Placements contract, section 12).
//!
//! What is refused: scripts and handlers, foreign content, animations of links, addresses that are programs, entities, style sheets
//! from elsewhere. A file is never mended: what is kept is what was sent.

use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Elements inside of one another at most.
const DEPTH_MAX: usize = 256;
/// Attributes of one element at most.
const ATTRIBUTES_MAX: usize = 1_000;
/// Elements that run programs or bring in pages.
const REFUSED: [&str; 9] =
    ["script", "foreignobject", "iframe", "embed", "object", "handler", "listener", "audio", "video"];
/// Elements that change attributes over time.
const ANIMATIONS: [&str; 2] = ["animate", "set"];

/// Why an SVG is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SvgProblem {
    /// No SVG at all, or one that breaks the rules of XML.
    #[error("is no well-formed SVG file")]
    Broken,
    /// A program in it.
    #[error("is an SVG file with a script, an event handler or foreign content, which is refused")]
    Script,
    /// Definitions of entities, a style sheet from elsewhere, or another encoding than UTF-8.
    #[error(
        "is an SVG file with a definition of entities, a style sheet from elsewhere or another encoding than UTF-8, which is refused"
    )]
    Outside,
}

/// Looks at every element and attribute.
///
/// # Errors
/// [`SvgProblem`].
pub(super) fn check(text: &str) -> Result<(), SvgProblem> {
    let mut reader = Reader::from_str(text);
    // Names of the elements that are open, in lower case and without prefixes.
    let mut open: Vec<String> = Vec::new();
    let mut has_root = false;
    loop {
        match reader.read_event().map_err(|_| SvgProblem::Broken)? {
            Event::Start(start) => {
                open.push(element(&start, open.is_empty(), &mut has_root)?);
                if open.len() > DEPTH_MAX {
                    return Err(SvgProblem::Broken);
                }
            }
            Event::Empty(start) => drop(element(&start, open.is_empty(), &mut has_root)?),
            Event::End(_) => drop(open.pop()),
            Event::Text(text) => content(&text, &open)?,
            Event::CData(text) => content(&text, &open)?,
            // A character written as its number could hide a word of a style sheet.
            Event::GeneralRef(_) if is_style(&open) => return Err(SvgProblem::Outside),
            Event::DocType(text) if text.contains('[') => return Err(SvgProblem::Outside),
            Event::PI(_) => return Err(SvgProblem::Outside),
            Event::Eof => return if has_root && open.is_empty() { Ok(()) } else { Err(SvgProblem::Broken) },
            Event::Decl(decl) if !is_utf8(&decl) => return Err(SvgProblem::Outside),
            Event::GeneralRef(_) | Event::DocType(_) | Event::Comment(_) | Event::Decl(_) => {}
        }
    }
}

/// Whether a browser reads the file in the letters in which it is checked here: another encoding could make a script of other letters.
fn is_utf8(decl: &BytesDecl<'_>) -> bool {
    match decl.encoding() {
        None => true,
        Some(name) => {
            name.is_ok_and(|name| name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii"))
        }
    }
}

/// Checks an element and gives its name.
fn element(start: &BytesStart<'_>, is_outermost: bool, has_root: &mut bool) -> Result<String, SvgProblem> {
    let name = local(start.name().0);
    if is_outermost {
        if *has_root || name != "svg" {
            return Err(SvgProblem::Broken);
        }
        *has_root = true;
    }
    if REFUSED.contains(&name.as_str()) {
        return Err(SvgProblem::Script);
    }
    for (count, attribute) in start.attributes().enumerate() {
        let attribute = attribute.map_err(|_| SvgProblem::Broken)?;
        if count >= ATTRIBUTES_MAX {
            return Err(SvgProblem::Broken);
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| SvgProblem::Broken)?;
        let key = local(attribute.key.0);
        let is_animated_link = key == "attributename"
            && ANIMATIONS.contains(&name.as_str())
            && (local(value.trim()) == "href" || local(value.trim()).starts_with("on"));
        if key.starts_with("on") || is_animated_link || is_program(&value) {
            return Err(SvgProblem::Script);
        }
        if key == "style" && has_import(&value) {
            return Err(SvgProblem::Outside);
        }
    }
    Ok(name)
}

/// Text counts only where it is a style sheet.
fn content(text: &str, open: &[String]) -> Result<(), SvgProblem> {
    match is_style(open) {
        true if is_program(text) => Err(SvgProblem::Script),
        true if has_import(text) => Err(SvgProblem::Outside),
        _ => Ok(()),
    }
}

fn is_style(open: &[String]) -> bool {
    open.last().is_some_and(|name| name == "style")
}

/// Whether a value holds an address that is a program. Browsers pass over blanks and control characters in front of and inside of the
/// name of a scheme, so these are left out first.
fn is_program(value: &str) -> bool {
    let text: String =
        value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).flat_map(char::to_lowercase).collect();
    let is_page = |rest: &str| !rest.starts_with("image/") && !rest.starts_with("font/");
    text.contains("javascript:")
        || text.contains("vbscript:")
        || text.strip_prefix("data:").is_some_and(is_page)
        || text.contains("data:image/svg")
        || text.contains("url(data:text")
}

fn has_import(style: &str) -> bool {
    let text = style.to_lowercase();
    // A backslash can write any letter in a style sheet.
    text.contains("@import") || text.contains('\\') || text.contains("expression(")
}

/// A name without its prefix, in lower case.
fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_lowercase()
}
