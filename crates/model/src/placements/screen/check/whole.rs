//! What is checked about the flow as a whole.

use serde_json::Value;

use super::{Checker, Stored};
use crate::placements::screen::fonts;
use crate::placements::screen::graph::is_screen;
use crate::placements::screen::place::Place;
use crate::placements::screen::uses::uses;
use crate::placements::screen::walk::{items, text};

/// Largest major version of the wire text that devices read (section 10.1).
const MAJOR_MAX: u64 = 1;

impl Checker<'_> {
    /// The top level: versions, lists, entry.
    pub(super) fn whole(&mut self, schema: &Value) {
        let top = Place::TOP;
        self.schema_version(schema);
        match schema.get("nodes") {
            Some(Value::Array(nodes)) if nodes.iter().any(is_screen) => {}
            Some(Value::Array(_)) => {
                self.findings
                    .error(&top.member("nodes"), "no_screen", || "A flow needs at least one screen".to_owned());
            }
            Some(_) => self.findings.error(&top.member("nodes"), "type", || "`nodes` is a list".to_owned()),
            None => self.findings.error(&top.member("nodes"), "required", || "A flow needs `nodes`".to_owned()),
        }
        for name in ["edges", "variables"] {
            if schema.get(name).is_some_and(|list| !list.is_array() && !list.is_null()) {
                self.findings.error(&top.member(name), "type", || format!("`{name}` is a list"));
            }
        }
        match schema.get("entryNodeId") {
            None | Some(Value::Null) => {}
            Some(Value::String(id)) if id.is_empty() || self.graph.index_of(id).is_some() => {}
            Some(Value::String(id)) => {
                self.findings
                    .error(&top.member("entryNodeId"), "unknown_node", || format!("There is no node \"{id}\""));
            }
            Some(_) => self.findings.error(&top.member("entryNodeId"), "type", || "`entryNodeId` is a text".to_owned()),
        }
    }

    fn schema_version(&mut self, schema: &Value) {
        let major = match schema.get("schemaVersion") {
            None | Some(Value::Null) => return,
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => text.split('.').next().and_then(|major| major.trim().parse().ok()),
            Some(_) => None,
        };
        let place = Place::TOP;
        let place = place.member("schemaVersion");
        match major {
            Some(major) if major <= MAJOR_MAX => {}
            Some(major) => self.findings.error(&place, "schema_version", || {
                format!("Devices read schema versions up to {MAJOR_MAX}; this flow says {major}")
            }),
            None => self.findings.error(&place, "schema_version", || "`schemaVersion` is like \"1.0.0\"".to_owned()),
        }
    }

    /// Which screens can be reached and left.
    pub(super) fn ways(&mut self, schema: &Value) {
        let reached = self.graph.reached();
        let top = Place::TOP;
        let nodes = top.member("nodes");
        for (index, node) in items(schema, "nodes").filter(|(_, node)| is_screen(node)) {
            let place = nodes.item(index);
            let name = || text(node, "name").or(text(node, "id")).unwrap_or("without a name").to_owned();
            if reached.as_ref().is_some_and(|reached| !reached[index]) {
                self.findings
                    .warning(&place, "unreachable_screen", || format!("Nothing leads to the screen {}", name()));
            }
            if !self.graph.has_way_on(index) {
                self.findings.warning(&place, "no_way_on", || format!("Nothing leads on from the screen {}", name()));
            }
        }
    }

    /// Files that are used and not there.
    pub(super) fn stored(&mut self, schema: &Value, stored: &Stored) {
        if let Some(uploaded) = &stored.fonts {
            for (font, pointer) in fonts::places(schema) {
                let mut of_family = uploaded.iter().filter(|face| face.family == font.family).peekable();
                let family = &font.family;
                let message = if of_family.peek().is_none() {
                    format!("No font file of the family {family} is uploaded")
                } else if of_family.any(|face| face.weight == font.weight && face.style == font.style) {
                    continue;
                } else {
                    let (weight, style) = (font.weight, font.style);
                    format!("{family} is not uploaded with weight {weight}, {style}; the nearest file is used")
                };
                self.findings.warning_at(pointer, "font_missing", message);
            }
        }
        if stored.media.is_none() && stored.icons.is_none() {
            return;
        }
        let used = uses(schema);
        let lists =
            [(used.media, &stored.media, "media_missing", "file"), (used.icons, &stored.icons, "icon_missing", "icon")];
        for (used, stored, code, what) in lists {
            let Some(stored) = stored else { continue };
            for missing in used.into_iter().filter(|used| !stored.contains(&used.name)) {
                self.findings.warning_at(missing.pointer, code, format!("There is no {what} {}", missing.name));
            }
        }
    }
}
