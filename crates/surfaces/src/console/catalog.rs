//! `/catalog/{name}`: the data behind forms (console contract, section 5.1). A name whose data is not here yet is not found.

use floe_engine::catalog::StepSpec;
use floe_model::Fault;
use floe_model::access::{KeyKind, TOKEN_SCOPES};
use floe_model::event_types::EVENT_TYPES;
use floe_model::placements::filter::Operator;
use serde_json::{Value, json};

use super::shapes::catalog as shapes;
use super::{Rights, SURFACE};
use crate::http::{Auth, Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/catalog/{name}", Auth::MEMBER, show)
            .any_reads()
            .doc("Show the data behind a form")
            .about("key-kinds, scopes, event-types, steps-flow, steps-workflow, connection-providers, audience-operators, shortcuts.")
            .answers(200, shapes::CATALOG),
    ]
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let data = match call.param("name")? {
        "key-kinds" => KeyKind::ALL.into_iter().map(key_kind).collect(),
        "scopes" => TOKEN_SCOPES.iter().map(|scope| json!({ "key": scope })).collect(),
        "event-types" => EVENT_TYPES.iter().map(|name| event_type(name)).collect(),
        "steps-flow" => call.app.flows.catalog.steps().map(step).collect(),
        "steps-workflow" => floe_engine::lang::graph::catalogue(call.app.flows.catalog.nodes()),
        "connection-providers" => floe_access::connections::catalog(),
        "audience-operators" => Operator::ALL.iter().copied().map(operator).collect(),
        "shortcuts" => SHORTCUTS.iter().map(shortcut).collect(),
        _ => return Err(Fault::not_found("Catalogue")),
    };
    Reply::ok(&json!({ "data": Value::Array(data) }))
}

fn key_kind(kind: KeyKind) -> Value {
    let (per_minute, per_day) = kind.default_limits();
    let bundles = kind.scope_bundles().iter().map(|(name, scopes)| json!({ "key": name, "scopes": scopes }));
    let modes: &[&str] = if kind.has_mode() { &["live", "test"] } else { &[] };
    json!({
        "key": kind.as_str(),
        "modes": modes,
        "scopes": kind.scopes(),
        "default_scopes": kind.default_scopes(),
        "bundles": bundles.collect::<Vec<_>>(),
        "rate_limit_per_minute": per_minute,
        "rate_limit_per_day": per_day,
        "takes_agent_ids": kind == KeyKind::Agents,
    })
}

fn event_type(name: &str) -> Value {
    json!({ "key": name, "product": name.split('.').next() })
}

/// An operator with the value that it takes: `list`, `none`, or one text, number or boolean.
fn operator(operator: Operator) -> Value {
    let takes = match operator {
        Operator::In | Operator::NotIn => "list",
        Operator::Exists | Operator::NotExists => "none",
        Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => "number",
        Operator::SemverEq | Operator::SemverGt | Operator::SemverGte | Operator::SemverLt | Operator::SemverLte => {
            "version"
        }
        Operator::DateBefore | Operator::DateAfter => "date",
        Operator::Matches => "pattern",
        Operator::Equals
        | Operator::NotEquals
        | Operator::Contains
        | Operator::NotContains
        | Operator::StartsWith
        | Operator::EndsWith => "any",
    };
    json!({ "key": operator.as_str(), "takes": takes })
}

fn step(spec: &StepSpec) -> Value {
    let outputs = spec.outputs.iter().map(|(key, holds)| json!({ "key": key, "holds": holds }));
    json!({
        "key": spec.key,
        "name": spec.name,
        "category": spec.category,
        "description": spec.description,
        "aliases": spec.aliases,
        "waits": spec.waits,
        "fields": spec.fields.iter().map(|field| field.key).collect::<Vec<_>>(),
        "outputs": outputs.collect::<Vec<_>>(),
    })
}

/// Where a key works, the key, and what it does (console contract, section 6.8).
struct Shortcut(&'static str, &'static str, &'static str);

const SHORTCUTS: &[Shortcut] = &[
    Shortcut("anywhere", "Ctrl K", "command palette"),
    Shortcut("anywhere", "?", "list of keys"),
    Shortcut("anywhere", "/", "search"),
    Shortcut("anywhere", "g h", "go to Home"),
    Shortcut("anywhere", "g i", "go to Inbox"),
    Shortcut("anywhere", "g r", "go to Runs"),
    Shortcut("anywhere", "g a", "go to Agents"),
    Shortcut("anywhere", "g k", "go to Keys"),
    Shortcut("anywhere", "g w", "go to Webhooks"),
    Shortcut("anywhere", "g p", "go to Payment runs"),
    Shortcut("list", "j", "next"),
    Shortcut("list", "k", "previous"),
    Shortcut("list", "Enter", "open"),
    Shortcut("list", "x", "select"),
    Shortcut("list", "Esc", "close"),
    Shortcut("list", "c", "create"),
    Shortcut("inbox", "a", "approve"),
    Shortcut("inbox", "r", "reject"),
    Shortcut("inbox", "n", "next"),
    Shortcut("run", ".", "re-run from the selected step"),
    Shortcut("canvas", "Tab", "focus"),
    Shortcut("canvas", "arrows", "move"),
    Shortcut("canvas", "Enter", "open form"),
    Shortcut("canvas", "Insert", "insert after"),
    Shortcut("canvas", "Del", "delete"),
    Shortcut("canvas", "Ctrl Z", "undo"),
    Shortcut("canvas", "Ctrl Y", "redo"),
    Shortcut("canvas", "Ctrl S", "save"),
    Shortcut("canvas", "Ctrl D", "duplicate"),
    Shortcut("canvas", "Ctrl Enter", "test run"),
    Shortcut("canvas", "F8", "next problem"),
    Shortcut("canvas", "o", "switch to outline"),
    Shortcut("outline", "arrows", "walk and fold"),
    Shortcut("outline", "Alt \u{2191}", "move step up"),
    Shortcut("outline", "Alt \u{2193}", "move step down"),
    Shortcut("outline", "Alt Enter", "insert after"),
    Shortcut("outline", "b", "add branch"),
    Shortcut("outline", "l", "choose next step"),
];

fn shortcut(of: &Shortcut) -> Value {
    json!({ "key": format!("{} {}", of.0, of.1), "where": of.0, "keys": of.1, "does": of.2 })
}
