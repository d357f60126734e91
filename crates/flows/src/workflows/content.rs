//! A file that describes a workflow, as it is kept: the stored record form, the text as it came in, and what validation said
//! (workflow API contract, sections 13 and 20).

use floe_engine::catalog::Catalog;
use floe_engine::lang::graph::{self, GraphProblem, TriggerNode};
use floe_model::flows::{DESCRIPTION_MAX, NAME_MAX, TAG_MAX, TAGS_MAX};
use floe_model::id::{FlowId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_store::Tx;
use floe_store::flows::documents;
use floe_store::flows::workflow_versions::{self, WorkflowVersion};
use serde_json::{Map, Value};

use crate::definitions::has_nul;

/// Bytes of a definition at most (workflow API contract, section 23).
pub const DEFINITION_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Name of a workflow whose file gives none.
const UNNAMED: &str = "Untitled workflow";

/// A file that was read and checked. Made before the transaction, since the checks take time.
#[derive(Debug, Clone)]
pub struct Content {
    /// The text as it came in.
    pub original: String,
    /// The stored record form as compact JSON text.
    pub record: String,
    /// What validation said.
    pub problems: Vec<GraphProblem>,
    /// How many of them are errors.
    pub errors: usize,
    /// Its inputs by name; none when it takes none.
    pub inputs: Option<Value>,
    /// JSON Schema of its inputs.
    pub input_schema: Value,
    /// Its triggers.
    pub triggers: Vec<TriggerNode>,
    /// The name that it gives itself.
    pub name: Option<String>,
    /// What it says it is for.
    pub description: Option<String>,
    /// The tags that it gives itself.
    pub tags: Vec<String>,
}

impl Content {
    /// Takes a file of either shape, also wrapped.
    ///
    /// # Errors
    /// 400 for anything but an object with `nodes` or a `definition`; 413 for more than [`DEFINITION_BYTES_MAX`].
    pub fn take(original: String, file: &Value, catalog: &Catalog) -> Result<Self, Fault> {
        if original.len() > DEFINITION_BYTES_MAX {
            let message = format!("The definition has more than {DEFINITION_BYTES_MAX} bytes");
            return Err(Fault::new(FaultKind::TooLarge, "payload_too_large", message));
        }
        let Value::Object(map) = file else {
            return Err(Fault::field("", "type", "The definition must be a JSON object"));
        };
        if !map.contains_key("nodes") && !map.get("definition").is_some_and(Value::is_object) {
            return Err(Fault::field("/nodes", "required", "The file holds no workflow: nodes is missing"));
        }
        if has_nul(file) {
            return Err(Fault::field("", "characters", "The definition holds the NUL character"));
        }
        let compiled = graph::compile(file, catalog.nodes());
        let errors = compiled.errors();
        let mut record = compiled.record;
        // The language of a stored definition is told from this member.
        if let Value::Object(map) = &mut record
            && !map.get("nodes").is_some_and(Value::is_object)
        {
            map.insert("nodes".to_owned(), Map::new().into());
        }
        let cut = |text: String, most: usize| text.trim().chars().take(most).collect::<String>();
        Ok(Self {
            original,
            record: record.to_string(),
            problems: compiled.problems,
            errors,
            inputs: compiled.inputs,
            input_schema: compiled.input_schema,
            triggers: compiled.triggers,
            name: compiled.name.map(|name| cut(name, NAME_MAX)).filter(|name| !name.is_empty()),
            description: compiled.description.map(|text| cut(text, DESCRIPTION_MAX)).filter(|text| !text.is_empty()),
            tags: tags_of(map),
        })
    }

    /// The file of a version that was written before.
    ///
    /// # Errors
    /// Of the database, and when the version has no original.
    pub(super) fn stored(
        tx: &mut Tx<'_>,
        catalog: &Catalog,
        workspace: WorkspaceId,
        flow: FlowId,
        version: u32,
    ) -> Result<Self, Fault> {
        let original = original_of(tx, workspace, flow, version)?;
        let file = serde_json::from_str(&original).map_err(Fault::internal)?;
        Self::take(original, &file, catalog)
    }

    /// The name that the file gives, or a stand-in.
    #[must_use]
    pub fn name_or_default(&self) -> String {
        self.name.clone().unwrap_or_else(|| UNNAMED.to_owned())
    }

    /// Types of its triggers, each once, as JSON.
    #[must_use]
    pub fn trigger_kinds(&self) -> String {
        let mut kinds: Vec<&str> = Vec::new();
        for trigger in &self.triggers {
            if !kinds.contains(&trigger.kind) {
                kinds.push(trigger.kind);
            }
        }
        Value::from(kinds).to_string()
    }

    /// Keeps what was found out about it, for a version.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn keep(
        &self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
        flow: FlowId,
        version: u32,
    ) -> Result<(), Fault> {
        let row = WorkflowVersion {
            workspace,
            flow,
            version,
            original_hash: documents::put(tx, workspace, &self.original)?,
            problems: serde_json::to_string(&self.problems).map_err(Fault::internal)?,
            errors: u32::try_from(self.errors).unwrap_or(u32::MAX),
            inputs: self.inputs.as_ref().map(Value::to_string),
            input_schema: self.input_schema.to_string(),
        };
        workflow_versions::put(tx, &row)
    }
}

/// The text of a version as it came in.
///
/// # Errors
/// Of the database, and when the version has none.
pub(super) fn original_of(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    flow: FlowId,
    version: u32,
) -> Result<String, Fault> {
    let lost = || Fault::internal(format!("workflow {flow} version {version} has no original"));
    let kept = workflow_versions::find(tx, workspace, flow, version)?.ok_or_else(lost)?;
    documents::find(tx, workspace, &kept.original_hash)?.ok_or_else(lost)
}

/// Tags of a file, as far as they are such as flows take.
fn tags_of(file: &Map<String, Value>) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in file.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        let tag = tag.trim();
        if !tag.is_empty() && tag.chars().count() <= TAG_MAX && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags.truncate(TAGS_MAX);
    tags
}
