//! Exchanges of agents among the runs of all products: how they look, and what can be done about them (console contract, section 5.7).

use floe_agents::runs::{self, Filter, Listed};
use floe_model::access::credits;
use floe_model::agents::exchange::{SpanKind, SpanStatus};
use floe_model::id::{AgentId, ExchangeId};
use floe_model::{Fault, FaultKind, Mode, Timestamp};
use floe_store::agents::spans::Span;
use serde_json::{Value, json};

use super::run_wire::span_id;
use super::runs as any_runs;
use crate::http::{Call, Reply};

/// Characters of a filter's text at most.
const TEXT_CHARS_MAX: usize = 200;
/// Bytes of what a span was given or gave that are shown.
const VALUE_BYTES_MAX: usize = 256 * 1024;

/// An exchange. Absent values are null, never left out.
pub(super) fn run_object(listed: &Listed) -> Value {
    let row = &listed.row;
    let (trigger, source) = listed.start();
    let status = listed.status();
    let waiting_on =
        row.asks.map(|ask| json!({ "inbox_id": ask.prefixed(), "kind": "agent_tool", "since": row.finished_at }));
    let error = (status == "failed").then(|| {
        let code = row.error.clone().unwrap_or_else(|| row.code.unwrap_or(500).to_string());
        json!({ "code": code, "message": message(row.code), "step_id": null })
    });
    let starter: Value = serde_json::from_str(&row.started_by).unwrap_or_default();
    json!({
        "id": row.id.prefixed(), "kind": "agent", "name": row.agent_name.clone().unwrap_or_default(),
        "definition_id": row.agent, "version": row.config_version, "mode": listed.mode.as_str(),
        "status": status, "product_status": listed.product_status(), "warnings": 0,
        "trigger": trigger, "source": source,
        "started_by": { "type": starter["kind"].as_str().unwrap_or("system"), "id": starter["id"], "name": starter["name"] },
        "waiting_on": waiting_on, "progress": null,
        "created_at": row.accepted_at, "started_at": row.started_at, "finished_at": row.finished_at,
        "duration_ms": row.finished_at.zip(row.started_at).map(|(end, start)| end.millis_since(start).max(0)),
        "wait_ms": row.started_at.map(|start| start.millis_since(row.accepted_at).max(0)),
        "credits": credits::number(row.credits), "error": error, "parent_id": null, "rerun_of": null,
    })
}

/// What the status of an envelope says, in a sentence.
const fn message(code: Option<i64>) -> &'static str {
    match code {
        Some(402) => "There were no credits for it",
        Some(503) => "Every model failed with what passes",
        _ => "It could not be answered",
    }
}

/// Reads the filters of a list, by their names, which were found to be right before; none when they show no exchange.
///
/// # Errors
/// 400 for a value that makes no sense.
pub(super) fn read_filter(given: impl Fn(&str) -> Option<String>) -> Result<Option<Filter>, Fault> {
    let given = |name: &str| given(name).filter(|text| !text.is_empty());
    let words = |list: String| list.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>();
    let kinds = given("kind").map(words);
    if kinds.is_some_and(|kinds| !kinds.iter().any(|kind| kind == "agent")) || given("parent_id").is_some() {
        return Ok(None);
    }
    let agent = given("definition_id").map(|id| AgentId::parse(&id));
    // A text that is no id is the id of nothing.
    if matches!(agent, Some(Err(_))) {
        return Ok(None);
    }
    let brief = |name: &str| given(name).map(|text| text.chars().take(TEXT_CHARS_MAX).collect::<String>());
    let instant = |name: &str| given(name).map(|text| any_runs::instant(name, &text)).transpose();
    Ok(Some(Filter {
        statuses: given("status").map(words).unwrap_or_default(),
        product: given("product_status").map(words).unwrap_or_default(),
        mode: given("mode").and_then(|word| Mode::parse(&word)),
        agent: agent.and_then(Result::ok),
        trigger: brief("trigger"),
        source: brief("source"),
        error: brief("error_code"),
        from: instant("from")?,
        to: instant("to")?,
        text: brief("q").map(|text| text.to_lowercase()),
    }))
}

/// An exchange of the workspace in either mode; none for what is none.
///
/// # Errors
/// Of the database.
pub(super) async fn find(call: &Call, id: u128) -> Result<Option<Listed>, Fault> {
    let workspace = call.ctx.caller.workspace;
    call.ctx.store.read(move |tx| runs::find(tx, workspace, ExchangeId(id))).await
}

/// Asks an exchange to stop: what it said until then is stored and charged.
///
/// # Errors
/// 409 when it is over.
pub(super) async fn cancel(call: &Call, listed: &Listed) -> Result<Reply, Fault> {
    let (id, workspace) = (listed.row.id, call.ctx.caller.workspace);
    call.commit(move |tx| runs::cancel(tx, workspace, id), |listed| Reply::ok(&run_object(&listed))).await
}

/// An exchange is not repeated: its messages would be said twice.
pub(super) fn not_repeated() -> Fault {
    let message = "An exchange with an agent is not run again; send its message once more";
    Fault::new(FaultKind::Unprocessable, "not_supported", message)
}

/// What happened inside as spans, and what happened to the exchange.
///
/// # Errors
/// Of the database.
pub(super) async fn timeline(call: &Call, listed: Listed) -> Result<Value, Fault> {
    let now = call.ctx.now();
    let events = events(&listed);
    let found = spans_of(call, listed).await?;
    let spans: Vec<Value> = found.iter().enumerate().map(|(at, span)| span_object(at, span, now)).collect();
    Ok(json!({ "spans": spans, "events": events }))
}

/// One span with what it was given and gave.
///
/// # Errors
/// `not_found`.
pub(super) async fn span_detail(call: &Call, listed: Listed, index: usize) -> Result<Reply, Fault> {
    let now = call.ctx.now();
    let found = spans_of(call, listed).await?;
    let span = found.get(index).ok_or_else(|| Fault::not_found("Span"))?;
    let mut shown = span_object(index, span, now);
    let mut truncated = false;
    let mut value = |text: &Option<String>| match text.as_deref() {
        Some(text) if text.len() > VALUE_BYTES_MAX => {
            truncated = true;
            json!({ "$truncated": true, "bytes": text.len() })
        }
        Some(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        None => Value::Null,
    };
    let (input, output) = (value(&span.input), value(&span.output));
    shown["truncated"] = json!(truncated);
    shown["request"] = input.clone();
    shown["response"] = output.clone();
    shown["input"] = input;
    shown["output"] = output;
    shown["logs"] = json!([]);
    shown["attempts"] = json!([]);
    Reply::ok(&shown)
}

async fn spans_of(call: &Call, listed: Listed) -> Result<Vec<Span>, Fault> {
    let workspace = call.ctx.caller.workspace;
    call.ctx.store.read(move |tx| runs::spans(tx, workspace, &listed)).await
}

fn span_object(index: usize, span: &Span, now: Timestamp) -> Value {
    let length = |end: Timestamp| end.millis_since(span.started_at).max(0);
    let status = match span.status {
        SpanStatus::Running => "running",
        SpanStatus::Done => "completed",
        SpanStatus::Failed => "failed",
        SpanStatus::Waiting => "waiting",
    };
    let waits = span.status == SpanStatus::Waiting;
    let kind = match span.kind {
        SpanKind::Model => "model",
        SpanKind::Tool => "tool",
        SpanKind::Guardrail => "guardrail",
        SpanKind::Summary => "summary",
    };
    json!({
        "id": span_id(index), "parent_id": null, "step_id": format!("{}.{}", span.round, span.ordinal), "name": span.name,
        "type": kind, "status": status, "attempt": 1, "iteration": [], "branch_id": null,
        "started_at": span.started_at, "finished_at": span.finished_at, "duration_ms": span.finished_at.map(length),
        "wait_ms": if waits { length(span.finished_at.unwrap_or(now)) } else { 0 }, "credits": 0, "reused": false,
        "error": span.error.as_ref().map(|error| json!({ "code": "failed", "message": error })),
    })
}

fn events(listed: &Listed) -> Vec<Value> {
    let row = &listed.row;
    let event =
        |at: Timestamp, kind: &str| json!({ "at": at, "type": kind, "step_id": null, "by": null, "run_id": null });
    let end = match listed.status() {
        "waiting" => "run.waiting",
        "failed" => "run.failed",
        "cancelled" => "run.cancelled",
        _ => "run.completed",
    };
    let mut told = vec![event(row.accepted_at, "run.accepted")];
    told.extend(row.started_at.map(|at| event(at, "run.started")));
    told.extend(row.finished_at.map(|at| event(at, end)));
    told
}
