//! What has no domain events of its own: it is looked at again and again, and told when it is different from the last look.

use std::collections::HashMap;

use floe_flows::runs::Following;
use floe_model::id::{KnowledgeBaseId, RunId};
use floe_model::{Fault, Mode};
use floe_store::Tx;
use floe_store::agents::knowledge_documents::{self as documents, Document, Place};
use floe_store::flows::bulk;
use floe_store::webhooks::deliveries::{self, Filter};
use floe_webhooks::endpoints::is_treasury_owner;
use serde_json::{Value, json};

use super::told::{Message, run_data};
use super::topics::Topics;
use crate::console::{run_detail, runs};
use crate::http::Call;

/// Newest deliveries that are followed.
const DELIVERIES_MAX: usize = 50;
/// Newest acts on many runs that are followed.
const JOBS_MAX: usize = 20;
/// Documents at work that are followed.
const DOCUMENTS_MAX: usize = 100;
/// Statuses of a run that is over.
const OVER: [&str; 3] = ["completed", "failed", "cancelled"];

/// What was seen at the last look.
pub(super) struct Looks {
    lists: Vec<List>,
    runs: Vec<OneRun>,
}

/// A list that is looked at.
struct List {
    of: Listed,
    /// How each looked, by its id.
    seen: HashMap<String, String>,
    /// Where the documents are.
    bases: HashMap<String, Place>,
    /// Whether the first look tells what it finds: a reader who comes back may have missed any of it.
    tells: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Listed {
    Deliveries,
    Jobs,
    Documents,
    Credits,
}

/// One run that is followed with its steps.
struct OneRun {
    id: RunId,
    /// Its id as lists show it.
    shown: Value,
    words: Following,
    /// Its status at the last look.
    status: Option<String>,
    spans: HashMap<String, String>,
}

impl Looks {
    /// Nothing is known yet; `is_resumed`: the reader has seen a part.
    pub(super) fn new(call: &Call, topics: &Topics, is_resumed: bool) -> Self {
        let wanted = [
            (topics.deliveries, Listed::Deliveries),
            (topics.jobs, Listed::Jobs),
            (topics.documents, Listed::Documents),
            (topics.credits, Listed::Credits),
        ];
        let list = |of| List { of, seen: HashMap::new(), bases: HashMap::new(), tells: is_resumed };
        let run = |id: &RunId| OneRun {
            id: *id,
            shown: Value::Null,
            words: call.app.flows.runs.follow_words(*id),
            status: None,
            spans: HashMap::new(),
        };
        Self {
            lists: wanted.into_iter().filter(|(wanted, _)| *wanted).map(|(_, of)| list(of)).collect(),
            runs: topics.of_runs.iter().map(run).collect(),
        }
    }

    /// What is different.
    ///
    /// # Errors
    /// Of the database.
    pub(super) async fn look(&mut self, call: &Call) -> Result<Vec<Message>, Fault> {
        let mut messages = Vec::new();
        for list in &mut self.lists {
            messages.extend(list.look(call).await?);
        }
        for run in &mut self.runs {
            messages.extend(run.look(call).await?);
        }
        Ok(messages)
    }

    /// What models said since the last look: the pieces of each attempt as one.
    pub(super) fn words(&mut self) -> Vec<Message> {
        self.runs.iter_mut().flat_map(OneRun::said).collect()
    }
}

impl List {
    async fn look(&mut self, call: &Call) -> Result<Vec<Message>, Fault> {
        let mut found = match self.of {
            Listed::Deliveries => of_deliveries(call).await?,
            Listed::Jobs => of_jobs(call).await?,
            Listed::Documents => self.of_documents(call).await?,
            Listed::Credits => of_credits(call).await?,
        };
        let looks = |data: &Value| format!("{} {}", data["status"], data["revision"]);
        let key = |data: &Value| format!("{}{}", data["id"], data["mode"]);
        let now: HashMap<String, String> = found.iter().map(|data| (key(data), looks(data))).collect();
        let is_told = self.tells;
        found.retain(|data| is_told && self.seen.get(&key(data)) != Some(&looks(data)));
        self.seen = now;
        self.tells = true;
        let name = match self.of {
            Listed::Deliveries => "delivery.changed",
            Listed::Jobs => "job.progress",
            Listed::Documents => "document.progress",
            Listed::Credits => "credits.changed",
        };
        // The oldest first: what comes last is how it stands.
        let messages = found.into_iter().rev().map(|mut data| {
            data["type"] = json!(name);
            Message { name, place: None, data }
        });
        Ok(messages.collect())
    }

    /// Documents at work, and once more those whose work has ended.
    async fn of_documents(&mut self, call: &Call) -> Result<Vec<Value>, Fault> {
        let (workspace, before) = (call.ctx.caller.workspace, std::mem::take(&mut self.bases));
        let reading = move |tx: &mut Tx<'_>| {
            let mut open = documents::open_of_workspace(tx, workspace, DOCUMENTS_MAX)?;
            let places: HashMap<String, Place> =
                open.iter().map(|document| (document.id.prefixed(), document.place())).collect();
            for (_, place) in before.iter().filter(|(id, _)| !places.contains_key(*id)) {
                open.extend(documents::find(tx, *place)?);
            }
            Ok((open, places))
        };
        let (found, places) = call.ctx.store.read(reading).await?;
        self.bases = places;
        Ok(found.iter().map(document).collect())
    }
}

fn document(one: &Document) -> Value {
    let base: KnowledgeBaseId = one.base;
    json!({
        "type": null, "id": one.id.prefixed(), "kind": one.kind, "mode": null, "status": one.status, "revision": one.progress,
        "at": one.updated_at, "knowledge_base_id": base.prefixed(),
    })
}

async fn of_deliveries(call: &Call) -> Result<Vec<Value>, Fault> {
    let workspace = call.ctx.caller.workspace;
    let filter = Filter { without_treasury: !is_treasury_owner(&call.ctx.caller), ..Filter::default() };
    let reading = move |tx: &mut Tx<'_>| deliveries::list(tx, workspace, &filter, None, DELIVERIES_MAX);
    let found = call.ctx.store.read(reading).await?;
    let object = |one: &deliveries::Delivery| {
        json!({
            "type": null, "id": one.id.prefixed(), "kind": one.kind, "mode": one.mode.as_str(), "status": one.status.as_str(),
            "revision": one.attempts, "at": one.finished_at.unwrap_or(one.created_at),
        })
    };
    Ok(found.iter().map(object).collect())
}

async fn of_jobs(call: &Call) -> Result<Vec<Value>, Fault> {
    let workspace = call.ctx.caller.workspace;
    let found = call.ctx.store.read(move |tx| bulk::newest(tx, workspace, JOBS_MAX)).await?;
    let object = |job: &bulk::BulkJob| {
        json!({
            "type": null, "id": job.id.prefixed(), "kind": job.kind, "mode": null, "status": job.status,
            "revision": job.done + job.failed, "at": job.finished_at.unwrap_or(job.created_at),
        })
    };
    Ok(found.iter().map(object).collect())
}

async fn of_credits(call: &Call) -> Result<Vec<Value>, Fault> {
    let ledgers = call.app.access.ledgers(&call.ctx.caller).await?;
    let (id, now) = (call.ctx.caller.workspace.prefixed(), call.ctx.now());
    let object = |mode: Mode, balance: i64| {
        json!({
            "type": null, "id": id, "kind": null, "mode": mode.as_str(), "status": null, "at": now,
            "revision": balance,
        })
    };
    Ok(vec![object(Mode::Live, ledgers.live.account.balance), object(Mode::Test, ledgers.test.account.balance)])
}

impl OneRun {
    /// How the run stands when that changed, and its spans that are new or different.
    async fn look(&mut self, call: &Call) -> Result<Vec<Message>, Fault> {
        if self.status.as_deref().is_some_and(|status| OVER.contains(&status)) {
            return Ok(Vec::new());
        }
        let Some(run) = runs::find_object(call, self.id.0).await? else { return Ok(Vec::new()) };
        self.shown = run["id"].clone();
        let status = run["status"].as_str().map(str::to_owned);
        let is_same = status == self.status;
        let now = json!(call.ctx.now());
        let timeline = run_detail::timeline_object(call, self.id).await?;
        let spans = timeline["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut messages = Vec::new();
        for span in spans {
            let looks = looks_of(span);
            let id = span["id"].as_str().unwrap_or_default();
            if self.spans.get(id) != Some(&looks) {
                self.spans.insert(id.to_owned(), looks);
                let data = json!({ "type": "run.span", "id": run["id"], "at": now, "span": span });
                messages.push(Message { name: "run.span", place: None, data });
            }
        }
        if !is_same {
            messages.push(Message { name: "run.changed", place: None, data: run_data(&run, &now) });
        }
        self.status = status;
        Ok(messages)
    }

    fn said(&mut self) -> Vec<Message> {
        let mut pieces: Vec<(String, u32, String)> = Vec::new();
        while let Some(said) = self.words.ready() {
            match pieces.last_mut() {
                Some((step, attempt, text)) if *step == said.step_id && *attempt == said.attempt => {
                    text.push_str(&said.text);
                }
                _ => pieces.push((said.step_id, said.attempt, said.text)),
            }
        }
        let run = &self.shown;
        let message = |(step, attempt, text): (String, u32, String)| {
            let data = json!({ "type": "run.delta", "id": run, "step_id": step, "attempt": attempt, "text": text });
            Message { name: "run.delta", place: None, data }
        };
        pieces.into_iter().map(message).collect()
    }
}

/// A span without what grows by itself while it waits.
fn looks_of(span: &Value) -> String {
    let mut span = span.clone();
    if let Some(members) = span.as_object_mut() {
        members.remove("wait_ms");
    }
    span.to_string()
}
