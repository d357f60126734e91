//! The choices of one field of a step.

use floe_engine::builtin;
use floe_engine::catalog::{Catalog, Choices, FieldKind, StepSpec};
use floe_engine::lang::steps::LINKS;
use floe_model::Fault;
use floe_model::flows::VersionStatus;
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_runtime::directory::{Choice, Named};
use floe_store::Tx;
use floe_store::access::variables;
use floe_store::flows::flows::{FlowFilter, FlowOrder};
use serde_json::{Map, Value};

use super::names;
use crate::definitions::{self, Known, VersionWord};

/// Choices of one answer unless asked otherwise.
pub const LIMIT: usize = 50;
/// Choices of one answer at most.
pub const LIMIT_MAX: usize = 100;
/// Versions of a flow that are offered at most: the newest.
const VERSIONS_MAX: usize = 200;

/// Which choices are asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Type of the step.
    pub step_type: String,
    /// Key of the field.
    pub field: String,
    /// The step's configuration so far.
    pub data: Map<String, Value>,
    /// The flow that is edited.
    pub flow: Option<FlowId>,
    /// Text in the label, in lower case.
    pub search: Option<String>,
    /// Choices at most.
    pub limit: usize,
    /// Choices to be passed over.
    pub skip: usize,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What is shown.
    pub label: String,
    /// What goes into the field.
    pub value: String,
    /// More about it.
    pub description: Option<String>,
    /// What it stands with.
    pub group: Option<String>,
}

/// Part of the choices, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    /// The part.
    pub items: Vec<Item>,
    /// All that fit the search.
    pub total: usize,
}

impl Item {
    /// A choice that is what it is called.
    pub(super) fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into(), description: None, group: None }
    }

    /// The same with more about it; an empty text is nothing.
    pub(super) fn about(mut self, description: &str) -> Self {
        self.description = Some(description.to_owned()).filter(|text| !text.is_empty());
        self
    }

    /// The same in a group.
    pub(super) fn among(mut self, group: &str) -> Self {
        self.group = Some(group.to_owned());
        self
    }
}

/// The choices of a field.
///
/// # Errors
/// 400 for a step type or field that is not there, and for a field without choices; 404 for a flow that may not be seen.
pub fn items(tx: &mut Tx<'_>, ctx: &Ctx, known: &impl Known, asked: &Asked) -> Result<Items, Fault> {
    let choices = choices_of(known.catalog(), asked)?;
    if choices == Choices::Flows {
        return flows(tx, ctx, asked);
    }
    let all = match choices {
        Choices::FlowVersions => versions(tx, ctx, asked)?,
        Choices::Steps => names::steps(&definition(tx, ctx, asked)?),
        Choices::ContextNames => names::context(&definition(tx, ctx, asked)?),
        Choices::Secrets => secrets(tx, ctx)?,
        Choices::Models => held(tx, ctx, known, Named::Model)?,
        Choices::Agents => held(tx, ctx, known, Named::Agent)?,
        Choices::Tools => held(tx, ctx, known, Named::Tool)?,
        Choices::KnowledgeBases => held(tx, ctx, known, Named::KnowledgeBase)?,
        Choices::ToolActions => actions(tx, ctx, known, asked)?,
        Choices::Flows => Vec::new(),
    };
    let fits = |item: &Item| asked.search.as_ref().is_none_or(|text| item.label.to_lowercase().contains(text));
    let fitting: Vec<Item> = all.into_iter().filter(fits).collect();
    let total = fitting.len();
    Ok(Items { items: fitting.into_iter().skip(asked.skip).take(asked.limit).collect(), total })
}

fn choices_of(catalog: &Catalog, asked: &Asked) -> Result<Choices, Fault> {
    let trigger = builtin::TRIGGERS.iter().find(|spec| spec.key == asked.step_type);
    let spec: Option<&StepSpec> = catalog.get(&asked.step_type).or(trigger);
    let spec = spec.ok_or_else(|| {
        Fault::field("/stepType", "unknown", format!("There is no step type {}", shortened(&asked.step_type)))
    })?;
    // Where a step goes on is a field of every step.
    if LINKS.contains(&asked.field.as_str()) {
        return Ok(Choices::Steps);
    }
    let field = spec.field(&asked.field);
    let unknown = || {
        let message = format!("{} has no field {}", spec.key, shortened(&asked.field));
        Fault::field("/field", "unknown", message)
    };
    let field = field.ok_or_else(unknown)?;
    let of_kind = (field.kind == FieldKind::StepRef).then_some(Choices::Steps);
    let without = || Fault::field("/field", "value", format!("The field {} has no choices", field.key));
    field.choices.or(of_kind).ok_or_else(without)
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Flows that the caller may see; searched in the store.
fn flows(tx: &mut Tx<'_>, ctx: &Ctx, asked: &Asked) -> Result<Items, Fault> {
    let filter = FlowFilter { text: asked.search.clone(), ..FlowFilter::default() };
    let order = FlowOrder::Name { descending: false };
    let page = definitions::list(tx, ctx, &filter, order, asked.limit, asked.skip)?;
    let item = |record: definitions::Record| {
        let flow = record.flow;
        let is_published = flow.pointers.latest.is_some();
        let group = if is_published { VersionStatus::Published } else { VersionStatus::Draft };
        Item::new(flow.name, flow.id.to_string()).about(&flow.description).among(group.as_str())
    };
    let total = usize::try_from(page.total).unwrap_or(usize::MAX);
    Ok(Items { items: page.data.into_iter().map(item).collect(), total })
}

/// Published versions of the flow that the step's `flowId` names.
fn versions(tx: &mut Tx<'_>, ctx: &Ctx, asked: &Asked) -> Result<Vec<Item>, Fault> {
    let named = asked.data.get("flowId").and_then(Value::as_str).and_then(|id| FlowId::parse(id).ok());
    let Some(flow) = named else { return Ok(vec![Item::new("Latest", "latest")]) };
    let status = Some(VersionStatus::Published);
    let page = definitions::list_versions(tx, ctx, flow, status, false, VERSIONS_MAX, 0)?;
    let latest = page.data.iter().find(|version| version.is_latest);
    let latest = latest.map_or_else(|| "Latest".to_owned(), |one| format!("Latest ({})", one.row.version));
    let one = |version: definitions::VersionRecord| {
        let number = version.row.version;
        Item::new(format!("Version {number}"), number.to_string()).about(&version.row.summary)
    };
    Ok(std::iter::once(Item::new(latest, "latest")).chain(page.data.into_iter().map(one)).collect())
}

/// What another slice holds.
fn held(tx: &mut Tx<'_>, ctx: &Ctx, known: &impl Known, kind: Named) -> Result<Vec<Item>, Fault> {
    let Some(directory) = known.directory() else { return Ok(Vec::new()) };
    Ok(directory.choices(tx, ctx.caller.workspace, kind)?.into_iter().map(offered).collect())
}

/// What the tool that the step's `toolId` names can be asked.
fn actions(tx: &mut Tx<'_>, ctx: &Ctx, known: &impl Known, asked: &Asked) -> Result<Vec<Item>, Fault> {
    let tool = asked.data.get("toolId").and_then(Value::as_str);
    let (Some(tool), Some(directory)) = (tool, known.directory()) else { return Ok(Vec::new()) };
    Ok(directory.actions(tx, ctx.caller.workspace, tool)?.into_iter().map(offered).collect())
}

fn offered(choice: Choice) -> Item {
    let item = Item::new(choice.label, choice.value).about(&choice.description);
    Item { group: choice.group, ..item }
}

/// Names of secrets and variables; never their values.
fn secrets(tx: &mut Tx<'_>, ctx: &Ctx) -> Result<Vec<Item>, Fault> {
    let names = variables::names(tx, ctx.caller.workspace)?;
    let item = |(name, description, is_secret): (String, String, bool)| {
        let value = format!("{{{{secrets.{name}}}}}");
        Item::new(name, value).about(&description).among(if is_secret { "secrets" } else { "variables" })
    };
    Ok(names.into_iter().map(item).collect())
}

/// What is edited of the flow that is named: its draft, else its latest version; nothing without a flow.
fn definition(tx: &mut Tx<'_>, ctx: &Ctx, asked: &Asked) -> Result<Value, Fault> {
    let Some(id) = asked.flow else { return Ok(Value::Null) };
    let (flow, ..) = definitions::visible(tx, ctx, id)?;
    let Some(number) = flow.pointers.draft.or(flow.pointers.latest) else { return Ok(Value::Null) };
    let version = definitions::version(tx, ctx, id, VersionWord::Number(number))?;
    serde_json::from_str(&version.definition.unwrap_or_default()).map_err(Fault::internal)
}
