//! One step by itself: evaluated and performed without a run, for whoever builds it (console contract, section 5.3).
//!
//! The same machine as for runs is driven in memory until its step has come to something. Nothing of it is written.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use floe_engine::drive::drive;
use floe_engine::event::{Beginning, Event, Happening, LogLine, Place, StepError};
use floe_engine::interpret::Moment;
use floe_engine::machine::{Command, Machine};
use floe_engine::plan::{EffectWork, NodeIndex, Plan, Work};
use floe_model::{Fault, FaultKind, Scope};
use floe_runtime::effect::{EffectCall, Effected};
use serde_json::Value;

use super::engine::{Core, RunEngine};
use super::perform::within_time;
use super::secrets;

/// Commands that one trial carries out at most; a step asks for scripts a few times, and is performed once.
const TURNS_MAX: usize = 100;

/// What a step came to.
#[derive(Debug, Clone)]
pub struct Trial {
    /// `completed`, `failed`, `skipped`, or `waiting` for one that asks a person or waits for a time.
    pub status: &'static str,
    /// What it was given after templates, or what it asks.
    pub input: Option<Value>,
    /// Its result.
    pub output: Option<Value>,
    /// Why there is none.
    pub error: Option<StepError>,
    /// What it printed.
    pub logs: Vec<LogLine>,
    /// Milliseconds.
    pub duration_ms: i64,
}

impl RunEngine {
    /// Runs one step of a plan as a run that begins so would, and tells what came of it. Steps before it must be laid down.
    ///
    /// # Errors
    /// `not_supported` for a step that holds or calls others; `overloaded` on a node whose lease has ended; of the database.
    pub(crate) async fn try_step(
        &self,
        scope: Scope,
        plan: Arc<Plan>,
        step: &str,
        beginning: Beginning,
    ) -> Result<Trial, Fault> {
        let node = plan.find(step).ok_or_else(|| Fault::not_found("Step"))?;
        if is_compound(&plan.node(node).work) {
            let message = format!("Steps of type {} run in a test of the automation only", plan.node(node).kind);
            return Err(Fault::new(FaultKind::Unprocessable, "not_supported", message));
        }
        if !self.core.may_touch_world() {
            return Err(Fault::new(FaultKind::Overloaded, "overloaded", "This server does not take part now"));
        }
        let (core, began_at) = (Arc::clone(&self.core), self.core.platform.clock.now());
        let trial =
            Trial { status: "skipped", input: None, output: None, error: None, logs: Vec::new(), duration_ms: 0 };
        let mut alone =
            Alone { core, scope, node, machine: Machine::new(plan), todo: VecDeque::new(), trial, over: false };
        alone.go_on(Some(Happening::Began(Box::new(beginning))));
        for _ in 0..TURNS_MAX {
            let Some(command) = alone.todo.pop_front().filter(|_| !alone.over) else { break };
            alone.carry_out(command).await?;
        }
        if !alone.over {
            let error = StepError::new("internal_error", "The step did not come to its end");
            (alone.trial.status, alone.trial.error) = ("failed", Some(error));
        }
        alone.trial.duration_ms = self.core.platform.clock.now().millis_since(began_at);
        Ok(alone.trial)
    }
}

/// Whether a step is more than itself: it holds others, or starts a run.
const fn is_compound(work: &Work) -> bool {
    matches!(work, Work::Each { .. } | Work::While { .. } | Work::Parallel { .. } | Work::Loop(_) | Work::Child { .. })
}

/// A machine that is driven for one of its steps.
struct Alone {
    core: Arc<Core>,
    scope: Scope,
    node: NodeIndex,
    machine: Machine,
    todo: VecDeque<Command>,
    trial: Trial,
    over: bool,
}

impl Alone {
    fn go_on(&mut self, what: Option<Happening>) {
        let platform = Arc::clone(&self.core.platform);
        let mut fresh = || platform.ids.next_bits();
        let mut moment = Moment { now: platform.clock.now(), fresh: &mut fresh, active_ms_max: i64::MAX };
        let driven = drive(&mut self.machine, what, &mut moment);
        self.todo.extend(driven.commands);
        for event in driven.events {
            self.note(event);
        }
    }

    /// Keeps what an event says of the step.
    fn note(&mut self, event: Event) {
        let node = self.node;
        let trial = &mut self.trial;
        match event.what {
            Happening::Intended { place, input } if place.node == node => trial.input = Some((*input).clone()),
            Happening::Done { place, result, logs, .. } if place.node == node => {
                (trial.status, trial.output, trial.logs) = ("completed", Some((*result).clone()), logs);
                self.over = true;
            }
            Happening::Failed { place, error, logs, .. } if place.node == node => {
                (trial.status, trial.error, trial.logs) = ("failed", Some(error), logs);
                self.over = true;
            }
            Happening::Skipped { place } if place.node == node => self.over = true,
            Happening::WaitOpened(question) if question.place.node == node => {
                (trial.status, trial.input) = ("waiting", Some(Value::Object(question.body.clone())));
                self.over = true;
            }
            Happening::Tested { place, outcome } if place.node == node => {
                match outcome {
                    Ok(_) => trial.status = "waiting",
                    Err(error) => (trial.status, trial.error) = ("failed", Some(error)),
                }
                self.over = true;
            }
            Happening::Stopped { error } => {
                (trial.status, trial.error) = ("failed", Some(error));
                self.over = true;
            }
            _ => {}
        }
    }

    async fn carry_out(&mut self, command: Command) -> Result<(), Fault> {
        match command {
            Command::Perform { place, attempt, input } => {
                let what = self.perform(place, attempt, input).await;
                self.go_on(Some(what));
            }
            Command::Script { place, scripts } => {
                let platform = Arc::clone(&self.core.platform);
                let what = match crate::scripts::perform(&platform, scripts).await {
                    Ok(answers) => {
                        self.machine.scripted(place, answers);
                        None
                    }
                    Err(error) => Some(self.machine.unscripted(place, error)),
                };
                self.go_on(what);
            }
            Command::Equip { names } => {
                let (env, secrets) = secrets::env(&self.core.platform, self.scope, names).await?;
                self.go_on(Some(Happening::Equipped { env, secrets }));
            }
            // Nothing of these is for a step that only has to be tried once.
            _ => {}
        }
        Ok(())
    }

    async fn perform(&self, place: Place, attempt: u32, input: Arc<Value>) -> Happening {
        let plan = Arc::clone(self.machine.plan());
        let node = plan.node(place.node);
        let failed = |error| Happening::Failed { place, attempt, error, logs: Vec::new() };
        let Work::Effect(work) = &node.work else {
            return failed(StepError::new("not_supported", "The step cannot be tried alone"));
        };
        let Some(effect) = self.core.effects.get(work.step).cloned() else {
            return failed(StepError::new("unknown_type", format!("This server does not run {} steps", work.step)));
        };
        let names = if work.touches_world { plan.secrets() } else { BTreeSet::new() };
        let context = effect.sees_context().then(|| self.machine.context_at(place));
        let call = self.call(&node.id, work, input, context);
        let Effected { result, logs } = within_time(&self.core, effect.as_ref(), call, names).await;
        match result {
            Ok(result) => {
                let port = node.port_after(&result);
                Happening::Done { place, attempt, result: Arc::new(result), port, logs, changes: None }
            }
            Err(error) => Happening::Failed { place, attempt, error, logs },
        }
    }

    fn call(&self, step: &str, work: &EffectWork, input: Arc<Value>, context: Option<Value>) -> EffectCall {
        let begun = self.machine.beginning();
        let run = begun.map_or_else(|| self.core.platform.ids.next(), |begun| begun.run);
        EffectCall {
            scope: self.scope,
            run,
            step_id: step.to_owned(),
            key: format!("{run}:{step}:0"),
            attempt: 1,
            depth: 0,
            chain: Vec::new(),
            input,
            fixed: work.fixed.clone(),
            context,
            timeout_ms: work.timeout_ms,
            now: self.core.platform.clock.now(),
            progress: None,
        }
    }
}
