//! Which files a flow draws with.

use serde_json::Value;

use super::fonts::{FontUse, fonts_used};
use super::place::Place;
use super::walk::{Owner, Part, walk};

/// A file that is used, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// JSON pointer of the use.
    pub pointer: String,
    /// What is used, as the flow names it.
    pub name: String,
}

/// What a flow draws with, beside itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// Fonts, sorted, each once.
    pub fonts: Vec<FontUse>,
    /// Images and animations whose `src` is relative to `media_base_url`, in the order of the document; without the leading slash.
    pub media: Vec<Used>,
    /// Icons by name.
    pub icons: Vec<Used>,
}

/// Collects what a flow draws with. Absolute and `data:` addresses need nothing of us; texts with a variable in them are not known.
#[must_use]
pub fn uses(schema: &Value) -> Uses {
    let mut found = Uses { fonts: fonts_used(schema), ..Uses::default() };
    walk(schema, &mut |_: Owner, place, part| {
        if let Part::Prop(name, value) = part {
            gather(&mut found, place, name, value);
        }
    });
    found
}

fn gather(found: &mut Uses, place: &Place<'_>, name: &str, value: &Value) {
    match value {
        Value::String(text) if name == "src" => {
            if let Some(file) = relative(text) {
                found.media.push(Used { pointer: place.pointer(), name: file.to_owned() });
            }
        }
        Value::String(icon) if name == "iconName" && is_known(icon) => {
            found.icons.push(Used { pointer: place.pointer(), name: icon.clone() });
        }
        Value::Object(members) => {
            for (name, value) in members {
                gather(found, &place.member(name), name, value);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                gather(found, &place.item(index), name, item);
            }
        }
        _ => {}
    }
}

/// The name of a file of ours; `None` for what is elsewhere.
fn relative(src: &str) -> Option<&str> {
    let is_elsewhere = src.starts_with("data:") || src.starts_with("//") || src.contains("://");
    (!is_elsewhere && is_known(src)).then(|| src.trim_start_matches('/'))
}

fn is_known(text: &str) -> bool {
    !text.is_empty() && !text.contains("{{")
}
