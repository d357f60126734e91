//! Starting a run on behalf of a caller (Flow API contract, section 3).

use std::sync::Arc;

use floe_engine::machine::Machine;
use floe_model::access::{Caller, Credential};
use floe_model::flows::{Engine, Level};
use floe_model::id::{FlowId, RunId, TriggerId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use serde_json::{Map, Value, json};

use crate::Flows;
use crate::definitions::{self, Remembered, Runnable, VersionChoice};
use crate::files;
use crate::runs::{AnswerIn, Begin, NewRun, Origin, RunState, check_inputs, choose_entry, load, note_chain};

/// Longest that a synchronous call waits for its run, in milliseconds (Flow API contract, section 3.1).
pub const WAIT_MS_MAX: u64 = 55_000;

/// By which way a run is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayIn {
    /// The client routes: the inputs are the body.
    Client,
    /// The dashboard route: the inputs are a field of the body; a trigger may be named.
    Dashboard {
        /// Id of the trigger step.
        trigger: Option<String>,
    },
    /// The share link that the caller holds; always the latest version.
    Share,
    /// An agent, for one of its tools or for a message in its conversation: `peer.action`, else `peer.message`, else `api`. The inputs
    /// of `peer.message` are `{messages, attachments, user, peer}` (Flow API contract, section 6.4).
    Peer {
        /// Id of the trigger step, when the agent knows it.
        trigger: Option<String>,
        /// How many runs and agents stand above the run.
        depth: u32,
        /// The triggers whose runs led to it by events.
        chain: Vec<TriggerId>,
    },
}

/// A call for a run.
#[derive(Debug, Clone)]
pub struct Execute {
    /// The flow.
    pub flow: FlowId,
    /// The version.
    pub version: VersionChoice,
    /// By which way.
    pub way: WayIn,
    /// The inputs as given.
    pub inputs: Map<String, Value>,
    /// Header `x-hook-id`.
    pub hook_id: Option<String>,
    /// Address of the caller.
    pub ip: Option<String>,
    /// Id of the run; a fresh one, or the one that an earlier try of the same call fixed.
    pub run: RunId,
    /// How long to wait for the run's end or first wait, in milliseconds; 0 for not at all.
    pub wait_ms: u64,
}

/// Reads the `version` of a call: `latest` or a positive number.
///
/// # Errors
/// 400 `invalid_version`.
pub fn parse_version(text: &str) -> Result<VersionChoice, Fault> {
    if text == "latest" {
        return Ok(VersionChoice::Latest);
    }
    let digits = text.chars().all(|c| c.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(number) if digits && number > 0 => Ok(VersionChoice::Number(number)),
        _ => Err(Fault::new(FaultKind::Invalid, "invalid_version", "version must be latest or a positive number")),
    }
}

impl Flows {
    /// Starts a run and waits for its end or its first wait; `None` when it goes on beyond `wait_ms`.
    ///
    /// # Errors
    /// `not_found`, `forbidden`, `flow_not_published`, `version_not_published`, `api_trigger_required`,
    /// `invalid_definition` (a draft), `validation_error`, `overloaded`.
    pub async fn execute(&self, ctx: &Ctx, call: Execute) -> Result<Option<RunState>, Fault> {
        let new = self.prepare(ctx, &call).await?;
        self.runs.run(new, call.wait_ms).await
    }

    /// Answers a run's question and waits for what follows; a question of a child run is passed on to the child.
    ///
    /// # Errors
    /// As [`crate::runs::RunEngine::answer`].
    pub async fn answer(
        &self,
        ctx: &Ctx,
        run: RunId,
        answer: AnswerIn,
        wait_ms: u64,
    ) -> Result<Option<RunState>, Fault> {
        let workspace = ctx.caller.workspace;
        let began = tokio::time::Instant::now();
        let before = self.state_on_disk(workspace, run).await?;
        let Some(child) = before.paused_child() else {
            return self.runs.answer(workspace, run, answer, wait_ms).await;
        };
        Box::pin(self.answer(ctx, child, answer, wait_ms)).await?;
        let asked = before.wait.and_then(|wait| wait.wait);
        let spent_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.runs.settle_past(workspace, run, asked, wait_ms.saturating_sub(spent_ms)).await
    }

    /// A run's state as its journal tells it.
    ///
    /// # Errors
    /// `not_found`.
    pub(crate) async fn state_on_disk(&self, workspace: WorkspaceId, run: RunId) -> Result<RunState, Fault> {
        let loaded = load(&self.platform.store, &self.plans, workspace, run).await?;
        let loaded = loaded.ok_or_else(|| Fault::not_found("Run"))?;
        let machine = Machine::recover(Arc::clone(&loaded.plan), &loaded.events);
        Ok(RunState::of(&loaded.row, &machine))
    }

    async fn prepare(&self, ctx: &Ctx, call: &Execute) -> Result<NewRun, Fault> {
        let found = self.runnable(ctx, call.flow, call.version).await;
        let runnable = match call.way {
            // The link itself is the permission; a flow that was unpublished meanwhile is no longer there.
            WayIn::Share => found.map_err(|fault| match fault.code() {
                "flow_not_published" => Fault::not_found("Share link"),
                _ => fault,
            })?,
            _ => self.permitted(ctx, call.flow, found).await?,
        };
        // A workflow is started in its own way, which also looks whether it may be started now.
        if runnable.engine == Engine::Workflow {
            return Err(Fault::not_found("Flow"));
        }
        let plan = &runnable.plan;
        let (kind, named, base) = match &call.way {
            WayIn::Client => ("client", None, ""),
            WayIn::Dashboard { trigger } => ("dashboard", trigger.as_deref(), "/inputs"),
            WayIn::Share => ("share", None, ""),
            WayIn::Peer { trigger, .. } => ("peer", trigger.as_deref(), "/inputs"),
        };
        let entry = choose_entry(plan, kind, named)?;
        let inputs = check_inputs(&plan.entries[entry], call.inputs.clone(), base)?;
        let inputs = files::resolve_inputs(ctx, &plan.entries[entry].inputs, inputs, base).await?;
        let begin = Begin {
            run: call.run,
            workspace: ctx.caller.workspace,
            mode: ctx.caller.mode,
            entry,
            trigger: Value::Null,
            inputs,
            origin: origin(&ctx.caller, kind, call),
        };
        Ok(NewRun::of(&runnable, begin))
    }

    /// The version to be run, with its plan; the latest one from memory where it is known. Looks at no permission.
    pub(crate) async fn runnable(
        &self,
        ctx: &Ctx,
        flow: FlowId,
        version: VersionChoice,
    ) -> Result<Arc<Runnable>, Fault> {
        let workspace = ctx.caller.workspace;
        let generation = match version {
            VersionChoice::Latest => match self.latest.get(workspace, flow, ctx.now()) {
                Remembered::Fresh(runnable) => return Ok(runnable),
                Remembered::LookUp(generation) => Some(generation),
            },
            _ => None,
        };
        let read_at = ctx.now();
        let resolved = ctx.store.read(move |tx| definitions::resolve(tx, workspace, flow, version)).await?;
        let plan = self.plans.compile(resolved.document_hash, &resolved.definition);
        // A draft's problems are not for those who may not see it.
        let plan = match plan {
            Ok(plan) => plan,
            Err(fault) if definitions::may(&ctx.caller, &resolved.access, Level::Run) => return Err(fault),
            Err(_) if definitions::may(&ctx.caller, &resolved.access, Level::View) => return Err(not_allowed()),
            Err(_) => return Err(Fault::not_found("Flow")),
        };
        let runnable = Arc::new(Runnable::new(resolved, plan));
        if let Some(generation) = generation {
            self.latest.put(workspace, &runnable, generation, read_at);
        }
        Ok(runnable)
    }

    /// A flow that the caller may not see answers as one that is not there, also when its version is the problem.
    async fn permitted(
        &self,
        ctx: &Ctx,
        flow: FlowId,
        found: Result<Arc<Runnable>, Fault>,
    ) -> Result<Arc<Runnable>, Fault> {
        match found {
            Ok(runnable) if definitions::may(&ctx.caller, &runnable.access, Level::Run) => Ok(runnable),
            Ok(runnable) if definitions::may(&ctx.caller, &runnable.access, Level::View) => Err(not_allowed()),
            Ok(_) => Err(Fault::not_found("Flow")),
            Err(fault) => {
                let caller = ctx.clone();
                ctx.store.read(move |tx| definitions::visible(tx, &caller, flow).map(|_| ())).await?;
                Err(fault)
            }
        }
    }
}

fn not_allowed() -> Fault {
    Fault::forbidden("Your role does not allow running flows")
}

/// The credential of a caller as runs remember it.
#[must_use]
pub fn started_by(caller: &Caller) -> String {
    match (caller.credential, &caller.member) {
        (Credential::Token(id), _) => format!("token:{id}"),
        (
            Credential::FlowsKey(id)
            | Credential::TreasuryKey(id)
            | Credential::PlacementsKey(id)
            | Credential::AgentsKey(id)
            | Credential::WorkflowsKey(id),
            _,
        ) => format!("key:{id}"),
        (Credential::Share(id), _) => format!("share:{id}"),
        (_, Some(member)) => format!("member:{}", member.id),
        (_, None) => "system".to_owned(),
    }
}

fn origin(caller: &Caller, kind: &'static str, call: &Execute) -> Origin {
    let token = match caller.credential {
        Credential::Token(id) => Some(id.to_string()),
        Credential::FlowsKey(id) | Credential::WorkflowsKey(id) => Some(id.to_string()),
        Credential::Share(id) => Some(id.to_string()),
        _ => None,
    };
    let member = caller.member.as_ref();
    let mut source = json!({
        "kind": kind, "hookId": call.hook_id, "tokenId": token,
        "userId": member.map(|member| member.id), "ip": call.ip,
    });
    let mut depth = 0;
    if let WayIn::Peer { depth: above, chain, .. } = &call.way {
        depth = *above;
        note_chain(&mut source, chain);
    }
    Origin {
        kind,
        source,
        started_by: started_by(caller),
        user: member.map_or(Value::Null, |member| json!({ "name": member.name, "email": member.email })),
        parent: None,
        depth,
    }
}
