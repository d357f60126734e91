//! What nodes ask of each other about runs.

use std::sync::Arc;
use std::time::Duration;

use floe_model::id::{NodeId, RunId, WaitId, WorkspaceId};
use floe_model::{Fault, FaultKind, FieldProblem};
use floe_store::platform::audit;
use floe_store::platform::node_mail::{self, Letter};
use floe_store::{Change, Node};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::super::answer::AnswerIn;
use super::super::engine::{Core, RunEngine};
use super::super::message::{ChildNews, Request};
use super::settle;

/// Longest pause between two looks at one's letters; what others tell comes sooner.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Longest pause between two looks for an answer.
const ANSWER_EVERY: Duration = Duration::from_millis(250);
/// How long an answer is waited for.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Letters worked on at a time.
const LETTERS_MAX: usize = 64;

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    /// Take this answer.
    Answer(Box<AnswerIn>),
    /// End.
    Cancel { by: Option<String>, audit: Option<Box<audit::Entry>> },
    /// A child run has news.
    Child { child: RunId, news: ChildNews },
    /// A wait's time has come.
    Due { wait: WaitId },
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answered {
    Done,
    Refused(Refusal),
}

/// A fault on its way.
#[derive(Debug, Serialize, Deserialize)]
struct Refusal {
    code: String,
    message: String,
    fields: Vec<(String, String, String)>,
    details: Option<Value>,
}

/// Sends a request on and gives its answer to whoever asked.
pub(super) fn send_on(core: Arc<Core>, workspace: WorkspaceId, run: RunId, owner: Option<NodeId>, what: Request) {
    tokio::spawn(async move {
        let ask = async |asked: Asked| ask(&core, workspace, run, owner, &asked).await;
        match what {
            Request::Answer { answer, accepted, settled } => match ask(Asked::Answer(answer)).await {
                Ok(()) => {
                    accepted.into_iter().for_each(|accepted| drop(accepted.send(Ok(()))));
                    settle::later(Arc::clone(&core), workspace, run, settled);
                }
                Err(fault) => drop(settled.send(Err(fault))),
            },
            Request::Cancel { by, audit, done } => match ask(Asked::Cancel { by, audit }).await {
                Ok(()) => settle::later(Arc::clone(&core), workspace, run, done),
                Err(fault) => drop(done.send(Err(fault))),
            },
            Request::Child { child, news, done } => drop(done.send(ask(Asked::Child { child, news }).await)),
            Request::Due { wait, done } => drop(done.send(ask(Asked::Due { wait }).await)),
            // These come from a run in this node's memory, and concern nobody else.
            Request::Settle { .. }
            | Request::Admit(_)
            | Request::Park
            | Request::LetGo
            | Request::Effected { .. }
            | Request::Alarm(_)
            | Request::GoOn
            | Request::Scripted { .. }
            | Request::Equipped { .. }
            | Request::Called { .. } => {}
        }
    });
}

/// Sends a letter and waits for its answer. The letter outlives its reader: another node takes it when that one ends.
async fn ask(core: &Core, workspace: WorkspaceId, run: RunId, to: Option<NodeId>, asked: &Asked) -> Result<(), Fault> {
    let store = &core.platform.store;
    let Some(from) = core.own() else { return Err(unanswered()) };
    let text = serde_json::to_string(asked).map_err(Fault::internal)?;
    let letter = Letter { id: core.platform.ids.next_bits(), from, workspace, run, text };
    let (id, now) = (letter.id, core.platform.clock.now());
    let mut changes = store.watch();
    store.write(move |tx| node_mail::send(tx, &letter, to, now)).await?;
    let answered = async {
        loop {
            match store.read(move |tx| node_mail::answered(tx, id)).await? {
                Some(Some(answer)) => return Ok(answer),
                Some(None) => {}
                None => return Err(unanswered()),
            }
            let _ = tokio::time::timeout(ANSWER_EVERY, mail(&mut changes, from)).await;
        }
    };
    let answer = tokio::time::timeout(WAIT_MAX, answered).await.unwrap_or_else(|_| Err(unanswered()));
    store.write(move |tx| node_mail::remove(tx, id)).await?;
    match serde_json::from_str(&answer?).map_err(Fault::internal)? {
        Answered::Done => Ok(()),
        Answered::Refused(refusal) => Err(refusal.fault()),
    }
}

/// Works on the letters to this node, for as long as the process lives.
pub(super) async fn serve(engine: RunEngine, node: Node) {
    let mut changes = engine.core.platform.store.watch();
    let room = Arc::new(Semaphore::new(LETTERS_MAX));
    loop {
        if let Some(own) = node.id().filter(|_| node.has_others()) {
            let taken = engine.core.platform.store.write(move |tx| node_mail::take(tx, own)).await;
            let taken = taken.unwrap_or_else(|fault| {
                tracing::warn!(%fault, "letters of other nodes cannot be read now; trying again");
                Vec::new()
            });
            for letter in taken {
                let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
                let engine = engine.clone();
                tokio::spawn(async move {
                    answer(&engine, own, &letter).await;
                    drop(permit);
                });
            }
        }
        let own = node.id().unwrap_or(NodeId(0));
        let _ = tokio::time::timeout(LOOK_EVERY, mail(&mut changes, own)).await;
    }
}

async fn answer(engine: &RunEngine, own: NodeId, letter: &Letter) {
    let done = match serde_json::from_str(&letter.text) {
        Ok(asked) => act(engine, letter.workspace, letter.run, asked).await,
        // A node of another version; its sender tells the caller to come again.
        Err(error) => Err(Fault::internal(error)),
    };
    let answered = match done {
        Ok(()) => Answered::Done,
        Err(fault) => Answered::Refused(Refusal::of(&fault)),
    };
    let Ok(text) = serde_json::to_string(&answered) else { return };
    let letter = letter.clone();
    let written = engine.core.platform.store.write(move |tx| node_mail::answer(tx, own, &letter, &text)).await;
    if let Err(fault) = written {
        tracing::warn!(%fault, "a letter of another node could not be answered");
    }
}

async fn act(engine: &RunEngine, workspace: WorkspaceId, run: RunId, asked: Asked) -> Result<(), Fault> {
    match asked {
        Asked::Answer(answer) => engine.answer_on_disk(workspace, run, *answer).await,
        Asked::Cancel { by, audit } => engine.cancel(workspace, run, by, audit.map(|entry| *entry)).await.map(drop),
        Asked::Child { child, news } => engine.tell_parent(workspace, run, child, news).await,
        Asked::Due { wait } => engine.due(workspace, run, wait).await,
    }
}

/// Returns when a letter for this node may have come, or an answer to one.
async fn mail(changes: &mut Receiver<Change>, own: NodeId) {
    loop {
        match changes.recv().await {
            Ok(Change::Mail { to }) if to.is_none_or(|to| to == own) => return,
            Ok(Change::Many) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}

fn unanswered() -> Fault {
    Fault::new(FaultKind::Overloaded, "overloaded", "The node that moves this run did not answer").with_retry_after(1)
}

/// Codes of the faults that these requests can meet, with their kinds: what comes over the wire is one of them.
const CODES: &[(&str, FaultKind)] = &[
    ("not_found", FaultKind::NotFound),
    ("run_not_waiting", FaultKind::Conflict),
    ("already_resumed", FaultKind::Conflict),
    ("resume_mismatch", FaultKind::Invalid),
    ("execution_id_mismatch", FaultKind::Conflict),
    ("run_finished", FaultKind::Conflict),
    ("validation_error", FaultKind::Invalid),
    ("overloaded", FaultKind::Overloaded),
];
/// Codes of wrong fields of a form.
const FIELD_CODES: &[&str] = &["required", "type", "options", "reserved", "range", "length", "format", "unknown"];

impl Refusal {
    fn of(fault: &Fault) -> Self {
        let field = |field: &FieldProblem| (field.path.clone(), field.code.to_owned(), field.message.clone());
        Self {
            code: fault.code().to_owned(),
            message: fault.message().to_owned(),
            fields: fault.fields().iter().map(field).collect(),
            details: fault.details().cloned(),
        }
    }

    fn fault(self) -> Fault {
        let Some((code, kind)) = CODES.iter().find(|(code, _)| *code == self.code) else {
            return Fault::internal(format!("another node answered {}: {}", self.code, self.message));
        };
        let field = |(path, code, message): (String, String, String)| {
            let code = FIELD_CODES.iter().find(|known| **known == code).copied().unwrap_or("value");
            FieldProblem::new(path, code, message)
        };
        let fault = Fault::new(*kind, code, self.message).with_fields(self.fields.into_iter().map(field).collect());
        match self.details {
            Some(details) => fault.with_details(details),
            None => fault,
        }
    }
}
