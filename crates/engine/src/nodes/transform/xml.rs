//! XML as JSON: attributes are merged into their element, children of one name become a list, a single one does not.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use super::super::config::wrong;
use crate::event::StepError;
use crate::expr::limits::VALUE_DEPTH_MAX;

/// The name of the text of an element that has attributes or children too.
const TEXT: &str = "_";

/// An element that is open.
#[derive(Default)]
struct Open {
    name: String,
    members: Map<String, Value>,
    text: String,
}

/// `{<root>: …}`. Nothing outside of the text is read, and no entity but the five of XML is known.
pub(super) fn parse(text: &str) -> Result<Value, StepError> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Open::default()];
    loop {
        let event = reader.read_event().map_err(|error| not_xml(&error.to_string()))?;
        match event {
            Event::Start(start) => {
                if open.len() > VALUE_DEPTH_MAX - 2 {
                    return Err(not_xml("it is nested too deep"));
                }
                open.push(opened(&start)?);
            }
            Event::Empty(start) => {
                let element = opened(&start)?;
                close(&mut open, element);
            }
            Event::End(_) => {
                let Some(element) = open.pop().filter(|_| !open.is_empty()) else {
                    return Err(not_xml("an element is closed that was not opened"));
                };
                close(&mut open, element);
            }
            Event::Text(found) => push_text(&mut open, &found.xml10_content()),
            Event::CData(found) => push_text(&mut open, &found.xml10_content()),
            Event::GeneralRef(name) => {
                let known = unescape(&format!("&{};", &*name)).map(Cow::into_owned);
                push_text(&mut open, &known.map_err(|error| not_xml(&error.to_string()))?);
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(root), true) if !root.members.is_empty() => Ok(Value::Object(root.members)),
        (Some(_), true) => Err(not_xml("it has no element")),
        _ => Err(not_xml("an element is not closed")),
    }
}

fn push_text(open: &mut [Open], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn opened(start: &BytesStart<'_>) -> Result<Open, StepError> {
    let name = start.name().as_ref().to_owned();
    let mut members = Map::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| not_xml(&error.to_string()))?;
        let key = attribute.key.as_ref().to_owned();
        let value = unescape(&attribute.value).map_err(|error| not_xml(&error.to_string()))?;
        members.insert(key, Value::from(value.as_ref()));
    }
    Ok(Open { name, members, text: String::new() })
}

/// Puts a closed element into the one around it.
fn close(open: &mut [Open], element: Open) {
    let Open { name, mut members, text } = element;
    let text = text.trim();
    let value = if members.is_empty() {
        Value::from(text)
    } else {
        if !text.is_empty() {
            members.insert(TEXT.to_owned(), Value::from(text));
        }
        Value::Object(members)
    };
    let Some(around) = open.last_mut() else { return };
    match around.members.get_mut(&name) {
        Some(Value::Array(siblings)) => siblings.push(value),
        Some(first) => {
            let first_value = first.take();
            *first = Value::Array(vec![first_value, value]);
        }
        None => {
            around.members.insert(name, value);
        }
    }
}

fn not_xml(why: &str) -> StepError {
    wrong(format!("The text is not XML: {why}"))
}
