//! Making effects.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use floe_engine::event::{Place, StepError};
use floe_engine::plan::{Plan, Work};
use floe_model::id::RunId;
use floe_runtime::effect::{Effect, EffectCall, Effected};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

use super::engine::Core;
use super::live::Live;
use super::message::{Message, Request};
use super::secrets;

/// Time beyond a step's own limit after which an effect that does not come back is given up; longer than a job of user
/// code may wait for its turn.
const GRACE_MS: u64 = 15_000;

/// Whether the effect at a place may begin before its intent is on disk, since the world cannot see it.
pub(super) fn is_harmless(plan: &Plan, place: Place) -> bool {
    matches!(&plan.node(place.node).work, Work::Effect(effect) if !effect.touches_world)
}

/// Starts the effect at a place; its result comes back to the shard as a message.
pub(super) fn perform(
    core: &Arc<Core>,
    sender: &UnboundedSender<Message>,
    live: &Live,
    place: Place,
    attempt: u32,
    input: Arc<Value>,
) -> Option<AbortHandle> {
    let plan = live.machine.plan();
    let node = plan.node(place.node);
    let Work::Effect(work) = &node.work else { return None };
    let report = Report::new(sender.clone(), live, place, attempt);
    let Some(effect) = core.effects.get(work.step).cloned() else {
        let error = StepError::new("unknown_type", format!("This server does not run {} steps", work.step));
        report.send(Effected::failed(error));
        return None;
    };
    // User code is given nothing that holds one: contexts and inputs are free of them.
    let names = if work.touches_world { plan.secrets() } else { BTreeSet::new() };
    // What a receiver repeats of a secret is taken out of results, and cannot be taken out of pieces.
    let progress = names.is_empty().then(|| core.listeners.teller(live.row.id, &node.id, attempt));
    let call = EffectCall {
        scope: floe_model::Scope { workspace: live.row.workspace, mode: live.row.mode },
        run: live.row.id,
        step_id: node.id.clone(),
        key: format!("{}:{}:{}", live.row.id, node.id, live.machine.pass_key(place)),
        attempt,
        depth: live.row.depth,
        chain: super::chain_of(&live.row),
        input,
        fixed: work.fixed.clone(),
        context: effect.sees_context().then(|| live.machine.context_at(place)),
        timeout_ms: work.timeout_ms,
        now: core.platform.clock.now(),
        progress,
    };
    let core = Arc::clone(core);
    let task = tokio::spawn(async move {
        let effected = within_time(&core, effect.as_ref(), call, names).await;
        if core.may_touch_world() {
            report.send(effected);
        } else {
            report.give_up();
        }
    });
    Some(task.abort_handle())
}

pub(super) async fn within_time(
    core: &Arc<Core>,
    effect: &dyn Effect,
    call: EffectCall,
    names: BTreeSet<String>,
) -> Effected {
    let limit = Duration::from_millis(call.timeout_ms.saturating_add(GRACE_MS));
    match tokio::time::timeout(limit, secrets::call(&core.platform, effect, call, names)).await {
        Ok(effected) => effected,
        Err(_) => Effected::failed(StepError::retryable("step_timeout", "The step did not end within its time")),
    }
}

/// Tells the shard what came of an effect, also when its task panics. A task that is given up says nothing: nobody wants to know, and
/// the run may have been read again meanwhile.
struct Report {
    sender: UnboundedSender<Message>,
    workspace: floe_model::id::WorkspaceId,
    run: RunId,
    place: Place,
    attempt: u32,
    is_sent: bool,
}

impl Report {
    fn new(sender: UnboundedSender<Message>, live: &Live, place: Place, attempt: u32) -> Self {
        Self { sender, workspace: live.row.workspace, run: live.row.id, place, attempt, is_sent: false }
    }

    fn send(mut self, effected: Effected) {
        self.tell(effected);
    }

    /// What came of it does not count: this node's lease may have ended meanwhile, and the call may have been withheld.
    fn give_up(mut self) {
        self.ask(Request::LetGo);
    }

    fn tell(&mut self, effected: Effected) {
        self.ask(Request::Effected { place: self.place, attempt: self.attempt, effected });
    }

    fn ask(&mut self, what: Request) {
        self.is_sent = true;
        // A shard that has ended has no use for results: its runs go on from their journals.
        let _ = self.sender.send(Message::Run { workspace: self.workspace, run: self.run, what });
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if !self.is_sent && std::thread::panicking() {
            self.tell(Effected::failed(StepError::new("internal_error", "The step broke off")));
        }
    }
}
