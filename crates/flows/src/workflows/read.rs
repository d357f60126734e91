//! Reading workflows, and flows as workflows (workflow API contract, section 8.1).
//!
//! The workflow API shows automations of both languages, as far as they have a published version: what it says of a flow of steps is
//! worked out from its plan.

use floe_engine::inputs::{InputField, InputKind};
use floe_engine::plan::Plan;
use floe_model::Fault;
use floe_model::flows::{Activity, Engine};
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;
use floe_store::flows::{automations, documents, versions, workflow_versions};
use serde_json::{Map, Value, json};

use super::access::visible;
use super::automations::activity_of;
use super::ids::{find_id, named, not_found, shown_id};
use crate::Flows;
use crate::definitions::{Page, visible_automation};
use crate::runs::Plans;

/// A workflow as it is shown; of its definition only what it takes.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Its row.
    pub flow: FlowRow,
    /// Its id as it is shown.
    pub shown_id: String,
    /// Number of the version in force; of a flow without one 0.
    pub version: u32,
    /// Its inputs by name; none when it takes none.
    pub inputs: Option<Value>,
    /// JSON Schema of its inputs.
    pub input_schema: Value,
    /// What validation said of the version in force.
    pub problems: Value,
}

impl Workflow {
    /// Whether it may be started.
    #[must_use]
    pub fn activity(&self) -> Activity {
        activity_of(&self.flow)
    }

    /// What it is for, if somebody said so.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        Some(self.flow.description.as_str()).filter(|text| !text.is_empty())
    }

    /// The workflow object of the workflow API.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.shown_id,
            "name": self.flow.name,
            "description": self.description(),
            "version": self.version,
            "status": self.activity().as_str(),
            "inputs": self.inputs,
            "input_schema": self.input_schema,
            "created_at": self.flow.created_at,
            "updated_at": self.flow.updated_at,
        })
    }
}

/// A workflow in the graph language.
///
/// # Errors
/// 404 for one that is not there, was deleted, or may not be seen.
pub fn get(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<Workflow, Fault> {
    let flow = visible(tx, ctx, id)?;
    read(tx, flow)
}

/// What is shown of a workflow's row.
pub(super) fn read(tx: &mut Tx<'_>, flow: FlowRow) -> Result<Workflow, Fault> {
    let latest = flow.pointers.latest.unwrap_or(0);
    let kept = workflow_versions::find(tx, flow.workspace, flow.id, latest)?;
    let kept = kept.ok_or_else(|| Fault::internal(format!("workflow {} lost version {latest}", flow.id)))?;
    let parse = |text: &str| serde_json::from_str::<Value>(text).map_err(Fault::internal);
    Ok(Workflow {
        shown_id: shown_id(tx, flow.workspace, flow.id)?,
        version: latest,
        inputs: kept.inputs.as_deref().map(parse).transpose()?,
        input_schema: parse(&kept.input_schema)?,
        problems: parse(&kept.problems)?,
        flow,
    })
}

impl Flows {
    /// Automations that the workflow API shows, the newest first: page `page` (from 1) of `per_page` each.
    ///
    /// # Errors
    /// Of the database.
    pub async fn workflows_page(&self, ctx: &Ctx, page: u64, per_page: u64) -> Result<Page<Workflow>, Fault> {
        let (caller, plans) = (ctx.clone(), std::sync::Arc::clone(&self.plans));
        let skip = page.saturating_sub(1).saturating_mul(per_page);
        let limit = usize::try_from(per_page).unwrap_or(automations::PAGE_MAX);
        ctx.store
            .read(move |tx| {
                let (rows, total) = automations::published(tx, caller.caller.workspace, limit, skip)?;
                let data = rows.into_iter().map(|flow| either(tx, &plans, flow)).collect::<Result<Vec<_>, Fault>>()?;
                Ok(Page { data, total })
            })
            .await
    }

    /// One automation that the workflow API shows, by its id in any spelling.
    ///
    /// # Errors
    /// 404 for one that is not there, may not be seen, or has no published version.
    pub async fn workflow(&self, ctx: &Ctx, id: &str) -> Result<Workflow, Fault> {
        let (caller, plans, id) = (ctx.clone(), std::sync::Arc::clone(&self.plans), id.to_owned());
        ctx.store
            .read(move |tx| {
                let flow = find_id(tx, caller.caller.workspace, &id)?;
                let (flow, ..) = visible_automation(tx, &caller, flow).map_err(|fault| named(fault, &id))?;
                if flow.pointers.latest.is_none() {
                    return Err(not_found(&id));
                }
                either(tx, &plans, flow)
            })
            .await
    }
}

/// What is shown of an automation of either language that has a version in force.
fn either(tx: &mut Tx<'_>, plans: &Plans, flow: FlowRow) -> Result<Workflow, Fault> {
    match flow.engine {
        Engine::Workflow => read(tx, flow),
        Engine::Flow => of_steps(tx, plans, flow),
    }
}

/// A flow of steps as a workflow: it takes what its `api` trigger takes, else what its first one does.
fn of_steps(tx: &mut Tx<'_>, plans: &Plans, flow: FlowRow) -> Result<Workflow, Fault> {
    let latest = flow.pointers.latest.unwrap_or(0);
    let version = versions::find(tx, flow.workspace, flow.id, latest)?;
    let version = version.ok_or_else(|| Fault::internal(format!("flow {} lost version {latest}", flow.id)))?;
    let plan = match plans.known(&version.document_hash) {
        Some(plan) => Some(plan),
        None => {
            let text = documents::find(tx, flow.workspace, &version.document_hash)?.unwrap_or_default();
            // What was published always lowers; a step type that is gone since takes no inputs.
            plans.compile(version.document_hash, &text).ok()
        }
    };
    let fields = plan.as_deref().map(declared).unwrap_or_default();
    let inputs: Map<String, Value> = fields.iter().map(|field| (field.key.clone(), described(field))).collect();
    Ok(Workflow {
        shown_id: shown_id(tx, flow.workspace, flow.id)?,
        version: latest,
        inputs: (!inputs.is_empty()).then_some(Value::Object(inputs)),
        input_schema: schema(fields),
        problems: json!([]),
        flow,
    })
}

fn declared(plan: &Plan) -> &[InputField] {
    let entry = plan.entries.iter().find(|entry| entry.kind == "api").or_else(|| plan.entries.first());
    entry.map_or(&[], |entry| &entry.inputs)
}

/// An input of a flow in the words of the workflow API.
fn described(field: &InputField) -> Value {
    let kind = match field.kind {
        InputKind::Number => "number",
        InputKind::Boolean => "boolean",
        InputKind::Select => "select",
        InputKind::MultiSelect | InputKind::Json | InputKind::Array => "json",
        InputKind::File => "file",
        InputKind::Text | InputKind::LongText | InputKind::Date | InputKind::Email | InputKind::Url => "text",
    };
    let mut object = json!({
        "type": kind, "label": field.key, "required": field.required && field.default.is_none(), "description": null,
    });
    if !field.options.is_empty() {
        object["options"] = field.options.clone().into();
    }
    if let Some(default) = &field.default {
        object["default"] = default.clone();
    }
    object
}

fn schema(fields: &[InputField]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        let mut property = match field.kind {
            InputKind::Number => json!({ "type": "number" }),
            InputKind::Boolean => json!({ "type": "boolean" }),
            InputKind::Select => json!({ "type": "string", "enum": field.options }),
            InputKind::MultiSelect => json!({ "type": "array", "items": { "enum": field.options } }),
            InputKind::Array => json!({ "type": "array" }),
            InputKind::File => json!({ "type": "object" }),
            InputKind::Json => json!({}),
            InputKind::Text | InputKind::LongText | InputKind::Date | InputKind::Email | InputKind::Url => {
                json!({ "type": "string" })
            }
        };
        if let Some(default) = &field.default {
            property["default"] = default.clone();
        } else if field.required {
            required.push(field.key.clone());
        }
        properties.insert(field.key.clone(), property);
    }
    json!({ "type": "object", "properties": properties, "required": required })
}
