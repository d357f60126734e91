//! What the holder of a share link is told of the flow.

use floe_engine::inputs::InputKind;
use floe_engine::plan::Plan;
use floe_model::access::Caller;
use floe_model::id::{FlowId, RunId, ShareId, WorkspaceId};
use floe_model::{Fault, Mode};
use floe_store::Tx;
use floe_store::flows::flows::{self, FlowRow};
use floe_store::flows::runs;
use floe_store::flows::shares::{self, ShareRow};
use serde_json::{Map, Value};

use crate::Flows;
use crate::definitions::{Resolved, VersionChoice, mode_of, resolve, trigger_data};
use crate::runs::choose_entry;

/// What is shown of a declared input.
const SHOWN_OF_INPUT: [&str; 7] = ["key", "label", "type", "required", "default", "options", "description"];

/// A link that works: its flow is there and published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    /// The workspace of the flow.
    pub workspace: WorkspaceId,
    /// The flow.
    pub flow: FlowId,
    /// The link.
    pub share: ShareId,
    /// Whether its runs are live or test: what the trigger says.
    pub mode: Mode,
}

/// A flow as strangers see it: no ids, no definition, no owner.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareForm {
    /// Name of the flow.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// A word, an emoji or an address.
    pub icon: Option<String>,
    /// Declared inputs: objects of `key`, `label`, `type`, `required`, `default`, `options`, `description`.
    pub inputs: Vec<Value>,
    /// Title of the form.
    pub title: Option<String>,
    /// Text of its button.
    pub submit_label: Option<String>,
    /// Whether an input is a file.
    pub requires_files: bool,
}

/// The flow that the link with this keyed hash opens, as it runs now.
///
/// # Errors
/// 404, alike for a link that never was, was ended, or whose flow is not published.
fn find_shared(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<(ShareRow, FlowRow, Resolved), Fault> {
    let unknown = || Fault::not_found("Share link");
    let share = shares::find_by_hash(tx, hash)?.ok_or_else(unknown)?;
    let flow = flows::find(tx, share.workspace, share.flow)?.filter(|flow| flow.pointers.latest.is_some());
    let flow = flow.ok_or_else(unknown)?;
    let resolved = resolve(tx, share.workspace, share.flow, VersionChoice::Latest)?;
    Ok((share, flow, resolved))
}

impl Flows {
    /// The link whose text has this keyed hash.
    ///
    /// # Errors
    /// 404, alike for a link that never was, was ended, or whose flow is not published; 409 `api_trigger_required` for a flow with
    /// neither a `form` nor an `api` trigger.
    pub async fn shared(&self, hash: [u8; 32]) -> Result<Shared, Fault> {
        let (share, flow, resolved) = self.platform.store.read(move |tx| find_shared(tx, &hash)).await?;
        let plan = self.plans.compile(resolved.document_hash, &resolved.definition)?;
        let mode = mode_of(&data_of(&plan, &resolved)?);
        Ok(Shared { workspace: share.workspace, flow: flow.id, share: share.id, mode })
    }

    /// The caller who started a run by a link; none for other runs.
    ///
    /// # Errors
    /// Of the database.
    pub async fn holder_of(&self, workspace: WorkspaceId, run: RunId) -> Result<Option<Caller>, Fault> {
        let row = self.platform.store.read(move |tx| runs::find(tx, workspace, run)).await?;
        let mode = row.as_ref().map(|row| row.mode);
        let share = row.and_then(|row| ShareId::parse(row.started_by.strip_prefix("share:")?).ok());
        Ok(mode.zip(share).map(|(mode, share)| Caller::share(workspace, mode, share)))
    }

    /// What the holder of a link is told of its flow.
    ///
    /// # Errors
    /// As [`Flows::shared`].
    pub async fn share_form(&self, hash: [u8; 32]) -> Result<ShareForm, Fault> {
        let (_, flow, resolved) = self.platform.store.read(move |tx| find_shared(tx, &hash)).await?;
        let plan = self.plans.compile(resolved.document_hash, &resolved.definition)?;
        let trigger = data_of(&plan, &resolved)?;
        let text = |name: &str| trigger.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(ShareForm {
            name: flow.name,
            description: flow.description,
            icon: flow.icon,
            inputs: trigger.get("inputs").and_then(Value::as_array).into_iter().flatten().map(shown).collect(),
            title: text("title"),
            submit_label: text("submitLabel"),
            requires_files: takes_files(&plan)?,
        })
    }

    /// Whether the trigger that a link starts declares a file.
    ///
    /// # Errors
    /// 404 for a flow that is gone or unpublished; 409 `api_trigger_required`.
    pub async fn share_takes_files(&self, shared: Shared) -> Result<bool, Fault> {
        let read = move |tx: &mut Tx<'_>| resolve(tx, shared.workspace, shared.flow, VersionChoice::Latest);
        let resolved = self.platform.store.read(read).await?;
        takes_files(&*self.plans.compile(resolved.document_hash, &resolved.definition)?)
    }
}

fn takes_files(plan: &Plan) -> Result<bool, Fault> {
    let entry = &plan.entries[choose_entry(plan, "share", None)?];
    Ok(entry.inputs.iter().any(|input| input.kind == InputKind::File))
}

/// `data` of the trigger that a link starts.
fn data_of(plan: &Plan, resolved: &Resolved) -> Result<Map<String, Value>, Fault> {
    Ok(trigger_data(&resolved.definition, &plan.entries[choose_entry(plan, "share", None)?].step_id))
}

fn shown(input: &Value) -> Value {
    let shown = SHOWN_OF_INPUT.iter().filter_map(|&name| Some((name.to_owned(), input.get(name)?.clone())));
    Value::Object(shown.collect())
}
