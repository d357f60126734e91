//! Answering an item (console contract, section 5.5).

use std::sync::Arc;

use floe_model::agents::exchange::ThreadState;
use floe_model::id::InboxId;
use floe_model::{Fault, FaultKind, FieldProblem};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::items::{self, End, Item as Row, StoppedCall};
use floe_store::agents::{exchanges as exchange_rows, threads as thread_rows};
use serde_json::{Value, json};

use super::item::{Item, Judge, Refusal};
use super::list::find;
use super::write::{requester, tell};
use crate::Agents;
use crate::approvals::Continued;
use crate::exchanges::{Accepted, NewExchange, Ready, caller_of, chain_of};
use crate::threads::{self, Turn};
use crate::trail::{self, Note, Who};

/// Characters of a person's message at most.
const TEXT_CHARS_MAX: usize = 50_000;

/// An answer to an item.
#[derive(Debug, Clone)]
pub struct ItemAnswer {
    /// Digest of what the caller saw.
    pub content_hash: String,
    /// `approve`, `reject` or `release`.
    pub decision: Option<Value>,
    /// A word about it.
    pub comment: Option<String>,
    /// `{text}`: a message in the agent's place.
    pub data: Option<Value>,
    /// The way it came: `dashboard`, `api`, `cli` or `mcp`.
    pub via: &'static str,
}

/// What became of an answer.
#[derive(Debug)]
pub struct Answered {
    /// The item afterwards.
    pub item: Item,
    /// `waiting` while other calls of the exchange wait, `running` when it goes on; `human` or `bot` of a conversation.
    pub status: &'static str,
    /// Bits of the exchange that goes on or waits, or of the conversation.
    pub run: u128,
}

/// What an answer says, once it is known what is asked.
#[derive(Debug, Clone)]
enum Given {
    Decision { approve: bool },
    Release,
    Text(String),
}

/// An answer that is ready to be written, with the exchange that may follow it.
pub struct Prepared {
    id: InboxId,
    given: Given,
    ready: Option<Ready>,
}

impl Agents {
    /// Looks at an answer before the transaction that writes it: everything about it that does not need one.
    ///
    /// # Errors
    /// `not_found`; `forbidden`, `self_approval`; `content_changed`, `already_answered`, `not_waiting`; 422 `invalid_answer`; what
    /// keeps the exchange from going on, unless the call is rejected.
    pub async fn prepare_answer(
        self: &Arc<Self>,
        ctx: &Ctx,
        id: InboxId,
        answer: &ItemAnswer,
    ) -> Result<Prepared, Fault> {
        let reader = ctx.clone();
        let item = ctx.store.read(move |tx| find(tx, &reader, id)).await?.ok_or_else(|| Fault::not_found("Item"))?;
        check(&item, answer)?;
        let given = fit(&item.row, answer)?;
        let ready = match (&item.row.call, &given) {
            (Some(call), Given::Decision { approve }) => match self.next_exchange(ctx, &item.row, call).await {
                Ok(ready) => Some(ready),
                // The agent or the conversation is gone: a rejection needs neither.
                Err(fault) if !approve && gone(&fault) => None,
                Err(fault) if fault.kind() == FaultKind::NotFound => return Err(Refusal::NotWaiting.fault()),
                Err(fault) => return Err(fault),
            },
            _ => None,
        };
        Ok(Prepared { id, given, ready })
    }

    /// The exchange that goes on where a call stopped one.
    async fn next_exchange(self: &Arc<Self>, ctx: &Ctx, row: &Row, call: &StoppedCall) -> Result<Ready, Fault> {
        let (scope, stopped) = (row.scope, call.exchange);
        let before = ctx.store.read(move |tx| exchange_rows::find(tx, scope, stopped)).await?;
        let before = before.ok_or_else(|| Refusal::NotWaiting.fault())?;
        // It goes on for whoever asked first, with the rights that they had: the answer gives no others.
        let by = Arc::new(caller_of(&before));
        let chain = chain_of(&before)?;
        let new = NewExchange {
            thread: Some(row.alias.clone()),
            channel: before.channel,
            callback_url: before.callback_url,
            key: Some(format!("approval:{stopped}")),
            continues: Some(Continued { exchange: stopped }),
            depth: before.depth,
            chain,
            ..NewExchange::new(row.agent, Vec::new())
        };
        self.prepare(&ctx.with_caller(by), new).await
    }

    /// Writes an answer and everything that follows from it, in the caller's transaction. Of many answers at once one counts.
    ///
    /// # Errors
    /// As [`Agents::prepare_answer`], for what changed meanwhile; 402 `no_credits` when the exchange cannot go on for want of credits:
    /// then nothing is written.
    pub fn give_answer(
        &self,
        tx: &mut Tx<'_>,
        ctx: &Ctx,
        prepared: &Prepared,
        answer: &ItemAnswer,
    ) -> Result<Answered, Fault> {
        let row = items::find(tx, ctx.caller.workspace, prepared.id)?.ok_or_else(|| Fault::not_found("Item"))?;
        // Answers about one conversation come one after the other, so that exactly one of them is the last.
        let state = thread_rows::lock(tx, row.scope, row.thread)?.map(|thread| thread.state);
        let row = items::find(tx, ctx.caller.workspace, row.id)?.ok_or_else(|| Fault::not_found("Item"))?;
        let item = Judge::new(ctx).item(tx, row)?;
        check(&item, answer)?;
        let (status, run) = match &prepared.given {
            Given::Decision { approve } => {
                let goes_on = goes_on(state, *approve)?;
                self.decide(tx, ctx, &item.row, prepared.ready.as_ref().filter(|_| goes_on), *approve, answer)?
            }
            Given::Release => self.release(tx, ctx, &item.row, answer)?,
            Given::Text(text) => {
                let turn = Turn { scope: item.row.scope, by: &ctx.caller, request: Some(ctx.request_id) };
                threads::say(tx, &self.platform, &turn, item.row.thread, text)?;
                ("human", item.row.thread.0)
            }
        };
        note(tx, ctx, &item, answer, &prepared.given)?;
        let row = items::find(tx, ctx.caller.workspace, item.row.id)?.ok_or_else(|| Fault::not_found("Item"))?;
        Ok(Answered { item: Judge::new(ctx).item(tx, row)?, status, run })
    }

    fn decide(
        &self,
        tx: &mut Tx<'_>,
        ctx: &Ctx,
        row: &Row,
        ready: Option<&Ready>,
        approve: bool,
        answer: &ItemAnswer,
    ) -> Result<(&'static str, u128), Fault> {
        let Some(call) = &row.call else { return Err(Refusal::NotWaiting.fault()) };
        self.close(tx, ctx, row, if approve { "approve" } else { "reject" }, answer)?;
        let others = items::of_exchange(tx, row.scope.workspace, call.exchange)?;
        if others.iter().any(|other| other.status == "open") {
            return Ok(("waiting", call.exchange.0));
        }
        let Some(ready) = ready else { return Ok(("cancelled", call.exchange.0)) };
        match self.accept_in_background(tx, ready)? {
            Accepted::Taken(exchange) | Accepted::Known(exchange) => Ok(("running", exchange.0)),
            Accepted::Refused(_) => {
                let message = "There are no credits left for the exchange that would go on";
                Err(Fault::new(FaultKind::PaymentRequired, "no_credits", message))
            }
        }
    }

    fn release(
        &self,
        tx: &mut Tx<'_>,
        ctx: &Ctx,
        row: &Row,
        answer: &ItemAnswer,
    ) -> Result<(&'static str, u128), Fault> {
        self.close(tx, ctx, row, "release", answer)?;
        let turn = Turn { scope: row.scope, by: &ctx.caller, request: Some(ctx.request_id) };
        threads::release(tx, &self.platform, &turn, row.thread)?;
        Ok(("bot", row.thread.0))
    }

    fn close(&self, tx: &mut Tx<'_>, ctx: &Ctx, row: &Row, decision: &str, answer: &ItemAnswer) -> Result<(), Fault> {
        let mut by = requester(&ctx.caller);
        by["via"] = json!(answer.via);
        let by = by.to_string();
        let end = End {
            status: "answered",
            decision: Some(decision),
            comment: answer.comment.as_deref(),
            by: Some(&by),
            at: ctx.now(),
        };
        if !items::close(tx, row.scope.workspace, row.id, &end)? {
            return Err(Refusal::AlreadyAnswered.fault());
        }
        tell(tx, &self.platform, row, "platform.inbox.answered")
    }
}

/// Whether an exchange follows a decision about a call, by the state of its conversation. A rejection needs none.
fn goes_on(state: Option<ThreadState>, approve: bool) -> Result<bool, Fault> {
    match state {
        Some(ThreadState::Bot) => Ok(true),
        Some(ThreadState::Human) => {
            let message = "A person answers in this conversation; give it back to the agent first";
            Err(Fault::conflict("conflict", message))
        }
        Some(ThreadState::Closed) | None if approve => Err(Refusal::NotWaiting.fault()),
        Some(ThreadState::Closed) | None => Ok(false),
    }
}

/// Rights first, then whether it is what the caller saw, then whether it still waits.
fn check(item: &Item, answer: &ItemAnswer) -> Result<(), Fault> {
    if let Some(refusal) = item.refusal.filter(|refusal| refusal.is_right()) {
        return Err(refusal.fault());
    }
    if item.row.content_hash != answer.content_hash {
        return Err(content_changed(&item.row.content_hash));
    }
    item.refusal.map_or(Ok(()), |refusal| Err(refusal.fault()))
}

/// Brings an answer into the form that the item takes.
fn fit(row: &Row, answer: &ItemAnswer) -> Result<Given, Fault> {
    let decision = answer.decision.as_ref().map(|value| value.as_str().unwrap_or_default());
    match (&row.call, decision, &answer.data) {
        (Some(_), _, Some(_)) => Err(invalid("/data", "unknown", "This item takes no data")),
        (Some(_), Some(word @ ("approve" | "reject")), None) => Ok(Given::Decision { approve: word == "approve" }),
        (Some(_), ..) => Err(invalid("/decision", "value", "decision must be approve or reject")),
        (None, Some("release"), None) => Ok(Given::Release),
        (None, Some(_), None) => Err(invalid("/decision", "value", "decision must be release")),
        (None, None, Some(data)) => {
            let text = data.get("text").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
            match text.filter(|text| text.chars().count() <= TEXT_CHARS_MAX) {
                Some(text) => Ok(Given::Text(text.to_owned())),
                None => {
                    let message = format!("data must be {{text}}, a text of 1 to {TEXT_CHARS_MAX} characters");
                    Err(invalid("/data/text", "value", &message))
                }
            }
        }
        (None, ..) => Err(invalid("", "value", "Give either data or the decision release")),
    }
}

fn gone(fault: &Fault) -> bool {
    matches!(fault.kind(), FaultKind::NotFound | FaultKind::Conflict)
}

fn note(tx: &mut Tx<'_>, ctx: &Ctx, item: &Item, answer: &ItemAnswer, given: &Given) -> Result<(), Fault> {
    let decision = match given {
        Given::Decision { approve: true } => json!("approve"),
        Given::Decision { approve: false } => json!("reject"),
        Given::Release => json!("release"),
        Given::Text(_) => Value::Null,
    };
    let detail = json!({
        "kind": item.row.kind(), "agent_id": item.row.agent, "thread_id": item.row.alias, "decision": decision,
        "content_hash": item.row.content_hash, "via": answer.via,
    });
    let note = Note {
        action: "answered_item",
        kind: "inbox_item",
        id: item.row.id.0,
        name: &item.title,
        detail,
        mode: Some(item.row.scope.mode),
    };
    trail::note(tx, ctx, &Who::caller(ctx), note)
}

fn content_changed(hash: &str) -> Fault {
    // The pointer and the new digest are what a client needs to show the item again.
    let stale = FieldProblem::new("/content_hash", "stale", format!("expected {hash}"));
    Fault::conflict("content_changed", "The content is not what you saw; look at it again")
        .with_fields(vec![stale])
        .with_details(json!({ "content_hash": hash }))
}

fn invalid(path: &str, code: &'static str, message: &str) -> Fault {
    let problem = FieldProblem::new(path, code, message);
    Fault::new(FaultKind::Unprocessable, "invalid_answer", message).with_fields(vec![problem])
}
