//! Screen flows and their versions.

use std::collections::HashSet;

use floe_model::hex;
use floe_model::id::{ScreenFlowId, ScreenVersionId};
use floe_model::placements::app::FlowKind;
use floe_model::placements::compact::compact;
use floe_model::placements::screen::{self, SCHEMA_BYTES_MAX, Stored};
use floe_model::{FieldProblem, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::super::document::{FlowPart, VersionPart};
use super::Problems;

/// Characters of the name of a screen flow at most.
const NAME_MAX: usize = 120;
/// Characters of the note of a version at most.
const NOTE_MAX: usize = 1_000;

/// Versions of all screen flows of a document at most.
const VERSIONS_MAX: usize = 10_000;

/// A screen flow of a document.
#[derive(Debug)]
pub(in super::super) struct Flow {
    pub(in super::super) id: ScreenFlowId,
    pub(in super::super) name: String,
    pub(in super::super) kind: FlowKind,
    pub(in super::super) draft: String,
    /// By their numbers.
    pub(in super::super) versions: Vec<Version>,
}

/// A version of a document.
#[derive(Debug)]
pub(in super::super) struct Version {
    pub(in super::super) id: ScreenVersionId,
    pub(in super::super) number: i64,
    pub(in super::super) note: Option<String>,
    pub(in super::super) published_by: Option<String>,
    pub(in super::super) published_at: Timestamp,
    pub(in super::super) schema: String,
    pub(in super::super) sha256: String,
    /// JSON text.
    pub(in super::super) warnings: String,
    pub(in super::super) fonts: Vec<screen::FontUse>,
}

pub(super) fn prepare(parts: Vec<FlowPart>, problems: &mut Problems) -> Vec<Flow> {
    if parts.iter().map(|part| part.versions.len()).sum::<usize>() > VERSIONS_MAX {
        let message = format!("flows must have at most {VERSIONS_MAX} versions together");
        let _: Option<()> = problems.add("/flows", "length", message);
        return Vec::new();
    }
    let (mut flows, mut versions) = (HashSet::new(), HashSet::new());
    let mut prepared = Vec::with_capacity(parts.len());
    for (index, part) in parts.into_iter().enumerate() {
        let path = format!("/flows/{index}");
        problems.once(&mut flows, format!("{path}/id"), part.id);
        prepared.extend(flow(part, &path, &mut versions, problems));
    }
    prepared
}

fn flow(part: FlowPart, path: &str, ids: &mut HashSet<ScreenVersionId>, problems: &mut Problems) -> Option<Flow> {
    problems.text(&format!("{path}/name"), &part.name, 1, NAME_MAX);
    let kind = problems.word(&format!("{path}/type"), FlowKind::parse(&part.kind), FlowKind::ALL);
    let draft = compact(part.draft.get());
    let draft_path = format!("{path}/draft");
    if !draft.starts_with('{') {
        let _: Option<()> = problems.add(draft_path, "type", "draft must be an object".to_owned());
    } else if draft.len() > SCHEMA_BYTES_MAX {
        let _: Option<()> =
            problems.add(draft_path, "length", format!("draft must have at most {SCHEMA_BYTES_MAX} bytes"));
    }
    let mut numbers = HashSet::new();
    let mut versions = Vec::with_capacity(part.versions.len());
    for (index, part) in part.versions.into_iter().enumerate() {
        let path = format!("{path}/versions/{index}");
        problems.once(ids, format!("{path}/id"), part.id);
        problems.once(&mut numbers, format!("{path}/flow_version"), part.flow_version);
        versions.extend(version(part, &path, problems));
    }
    versions.sort_by_key(|version| version.number);
    Some(Flow { id: part.id, name: part.name, kind: kind?, draft, versions })
}

fn version(part: VersionPart, path: &str, problems: &mut Problems) -> Option<Version> {
    if part.flow_version < 1 {
        return problems.add(format!("{path}/flow_version"), "range", "flow_version must be 1 or more".to_owned());
    }
    if let Some(note) = &part.note {
        problems.text(&format!("{path}/note"), note, 0, NOTE_MAX);
    }
    if let Some(name) = &part.published_by {
        problems.text(&format!("{path}/published_by"), name, 0, NOTE_MAX);
    }
    let schema = compact(part.flow_schema.get());
    let value = parsed(&part.flow_schema, &format!("{path}/flow_schema"), problems)?;
    // What is uploaded here is not looked at: the same version was warned about where it was published.
    let findings = screen::check(&value, schema.len(), &Stored::unknown());
    if !findings.is_publishable() {
        let errors = findings.errors.into_iter();
        let errors = errors.map(|one| FieldProblem::new(format!("/flow_schema{}", one.pointer), one.code, one.message));
        problems.extend(path, errors.collect());
        return None;
    }
    Some(Version {
        id: part.id,
        number: part.flow_version,
        note: part.note.filter(|note| !note.is_empty()),
        published_by: part.published_by,
        published_at: part.published_at,
        sha256: hex::encode(&Sha256::digest(schema.as_bytes())),
        warnings: serde_json::to_string(&findings.warnings).unwrap_or_else(|_| "[]".to_owned()),
        fonts: screen::fonts_used(&value),
        schema,
    })
}

fn parsed(schema: &RawValue, path: &str, problems: &mut Problems) -> Option<Value> {
    match serde_json::from_str(schema.get()) {
        Ok(value) => Some(value),
        Err(error) => problems.add(path, "invalid", format!("flow_schema cannot be read: {error}")),
    }
}
