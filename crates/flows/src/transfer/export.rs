//! A flow as a document.

use floe_engine::lang::steps::{NeedKind, needs};
use floe_model::Fault;
use floe_model::flows::FlowSettings;
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;
use serde_json::{Map, Value, json};

use super::document::{FORMAT, FORMAT_VERSION, checksum};
use crate::definitions::{VersionWord, version, visible};

/// A document with the name of its flow.
#[derive(Debug, Clone)]
pub struct Exported {
    /// Name of the flow.
    pub name: String,
    /// The document.
    pub document: Value,
}

/// What is taken of a version.
pub(super) struct Chosen {
    /// Its number; none for a flow without versions.
    pub(super) number: Option<u32>,
    pub(super) name: String,
    pub(super) description: String,
    /// JSON text.
    pub(super) definition: String,
    /// JSON text.
    pub(super) settings: String,
}

/// The document of a flow: of the version that is named, else of what a read of the flow shows.
///
/// # Errors
/// 404 for a flow or version that is not there or may not be seen.
pub fn export(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId, word: Option<VersionWord>) -> Result<Exported, Fault> {
    let (flow, ..) = visible(tx, ctx, id)?;
    let chosen = choose(tx, ctx, &flow, word)?;
    let parse = |text: &str| serde_json::from_str::<Value>(text).map_err(Fault::internal);
    let definition = parse(&chosen.definition)?;
    let requirements = requirements(&definition, &FlowSettings::stored(&chosen.settings));
    let content = json!({
        "name": chosen.name, "description": chosen.description, "icon": flow.icon, "tags": parse(&flow.tags)?,
        "definition": definition, "settings": parse(&chosen.settings)?,
    });
    let document = json!({
        "format": FORMAT, "formatVersion": FORMAT_VERSION, "exportedAt": ctx.now(),
        "source": { "flowId": id, "version": chosen.number },
        "flow": content, "requirements": requirements, "checksum": checksum(&content),
    });
    Ok(Exported { name: chosen.name, document })
}

/// The version that is named, else the draft, else the latest one.
pub(super) fn choose(tx: &mut Tx<'_>, ctx: &Ctx, flow: &FlowRow, word: Option<VersionWord>) -> Result<Chosen, Fault> {
    let shown = flow.pointers.draft.or(flow.pointers.latest).map(VersionWord::Number);
    let Some(word) = word.or(shown) else {
        let (name, description, settings) = (flow.name.clone(), flow.description.clone(), flow.settings.clone());
        return Ok(Chosen { number: None, name, description, definition: r#"{"steps":[]}"#.to_owned(), settings });
    };
    let record = version(tx, ctx, flow.id, word)?;
    let definition = record.definition.ok_or_else(|| Fault::internal("a version was read without its definition"))?;
    let row = record.row;
    let (name, description, settings) = (row.name, row.description, row.settings);
    Ok(Chosen { number: Some(row.version), name, description, definition, settings })
}

/// Everything that a flow names, in a list for each kind.
fn requirements(definition: &Value, settings: &FlowSettings) -> Value {
    let mut lists: Map<String, Value> =
        NeedKind::ALL.iter().map(|kind| (kind.as_str().to_owned(), Value::Array(Vec::new()))).collect();
    for (kind, name) in named(definition, settings) {
        if let Some(Value::Array(list)) = lists.get_mut(kind.as_str()) {
            list.push(name.into());
        }
    }
    Value::Object(lists)
}

/// What a definition and the settings beside it name, each once.
pub(super) fn named(definition: &Value, settings: &FlowSettings) -> Vec<(NeedKind, String)> {
    let mut named = needs(definition);
    if let Some(flow) = settings.error_flow_id {
        let entry = (NeedKind::Flow, flow.to_string());
        if !named.contains(&entry) {
            named.push(entry);
        }
    }
    named
}
