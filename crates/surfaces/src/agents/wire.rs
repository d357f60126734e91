//! Agents and what they did as JSON, for the agent API and for the console: the two differ in how they print instants.

use floe_agents::agents::{self, Agent, Version};
use floe_agents::monitoring::{Entry, Latency, Performance, Trace, mean};
use floe_model::Timestamp;
use floe_model::access::credits::number;
use floe_model::agents::agent::OUTPUT_TOKENS;
use floe_model::agents::days::date;
use floe_model::agents::envelope;
use floe_store::agents::activity::Activity;
use floe_store::agents::activity_numbers::Sums;
use floe_store::agents::spans::Span;
use serde_json::{Map, Value, json};

/// How instants are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instants {
    /// Whole seconds: the agent API (agents contract, section 1).
    Seconds,
    /// Milliseconds: the console.
    Millis,
}

impl Instants {
    /// An instant as text.
    pub(crate) fn print(self, at: Timestamp) -> String {
        match self {
            Self::Seconds => envelope::instant(at),
            Self::Millis => at.to_string(),
        }
    }
}

/// An agent, its secrets hidden.
pub(crate) fn agent(agent: &Agent, instants: Instants) -> Map<String, Value> {
    let id = agent.id.to_string();
    let mut object = Map::new();
    object.insert("id".to_owned(), id.clone().into());
    object.insert("agent_id".to_owned(), id.into());
    object.extend(config(&agent.config));
    object.insert("created_at".to_owned(), instants.print(agent.created_at).into());
    object.insert("updated_at".to_owned(), instants.print(agent.updated_at).into());
    object.insert("config_version".to_owned(), agent.config_version.into());
    object
}

/// A configuration, its secrets hidden; the length of answers is told even when it is the usual one.
fn config(config: &floe_model::agents::agent::AgentConfig) -> Map<String, Value> {
    let mut object = agents::shown(config);
    if config.max_output_tokens.is_none() {
        object.insert("max_output_tokens".to_owned(), OUTPUT_TOKENS.into());
    }
    object
}

/// A version without its configuration.
pub(crate) fn version(version: &Version, instants: Instants) -> Map<String, Value> {
    let row = &version.row;
    let pairs: [(&str, Value); 5] = [
        ("config_version", row.number.into()),
        ("action", row.action.as_str().into()),
        ("name", version.config.name.as_str().into()),
        ("changed_by", json!({ "type": row.actor_type, "name": row.actor_name })),
        ("created_at", instants.print(row.at).into()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A version with its configuration.
pub(crate) fn whole_version(found: &Version, instants: Instants) -> Map<String, Value> {
    let mut object = version(found, instants);
    object.insert("config".to_owned(), config(&found.config).into());
    object
}

/// Something that happened.
pub(crate) fn activity(entry: &Activity, instants: Instants) -> Value {
    json!({
        "id": entry.id.prefixed(),
        "type": entry.kind.as_str(),
        "status": entry.status,
        "thread_id": entry.thread,
        "request_id": entry.request.map(floe_model::id::RequestId::prefixed),
        "channel": entry.channel,
        "model": entry.model,
        "execution_time": entry.execution_ms,
        "used_credits": number(entry.used_credits),
        "tool": entry.tool,
        "error": entry.error,
        "created_at": instants.print(entry.at),
    })
}

/// Something that happened, with the whole trace of its exchange.
pub(crate) fn entry(entry: &Entry, instants: Instants) -> Value {
    let mut object = activity(&entry.activity, instants);
    object["detail"] = entry.activity.detail.as_deref().map_or(Value::Null, parsed);
    object["exchange"] = entry.trace.as_ref().map_or(Value::Null, |trace| exchange(trace, instants));
    object
}

fn exchange(trace: &Trace, instants: Instants) -> Value {
    let (found, ended) = (&trace.exchange, trace.exchange.ended.as_ref());
    json!({
        "id": found.id.prefixed(),
        "status_code": ended.map(|ended| ended.code),
        "finish_reason": ended.and_then(|ended| ended.finish).map(envelope::Finish::as_str),
        "config_version": found.config_version,
        "model": ended.and_then(|ended| ended.model.as_deref()),
        "usage": ended.map(|ended| json!({ "input_tokens": ended.input_tokens, "output_tokens": ended.output_tokens })),
        "used_credits": ended.map(|ended| number(ended.credits)),
        "error": ended.and_then(|ended| ended.error.as_deref()),
        "accepted_at": instants.print(found.accepted_at),
        "started_at": found.started_at.map(|at| instants.print(at)),
        "finished_at": ended.map(|ended| instants.print(ended.at)),
        "trace": trace.spans.iter().map(|one| span(one, instants)).collect::<Vec<_>>(),
    })
}

fn span(span: &Span, instants: Instants) -> Value {
    json!({
        "round": span.round,
        "type": span.kind.as_str(),
        "name": span.name,
        "status": span.status.as_str(),
        "tool_call_id": span.call_id,
        "input": span.input.as_deref().map(parsed),
        "output": span.output.as_deref().map(parsed),
        "error": span.error,
        "model": span.model,
        "usage": { "input_tokens": span.input_tokens, "output_tokens": span.output_tokens },
        "started_at": instants.print(span.started_at),
        "finished_at": span.finished_at.map(|at| instants.print(at)),
        "duration_ms": span.finished_at.map(|at| at.millis_since(span.started_at)),
    })
}

/// What was stored as JSON; text that is none is shown as it is.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// Numbers of an agent.
pub(crate) fn performance(agent_id: &str, found: &Performance) -> Value {
    let total = &found.total;
    let Latency { avg, p50, p95, p99 } = found.latency;
    json!({
        "agent_id": agent_id,
        "time_range": found.days.range(),
        "totals": {
            "exchanges": total.exchanges,
            "threads": found.threads,
            "errors": total.errors,
            "tool_calls": found.tool_calls,
            "handoffs": found.handoffs,
            "credits_used": number(total.credits),
            "input_tokens": total.input_tokens,
            "output_tokens": total.output_tokens,
        },
        "success_rate": found.success_rate(),
        "latency_ms": { "avg": avg, "p50": p50, "p95": p95, "p99": p99 },
        "by_day": found.by_day.iter().map(|(day, sums)| part("date", &date(*day), sums)).collect::<Vec<_>>(),
        "by_model": found.by_model.iter().map(|(model, sums)| part("model", model, sums)).collect::<Vec<_>>(),
        "by_tool": found.by_tool.iter().map(|one| json!({
            "tool": one.tool,
            "calls": one.calls,
            "errors": one.errors,
            "avg_ms": mean(one.timed),
        })).collect::<Vec<_>>(),
        "errors": found.errors.iter().map(|(code, count)| json!({ "code": code, "count": count })).collect::<Vec<_>>(),
    })
}

fn part(name: &str, value: &str, sums: &Sums) -> Value {
    let mut object = json!({
        name: value,
        "exchanges": sums.exchanges,
        "errors": sums.errors,
        "credits_used": number(sums.credits),
        "input_tokens": sums.input_tokens,
        "output_tokens": sums.output_tokens,
    });
    object["avg_latency_ms"] = mean(sums.timed).into();
    object
}
