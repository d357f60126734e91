//! From the wish to repeat a run to the rows of the new one.

use std::sync::Arc;

use floe_engine::event::{Beginning, Happening};
use floe_engine::expr::Profile;
use floe_engine::interpret::Moment;
use floe_engine::plan::Plan;
use floe_engine::reuse::{Foreseen, From, Past, Wish, foresee};
use floe_model::access::Permission;
use floe_model::flows::{Level, VersionStatus};
use floe_model::id::{RequestId, RunId, parse_bits, to_base32};
use floe_model::{Fault, FaultKind};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::flows::flows::{self, FlowRow};
use floe_store::flows::reruns::Rerun;
use floe_store::flows::runs::RunRow;
use floe_store::flows::{documents, versions};
use floe_store::platform::audit::{Actor, Entry, Target};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Prepared, RerunFrom, RerunVersion, RerunWish, foreseen_json};
use crate::Flows;
use crate::definitions;
use crate::execute::started_by;
use crate::files;
use crate::runs::{Loaded, NewRun, Origin, Plans, RunEngine, check_inputs, choose_entry, load};

/// Who asks for a repetition, as far as the new run and the audit log keep it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asker {
    pub(super) started_by: String,
    pub(super) token: Option<String>,
    pub(super) user: Option<String>,
    pub(super) ip: Option<String>,
    pub(super) actor_kind: String,
    /// In base32: a JSON number could not hold it.
    pub(super) actor_id: Option<String>,
    pub(super) name: String,
    /// In base32.
    pub(super) request: Option<String>,
}

impl Asker {
    pub(super) fn of(ctx: &Ctx, ip: Option<String>) -> Self {
        let actor = Actor::of(&ctx.caller);
        let token = (actor.kind == "token").then_some(actor.id).flatten();
        Self {
            started_by: started_by(&ctx.caller),
            token: token.map(|id| floe_model::id::TokenId(id).to_string()),
            user: ctx.caller.member_id().map(|id| id.to_string()),
            ip,
            actor_kind: actor.kind,
            actor_id: actor.id.map(to_base32),
            name: actor.name,
            request: Some(to_base32(ctx.request_id.0)),
        }
    }

    pub(super) fn actor(&self) -> Actor {
        let id = self.actor_id.as_deref().and_then(|text| parse_bits(text).ok());
        Actor { kind: self.actor_kind.clone(), id, name: self.name.clone() }
    }

    pub(super) fn request(&self) -> Option<RequestId> {
        self.request.as_deref().and_then(|text| parse_bits(text).ok()).map(RequestId)
    }
}

/// The version that a repetition follows.
#[derive(Debug, Clone)]
pub(super) struct Followed {
    flow_name: String,
    version: u32,
    is_draft: bool,
    document_hash: documents::Hash,
    settings: String,
    plan: Arc<Plan>,
}

impl Flows {
    /// Works out a repetition and writes nothing. `ip` is the address of the caller, for the audit log.
    ///
    /// # Errors
    /// `not_found` for a run that may not be seen or whose flow or version is gone; `forbidden`; `conflict` for a run that is
    /// not over; `flow_not_published`; `invalid_definition` (a draft); `validation_error` for inputs and for a step that the
    /// version does not have at its top level.
    pub async fn prepare_rerun(
        &self,
        ctx: &Ctx,
        run: RunId,
        mut wish: RerunWish,
        ip: Option<String>,
    ) -> Result<Prepared, Fault> {
        let row = self.run_row(ctx, run).await?;
        let (caller, flow) = (ctx.clone(), row.flow);
        ctx.store.read(move |tx| may_repeat(tx, &caller, flow).map(drop)).await?;
        is_over(&row, wish.only_unsuccessful)?;
        let workshop = Workshop::of(self);
        let followed = workshop.followed(&row, wish.version).await?;
        if let Some(inputs) = wish.inputs.take() {
            let entry = entry_of(&followed.plan, &row)?;
            let fields = &followed.plan.entries[entry];
            let inputs = check_inputs(fields, inputs, "/inputs")?;
            wish.inputs = Some(files::resolve_inputs(ctx, &fields.inputs, inputs, "/inputs").await?);
        }
        let loaded = load(&ctx.store, &self.plans, row.workspace, run).await?;
        let loaded = loaded.ok_or_else(|| Fault::not_found("Run"))?;
        workshop.assemble(loaded, followed, &wish, &Asker::of(ctx, ip))
    }
}

/// What is needed to lay out runs.
#[derive(Clone)]
pub(super) struct Workshop {
    pub(super) platform: Arc<Platform>,
    pub(super) plans: Arc<Plans>,
    pub(super) runs: RunEngine,
}

impl Workshop {
    pub(super) fn of(flows: &Flows) -> Self {
        Self { platform: Arc::clone(&flows.platform), plans: Arc::clone(&flows.plans), runs: flows.runs.clone() }
    }

    /// The version that a repetition of a run follows, compiled.
    pub(super) async fn followed(&self, row: &RunRow, version: RerunVersion) -> Result<Followed, Fault> {
        let row = row.clone();
        let (found, text) = self.platform.store.read(move |tx| find(tx, &row, version)).await?;
        let Found { flow_name, version, is_draft, document_hash, settings } = found;
        let plan = self.plans.compile(document_hash, &text)?;
        Ok(Followed { flow_name, version, is_draft, document_hash, settings, plan })
    }

    /// Lays out the new run.
    pub(super) fn assemble(
        &self,
        loaded: Loaded,
        followed: Followed,
        wish: &RerunWish,
        asker: &Asker,
    ) -> Result<Prepared, Fault> {
        let Loaded { row, plan, events, owner: _ } = loaded;
        let past = Past::of(plan, &events);
        let before = past.beginning().ok_or_else(|| Fault::internal("a run without a beginning"))?;
        let entry = entry_of(&followed.plan, &row)?;
        let inputs = match (&wish.inputs, followed.document_hash == row.document_hash) {
            (Some(inputs), _) => inputs.clone(),
            (None, true) => before.inputs.clone(),
            // Another version may take other inputs; those of a workflow are checked by its nodes.
            (None, false) if followed.plan.rules.profile == Profile::Graph => before.inputs.clone(),
            (None, false) => check_inputs(&followed.plan.entries[entry], before.inputs.clone(), "/inputs")?,
        };
        let new = NewRun {
            run: self.platform.ids.next(),
            workspace: row.workspace,
            mode: row.mode,
            flow: row.flow,
            shown_id: shown_id(&row, before),
            flow_name: followed.flow_name,
            version: followed.version,
            is_draft: followed.is_draft,
            document_hash: followed.document_hash,
            settings: followed.settings,
            plan: followed.plan,
            entry,
            trigger: before.trigger.clone(),
            inputs,
            origin: origin(asker, before),
        };
        let reuse = match from(&new.plan, &wish.from)? {
            None => None,
            Some(from) => {
                let same_version = new.version == row.version;
                let sends = |step: &str, input: &Value| self.runs.sends(step, input);
                past.reuse(&new.plan, &Wish { from, repeat_effects: wish.repeat_effects, same_version, sends: &sends })
            }
        };
        let trigger_data = wish.inputs.is_none().then(|| before.trigger_data.clone());
        let began = new.beginning_with(reuse.map(Arc::new), trigger_data);
        let foreseen = self.foresee(&new.plan, &began, &past);
        self.lay_out(&row, &new, began, foreseen, wish, asker)
    }

    fn foresee(&self, plan: &Arc<Plan>, began: &Happening, past: &Past) -> Foreseen {
        let Happening::Began(beginning) = began else { return Foreseen::default() };
        let mut fresh = || self.platform.ids.next_bits();
        let mut moment = Moment { now: self.platform.clock.now(), fresh: &mut fresh, active_ms_max: i64::MAX };
        foresee(plan, beginning, past, &mut moment)
    }

    fn lay_out(
        &self,
        old: &RunRow,
        new: &NewRun,
        began: Happening,
        foreseen: Foreseen,
        wish: &RerunWish,
        asker: &Asker,
    ) -> Result<Prepared, Fault> {
        let now = self.platform.clock.now();
        let from_step = match &wish.from {
            RerunFrom::Step(step) => Some(step.clone()),
            _ => None,
        };
        let detail = json!({
            "flow_id": old.flow, "rerun_of": old.id, "version": new.version, "from_step": from_step,
            "repeat_effects": wish.repeat_effects, "inputs_changed": wish.inputs.is_some(), "reason": wish.reason,
            "reused": foreseen.reused.len(), "kept_approvals": foreseen.kept_approvals,
        });
        let audit = Entry {
            id: self.platform.ids.next(),
            workspace: old.workspace,
            seq: None,
            mode: Some(old.mode),
            product: "flows".to_owned(),
            action: "reran_run".to_owned(),
            actor: asker.actor(),
            target: Some(Target { kind: "run".to_owned(), id: Some(old.id.0), name: Some(old.flow_name.clone()) }),
            run_id: Some(new.run),
            detail: detail.to_string(),
            request_id: asker.request(),
            ip: asker.ip.clone(),
            at: now,
        };
        let rerun = Rerun {
            workspace: old.workspace,
            run: new.run,
            of: old.id,
            from_step,
            reason: wish.reason.clone(),
            foreseen: foreseen_json(&foreseen).to_string(),
            created_at: now,
        };
        let rows = new.first_rows(began, now)?;
        let event = self.platform.ids.next();
        Ok(Prepared { run: new.run, of: old.id, foreseen, mode: old.mode, rows, rerun, audit, event })
    }
}

/// The flow of a run, for a caller who may run it.
pub(super) fn may_repeat(tx: &mut Tx<'_>, ctx: &Ctx, flow: floe_model::id::FlowId) -> Result<FlowRow, Fault> {
    let (flow, _, level) = definitions::visible(tx, ctx, flow)?;
    if level < Level::Run || !ctx.caller.may(Permission::Run) {
        let fault = Fault::forbidden("Your role does not allow running flows");
        return Err(fault.with_details(json!({ "required": "run" })));
    }
    Ok(flow)
}

/// Only a run that is over is repeated: what it has come to does not change any more.
pub(super) fn is_over(row: &RunRow, only_unsuccessful: bool) -> Result<(), Fault> {
    let fits = match row.status.as_str() {
        "failed" | "cancelled" => true,
        "completed" => !only_unsuccessful,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let wanted = if only_unsuccessful { "failed or was cancelled" } else { "is over" };
    let message = format!("The run is {}; only a run that {wanted} can be run again", row.status);
    Err(Fault::conflict("conflict", message).with_details(json!({ "status": row.status, "appRunId": row.id })))
}

/// A version before its plan is there.
struct Found {
    flow_name: String,
    version: u32,
    is_draft: bool,
    document_hash: documents::Hash,
    settings: String,
}

fn find(tx: &mut Tx<'_>, row: &RunRow, version: RerunVersion) -> Result<(Found, String), Fault> {
    let flow = flows::find(tx, row.workspace, row.flow)?.ok_or_else(|| Fault::not_found("Flow"))?;
    let number = match version {
        RerunVersion::Same => None,
        RerunVersion::Number(number) => Some(number),
        RerunVersion::Latest => Some(
            flow.pointers
                .latest
                .ok_or_else(|| Fault::conflict("flow_not_published", "The flow has no published version"))?,
        ),
    };
    let found = match number {
        // The very definition that the run followed, also when it was a draft that has changed since.
        None => Found {
            flow_name: flow.name,
            version: row.version,
            is_draft: row.is_draft,
            document_hash: row.document_hash,
            settings: row.settings.clone(),
        },
        Some(number) => {
            let version = versions::find(tx, row.workspace, row.flow, number)?;
            let version = version.ok_or_else(|| Fault::not_found("Version"))?;
            let is_latest = flow.pointers.latest == Some(number);
            Found {
                flow_name: flow.name,
                version: number,
                is_draft: version.status == VersionStatus::Draft,
                document_hash: version.document_hash,
                settings: if is_latest { flow.settings } else { version.settings },
            }
        }
    };
    let text = documents::find(tx, row.workspace, &found.document_hash)?;
    let text = text.ok_or_else(|| Fault::internal("a version's definition is not there"))?;
    Ok((found, text))
}

/// The trigger of the run, in the version that its repetition follows; else the one that a start by hand would take.
fn entry_of(plan: &Plan, row: &RunRow) -> Result<usize, Fault> {
    let same = |entry: &floe_engine::plan::Entry| entry.step_id == row.trigger_step && entry.kind == row.trigger_type;
    let alike = |entry: &floe_engine::plan::Entry| entry.kind == row.trigger_type;
    let found = plan.entries.iter().position(same).or_else(|| plan.entries.iter().position(alike));
    found.map_or_else(|| choose_entry(plan, "dashboard", None), Ok)
}

fn from(plan: &Plan, from: &RerunFrom) -> Result<Option<From>, Fault> {
    Ok(Some(match from {
        RerunFrom::Anew => return Ok(None),
        RerunFrom::Start => From::Start,
        RerunFrom::Unfinished => From::Unfinished,
        RerunFrom::Step(id) => {
            let node = plan.find(id).filter(|&node| plan.node(node).scope == 0);
            let unknown =
                || Fault::field("/from_step", "unknown", format!("The version has no step {id} at its top level"));
            From::Step(node.ok_or_else(unknown)?)
        }
    }))
}

/// The id of its flow as the run before showed it.
fn shown_id(row: &RunRow, before: &Beginning) -> String {
    before.flow.get("_id").and_then(Value::as_str).map_or_else(|| row.flow.to_string(), str::to_owned)
}

/// The new run belongs to who asks for it; what it says of a user is what the old one said.
fn origin(asker: &Asker, before: &Beginning) -> Origin {
    let user: Value = before.user.clone();
    let source: Map<String, Value> = [
        ("kind", json!("dashboard")),
        ("hookId", Value::Null),
        ("tokenId", json!(asker.token)),
        ("userId", json!(asker.user)),
        ("ip", json!(asker.ip)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    Origin {
        kind: "dashboard",
        source: Value::Object(source),
        started_by: asker.started_by.clone(),
        user,
        parent: None,
        depth: 0,
    }
}

/// The fault of a run that cannot be repeated, in the words of the list of an act on many runs.
pub(super) fn brief(fault: &Fault) -> (String, String) {
    let code = if fault.kind() == FaultKind::Internal { "internal" } else { fault.code() };
    (code.to_owned(), fault.message().chars().take(500).collect())
}
