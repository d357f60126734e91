//! What a run of a workflow needs from outside before its nodes can be evaluated: scripts in the sandbox, and the variables that it
//! names.

use std::collections::BTreeSet;
use std::sync::Arc;

use floe_engine::event::{Place, StepError};
use floe_engine::expr::Script;
use floe_model::Scope;
use floe_model::id::RunId;
use serde_json::Value;
use tokio::task::JoinSet;

use super::super::message::{Message, Request};
use super::super::secrets;
use super::Shard;

impl Shard {
    /// Carries out scripts in the sandbox.
    pub(super) fn script(&mut self, run: RunId, place: Place, scripts: Vec<Script>) {
        let (core, sender) = (Arc::clone(&self.core), self.sender.clone());
        let Some(live) = self.live(run).filter(|live| live.machine.wants_answers(place)) else { return };
        let workspace = live.row.workspace;
        let task = tokio::spawn(async move {
            let platform = Arc::clone(&core.platform);
            // In a task of its own: should it break off, the run is told all the same. It ends with this one.
            let mut inner = JoinSet::new();
            inner.spawn(async move { crate::scripts::perform(&platform, scripts).await });
            let answers = match inner.join_next().await {
                Some(Ok(answers)) => answers,
                _ => Err(StepError::new("INTERNAL", "The sandbox broke off")),
            };
            let _ = sender.send(Message::Run { workspace, run, what: Request::Scripted { place, answers } });
        });
        live.tasks.insert(place, task.abort_handle());
    }

    /// The answers to scripts have come: the node is evaluated again, or fails when the sandbox could not do it.
    pub(super) fn scripted(
        &mut self,
        run: RunId,
        place: Place,
        answers: Result<Vec<Result<Value, String>>, StepError>,
    ) {
        let Some(live) = self.live(run) else { return };
        live.tasks.remove(&place);
        if !live.machine.wants_answers(place) {
            // It was given up meanwhile; nothing else may be left that moves the run.
            return self.rest(run);
        }
        let what = match answers {
            Ok(answers) => {
                live.machine.scripted(place, answers);
                None
            }
            Err(error) => Some(live.machine.unscripted(place, error)),
        };
        self.happen(run, what);
        self.rest(run);
    }

    /// Reads the variables of the workspace that a run names.
    pub(super) fn equip(&mut self, run: RunId, names: BTreeSet<String>) {
        let (core, sender) = (Arc::clone(&self.core), self.sender.clone());
        let Some(live) = self.live(run) else { return };
        let scope = Scope { workspace: live.row.workspace, mode: live.row.mode };
        tokio::spawn(async move {
            let what = match secrets::env(&core.platform, scope, names).await {
                Ok((env, secrets)) => Request::Equipped { env, secrets },
                Err(fault) => {
                    tracing::error!(run.id = %run, %fault, "the variables of a run cannot be read");
                    Request::LetGo
                }
            };
            let _ = sender.send(Message::Run { workspace: scope.workspace, run, what });
        });
    }
}
