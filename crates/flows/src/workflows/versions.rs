//! Versions of a workflow, its draft, and what differs between them (console contract, section 5.3).

use floe_model::Fault;
use floe_model::flows::VersionStatus;
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;
use floe_store::flows::versions::{self, VersionRow};
use floe_store::flows::{documents, workflow_versions};
use serde_json::{Map, Value};

use super::access::visible;
use super::compare::{Difference, compare};
use super::content::original_of;
use crate::definitions::{Page, VersionWord};

/// A version of a workflow.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its row.
    pub row: VersionRow,
    /// Whether it is the one in force.
    pub is_latest: bool,
    /// Revision of the workflow.
    pub revision: u64,
    /// How many errors it has.
    pub errors: u32,
    /// The stored record form; lists leave it out.
    pub definition: Option<Value>,
    /// What validation said; lists leave it out.
    pub problems: Option<Value>,
}

/// In which form a workflow leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The stored record form.
    Record,
    /// The canvas form.
    Canvas,
    /// The text as it came in.
    Original,
}

impl Form {
    /// Every word.
    pub const WORDS: &'static [&'static str] = &["record", "canvas", "original"];

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "record" => Some(Self::Record),
            "canvas" => Some(Self::Canvas),
            "original" => Some(Self::Original),
            _ => None,
        }
    }
}

/// Published versions of a workflow, the newest first: up to `limit` from `skip` on.
///
/// # Errors
/// 404 for a workflow that is not there or may not be seen.
pub fn list_versions(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    id: FlowId,
    limit: usize,
    skip: usize,
) -> Result<Page<Version>, Fault> {
    let flow = visible(tx, ctx, id)?;
    let (rows, total) = versions::list(tx, flow.workspace, id, Some(VersionStatus::Published), limit, skip)?;
    let data = rows.into_iter().map(|row| outline(tx, &flow, row)).collect::<Result<Vec<_>, Fault>>()?;
    Ok(Page { data, total })
}

/// One version with its definition.
///
/// # Errors
/// 404 for a workflow or version that is not there or may not be seen.
pub fn version(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId, word: VersionWord) -> Result<Version, Fault> {
    let flow = visible(tx, ctx, id)?;
    let number = match word {
        VersionWord::Number(number) => Some(number),
        VersionWord::Latest => flow.pointers.latest,
        VersionWord::Draft => flow.pointers.draft,
    };
    whole(tx, &flow, number)
}

/// What an editor opens: the draft, else the version in force.
///
/// # Errors
/// 404 for a workflow that is not there or may not be seen.
pub fn edited(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<Version, Fault> {
    let flow = visible(tx, ctx, id)?;
    whole(tx, &flow, flow.pointers.draft.or(flow.pointers.latest))
}

/// What is different from one version of a workflow to another.
///
/// # Errors
/// 404 for a workflow or version that is not there or may not be seen.
pub fn differences(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    id: FlowId,
    from: VersionWord,
    to: VersionWord,
) -> Result<Vec<Difference>, Fault> {
    let (before, after) = (version(tx, ctx, id, from)?, version(tx, ctx, id, to)?);
    Ok(compare(&before.definition.unwrap_or_default(), &after.definition.unwrap_or_default()))
}

/// A workflow as a file, with the name of the workflow: of the version that is named, else of the one in force.
///
/// # Errors
/// 404 for a workflow or version that is not there or may not be seen.
pub fn export(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    id: FlowId,
    form: Form,
    word: Option<VersionWord>,
) -> Result<(String, String), Fault> {
    let found = version(tx, ctx, id, word.unwrap_or(VersionWord::Latest))?;
    let name = found.row.name.clone();
    let definition = labelled(found.definition.unwrap_or_default(), &found.row);
    let text = match form {
        Form::Record => pretty(&definition)?,
        Form::Canvas => pretty(&floe_engine::lang::graph::canvas(&definition))?,
        Form::Original => original_of(tx, found.row.workspace, id, found.row.version)?,
    };
    Ok((name, text))
}

/// A definition that begins with what the version calls itself.
fn labelled(definition: Value, row: &VersionRow) -> Value {
    let Value::Object(members) = definition else { return definition };
    let mut labelled = Map::new();
    labelled.insert("name".to_owned(), row.name.clone().into());
    if !row.description.is_empty() {
        labelled.insert("description".to_owned(), row.description.clone().into());
    }
    for (name, value) in members {
        labelled.entry(name).or_insert(value);
    }
    Value::Object(labelled)
}

fn pretty(value: &Value) -> Result<String, Fault> {
    serde_json::to_string_pretty(value).map_err(Fault::internal)
}

fn whole(tx: &mut Tx<'_>, flow: &FlowRow, number: Option<u32>) -> Result<Version, Fault> {
    let number = number.ok_or_else(|| Fault::not_found("Version"))?;
    let row = versions::find(tx, flow.workspace, flow.id, number)?.ok_or_else(|| Fault::not_found("Version"))?;
    let text = documents::find(tx, flow.workspace, &row.document_hash)?;
    let text = text.ok_or_else(|| Fault::internal(format!("workflow {} lost version {number}", flow.id)))?;
    let kept = workflow_versions::find(tx, flow.workspace, flow.id, number)?;
    let problems = kept.as_ref().map_or("[]", |kept| kept.problems.as_str());
    let problems = serde_json::from_str(problems).map_err(Fault::internal)?;
    let definition = serde_json::from_str(&text).map_err(Fault::internal)?;
    Ok(Version { definition: Some(definition), problems: Some(problems), ..outline(tx, flow, row)? })
}

fn outline(tx: &mut Tx<'_>, flow: &FlowRow, row: VersionRow) -> Result<Version, Fault> {
    let kept = workflow_versions::find(tx, flow.workspace, flow.id, row.version)?;
    Ok(Version {
        is_latest: flow.pointers.latest == Some(row.version),
        revision: flow.revision,
        errors: kept.map_or(0, |kept| kept.errors),
        definition: None,
        problems: None,
        row,
    })
}
