//! Where runs come from.

use floe_model::id::{RunId, TriggerId};
use floe_store::flows::runs::RunRow;
use serde_json::{Value, json};

/// Levels of runs that call runs at most (Flow API contract, section 6.5).
pub const DEPTH_MAX: u32 = 5;

/// Member of the source of a run: the triggers whose runs led to it by events.
const CHAIN: &str = "triggerChain";

/// Where a run comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// `client`, `dashboard`, `sub-flow`, `error-flow`, …
    pub kind: &'static str,
    /// JSON object `{kind, hookId, tokenId, userId, ip}` as shown; the trigger and those before it beside them.
    pub source: Value,
    /// The credential that may resume, poll and cancel it, e.g. `key:<id>`.
    pub started_by: String,
    /// `currentUser`: `{name, email}` or null.
    pub user: Value,
    /// The run that called it.
    pub parent: Option<RunId>,
    /// How many runs stand above.
    pub depth: u32,
}

impl Origin {
    /// One that the server starts by itself.
    pub(crate) fn of_server(kind: &'static str) -> Self {
        let source = json!({ "kind": kind, "hookId": null, "tokenId": null, "userId": null, "ip": null });
        Self { kind, source, started_by: "system".to_owned(), user: Value::Null, parent: None, depth: 0 }
    }

    /// One to which another run led, whose caller may act on it too.
    pub(crate) fn after(run: &RunRow, kind: &'static str) -> Self {
        let mut origin = Self { started_by: run.started_by.clone(), ..Self::of_server(kind) };
        note_chain(&mut origin.source, &chain_of(run));
        origin
    }
}

/// Notes the triggers whose runs led to a run by events in its source.
pub(crate) fn note_chain(source: &mut Value, chain: &[TriggerId]) {
    if let (Value::Object(source), false) = (source, chain.is_empty()) {
        source.insert(CHAIN.to_owned(), json!(chain));
    }
}

/// The triggers whose runs led to a run by events, the first one first.
pub(crate) fn chain_of(run: &RunRow) -> Vec<TriggerId> {
    // Most runs have none, and this is asked at each of their effects.
    if !run.source.contains(CHAIN) {
        return Vec::new();
    }
    let source: Value = serde_json::from_str(&run.source).unwrap_or_default();
    let list = source.get(CHAIN).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|id| TriggerId::parse(id.as_str()?).ok()).collect()
}
