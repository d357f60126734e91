//! The checks of a schema, at publish and on demand (Placements contract, section 10.7).

mod parts;
mod whole;

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::findings::Findings;
use super::fonts::FontFace;
use super::graph::Graph;
use super::place::Place;
use super::walk::{items, text};
use super::{DEPTH_MAX, SCHEMA_BYTES_MAX};

/// What is uploaded, as far as the flow uses it (see `uses`). What is not known is not warned about.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// Every font file.
    pub fonts: Option<Vec<FontFace>>,
    /// Names of the images and animations that are there.
    pub media: Option<HashSet<String>>,
    /// Names of the icons that are there, without `.svg`.
    pub icons: Option<HashSet<String>>,
}

impl Stored {
    /// Nothing is known about what is uploaded.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }
}

/// Checks a schema whose text has `bytes` bytes. Where something is so wrong that nothing else can be said (no object, too large, too
/// deep) that is the only finding.
#[must_use]
pub fn check(schema: &Value, bytes: usize, stored: &Stored) -> Findings {
    let mut findings = Findings::default();
    if !schema.is_object() {
        findings.error(&Place::TOP, "type", || "A flow is a JSON object".to_owned());
        return findings;
    }
    if bytes > SCHEMA_BYTES_MAX {
        findings
            .error(&Place::TOP, "too_large", || format!("The flow has {bytes} bytes; it may have {SCHEMA_BYTES_MAX}"));
        return findings;
    }
    if !check_depth(&mut findings, &Place::TOP, schema, 1) {
        return findings;
    }
    let mut checker = Checker {
        graph: Graph::of(schema),
        declared: declared(schema),
        node_ids: HashMap::new(),
        edge_ids: HashMap::new(),
        tree_ids: HashSet::new(),
        undeclared: HashSet::new(),
        findings,
    };
    checker.whole(schema);
    checker.parts(schema);
    checker.ways(schema);
    checker.stored(schema, stored);
    checker.findings
}

struct Checker<'a> {
    graph: Graph<'a>,
    /// Keys of the declared variables.
    declared: HashSet<&'a str>,
    /// Pointers of the first node and edge with each id.
    node_ids: HashMap<&'a str, String>,
    edge_ids: HashMap<&'a str, String>,
    /// Ids of the components of the tree that is being walked.
    tree_ids: HashSet<&'a str>,
    /// Variables that were warned about already.
    undeclared: HashSet<&'a str>,
    findings: Findings,
}

/// Names the first place that is too deep; false when there is one.
fn check_depth(findings: &mut Findings, place: &Place<'_>, value: &Value, depth: usize) -> bool {
    let is_container = value.is_object() || value.is_array();
    if is_container && depth > DEPTH_MAX {
        findings.error(place, "too_deep", || format!("Objects and arrays may be nested {DEPTH_MAX} deep"));
        return false;
    }
    match value {
        Value::Object(members) => {
            members.iter().all(|(name, value)| check_depth(findings, &place.member(name), value, depth + 1))
        }
        Value::Array(items) => {
            items.iter().enumerate().all(|(index, item)| check_depth(findings, &place.item(index), item, depth + 1))
        }
        _ => true,
    }
}

fn declared(schema: &Value) -> HashSet<&str> {
    items(schema, "variables").filter_map(|(_, variable)| text(variable, "key")).collect()
}
