//! What a shard does with a request for one run.

use std::sync::Arc;

use floe_engine::event::{Answer, Happening, Place, StepError};
use floe_engine::machine::Alarm;
use floe_engine::plan::Port;
use floe_model::Fault;
use floe_model::id::RunId;
use serde_json::json;
use tokio::sync::oneshot;

use super::super::admission::Ticket;
use super::super::answer::{self, AnswerIn, Verdict};
use super::super::message::{Child, ChildNews, Reply, Request};
use super::super::state::RunState;
use super::Shard;

impl Shard {
    pub(super) fn serve(&mut self, run: RunId, what: Request) {
        match what {
            Request::Admit(ticket) => self.admit(run, ticket),
            Request::Park => self.park(run),
            Request::LetGo => self.let_go(run),
            Request::Effected { place, attempt, effected } => {
                if let Some(live) = self.live(run) {
                    live.tasks.remove(&place);
                }
                let logs = effected.logs;
                let what = match effected.result {
                    Ok(result) => {
                        let port = self
                            .live(run)
                            .map_or(Port::NEXT, |live| live.machine.plan().node(place.node).port_after(&result));
                        Happening::Done { place, attempt, result: Arc::new(result), port, logs, changes: None }
                    }
                    Err(error) => Happening::Failed { place, attempt, error, logs },
                };
                self.happen(run, Some(what));
            }
            Request::GoOn => self.happen(run, None),
            Request::Scripted { place, answers } => self.scripted(run, place, answers),
            Request::Equipped { env, secrets } => self.happen(run, Some(Happening::Equipped { env, secrets })),
            Request::Alarm(Alarm::Retry(place)) => self.happen(run, Some(Happening::Retried { place })),
            Request::Alarm(Alarm::Look(place)) => self.happen(run, Some(Happening::Looked { place })),
            Request::Alarm(Alarm::Wait(wait)) => self.happen(run, Some(Happening::Expired { wait })),
            Request::Called { place, child } => self.called(run, place, child),
            Request::Child { child, news, done } => {
                let what = match news {
                    ChildNews::Paused(question) => Happening::ChildPaused { child, question },
                    ChildNews::Ended(outcome) => Happening::ChildEnded { child, outcome },
                };
                self.move_on(run, what);
                self.reply(run, Reply::Done(done));
            }
            Request::Due { wait, done } => {
                self.move_on(run, Happening::Expired { wait });
                self.reply(run, Reply::Done(done));
            }
            Request::Answer { answer, accepted, settled } => self.answer(run, *answer, accepted, settled),
            Request::Cancel { by, audit, done } => self.cancel(run, by, audit.map(|entry| *entry), done),
            Request::Settle { settled } => {
                if let Some(live) = self.live(run) {
                    live.wait_for_end(settled);
                }
                self.rest(run);
            }
        }
    }

    /// Gives an answer once everything that it rests on is on disk: the job behind it is removed then, and a caller who is
    /// refused because of another's answer must not outlive that answer.
    pub(super) fn reply(&mut self, run: RunId, reply: Reply) {
        match self.live(run) {
            Some(live) if !live.is_on_disk() => live.replies.push(reply),
            _ => reply.give(),
        }
    }

    /// A place was found for a run that waited for its turn, or was under way when the server ended.
    pub(super) fn admit(&mut self, run: RunId, ticket: Ticket) {
        let core = Arc::clone(&self.core);
        let Some(live) = self.live(run) else { return };
        if live.has_place || live.is_settled() {
            // It has moved on, or ended, since it asked.
            core.give_back(ticket);
            return self.rest(run);
        }
        live.has_place = true;
        if std::mem::take(&mut live.queued) {
            live.put_row();
            self.happen(run, Some(Happening::Admitted));
        } else {
            self.happen(run, None);
        }
        self.rest(run);
    }

    /// A run that ended its server again and again is given up, so that the others go on.
    pub(super) fn park(&mut self, run: RunId) {
        let message = "The run was found under way too often after the server had ended unexpectedly";
        let error = StepError::new("crash_loop", message);
        self.move_on(run, Happening::Stopped { error });
    }

    pub(super) fn answer(
        &mut self,
        run: RunId,
        answer: AnswerIn,
        accepted: Option<oneshot::Sender<Result<(), Fault>>>,
        settled: oneshot::Sender<Result<RunState, Fault>>,
    ) {
        let now = self.core.platform.clock.now();
        let Some(live) = self.live(run) else { return };
        match answer::judge(&answer, &live.row, &live.machine, now) {
            Err(fault) => {
                self.reply(run, Reply::Refused(settled, fault));
                self.rest(run);
            }
            Ok(Verdict::Repeat) => {
                live.wait_for_end(settled);
                accepted.into_iter().for_each(|accepted| self.reply(run, Reply::Done(accepted)));
                self.rest(run);
            }
            Ok(Verdict::Accept { happening, end }) => {
                if let Happening::Answered { wait, answer: Answer::FormData(data), .. } = &*happening
                    && let Some(question) = live.machine.question(*wait)
                {
                    let claims = crate::files::claims_of_form(&question.body, data, &live.row);
                    live.extras().claims.extend(claims);
                }
                live.extras().closed.push(*end);
                live.extras().audit.extend(answer.audit);
                self.move_on(run, *happening);
                if let Some(live) = self.live(run) {
                    live.wait_for_end(settled);
                }
                accepted.into_iter().for_each(|accepted| self.reply(run, Reply::Done(accepted)));
            }
        }
    }

    pub(super) fn cancel(
        &mut self,
        run: RunId,
        by: Option<String>,
        audit: Option<floe_store::platform::audit::Entry>,
        done: oneshot::Sender<Result<RunState, Fault>>,
    ) {
        let Some(live) = self.live(run) else { return };
        if live.machine.outcome().is_some() {
            let state = live.state();
            let message = format!("The run is {} already", state.status);
            self.reply(run, Reply::Refused(done, Fault::conflict("run_finished", message)));
            return self.rest(run);
        }
        live.queued = false;
        live.extras().audit.extend(audit);
        self.move_on(run, Happening::Cancelled { by });
        if let Some(live) = self.live(run) {
            live.wait_for_end(done);
        }
    }

    /// What is called was looked up: a flow begins in the write in which this run notes it, anything else began before.
    pub(super) fn called(&mut self, run: RunId, place: Place, child: Result<Child, StepError>) {
        let now = self.core.platform.clock.now();
        let started = child.and_then(|child| match child {
            Child::Begun(child) => Ok((child, None)),
            Child::New(child) => child.as_child(now).map(|start| (child.run, Some(start))).map_err(|fault| {
                tracing::error!(run.id = %run, %fault, "a child run cannot be begun");
                StepError::new("sub_flow_failed", "The called flow could not be started")
            }),
        });
        match started {
            Ok((child, start)) => {
                let Some(live) = self.live(run) else { return };
                let what = Happening::ChildStarted { place, child };
                // A call that is not wanted any more was given up in the write that ended it, and what it began is known by then. One
                // that comes twice, since the run was read again meanwhile, has begun the same child.
                if !live.machine.accepts(&what) {
                    return;
                }
                let is_flow = start.is_some();
                match start {
                    Some(start) => live.extras().children.push(start),
                    None => live.extras().called.push(child),
                }
                self.happen(run, Some(what));
                let pauses = self.live(run).is_some_and(|live| live.machine.place_of_child(child).is_some());
                if !is_flow && pauses {
                    let question = Some(Box::new(json!({ "childRunId": child, "createdAt": now })));
                    self.happen(run, Some(Happening::ChildPaused { child, question }));
                }
            }
            Err(error) => self.happen(run, Some(Happening::Failed { place, attempt: 1, error, logs: Vec::new() })),
        }
    }

    /// Something that moves a run which may have been at rest: it takes a place, without queueing for it.
    pub(super) fn move_on(&mut self, run: RunId, what: Happening) {
        let core = Arc::clone(&self.core);
        let Some(live) = self.live(run) else { return };
        if !live.has_place && live.machine.accepts(&what) {
            core.admission.enter_anyway(live.ticket());
            live.has_place = true;
        }
        self.happen(run, Some(what));
        self.rest(run);
    }
}
