//! `/runs`: runs over all products that are here: those of flows, payment runs, exchanges of agents (console contract, section 5.7).

use floe_flows::reruns::{Prepared, REASON_CHARS_MAX, RerunFrom, RerunVersion, RerunWish, foreseen_json};
use floe_flows::run_list::{ListFilter, RunItem};
use floe_model::access::Permission;
use floe_model::flows::Engine;
use floe_model::id::{FlowId, RunId};
use floe_model::{Fault, FaultKind, Mode, Timestamp};
use http::StatusCode;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, runs as shapes};
use super::{Rights, SURFACE, run_exchanges, run_payments, run_wire, runs_joined};
use crate::flows::late::{Turn, once};
use crate::http::shape::{FLAG, ID, INSTANT, TEXT, text};
use crate::http::{Auth, Call, Fields, Reply, Route};
use crate::run_credits;

/// Kinds of runs.
const KINDS: [&str; 4] = ["flow", "workflow", "agent", "payment"];
/// Statuses of the console; a flow's own are the same words.
const STATUSES: [&str; 6] = ["queued", "running", "waiting", "completed", "failed", "cancelled"];
/// Words of executions for those of the console that are others; a paused one may go on with other nodes.
const PRODUCT: [(&str, &str); 3] = [("pending", "queued"), ("paused", "waiting"), ("paused", "running")];
/// Names of the filters, which belong into the cursor.
const FILTERS: [&str; 12] = [
    "kind",
    "status",
    "product_status",
    "definition_id",
    "mode",
    "trigger",
    "source",
    "error_code",
    "parent_id",
    "from",
    "to",
    "q",
];
/// Characters of a filter's text at most.
const TEXT_CHARS_MAX: usize = 200;
/// Characters of a step's id at most.
const STEP_ID_MAX: usize = 64;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/runs", Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List runs")
            .about(
                "A page can hold fewer runs than asked for, and none, while next_cursor is not null: only a bounded number of \
                 runs is looked at for it. The total is null when it would take too long to count.",
            )
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("kind", TEXT, "Kinds between commas: flow, workflow, agent, payment")
            .query("status", TEXT, "Statuses between commas")
            .query("product_status", TEXT, "Statuses in the words of the product, between commas")
            .query("definition_id", ID, "Of one flow or agent, or made by one schedule of payments")
            .query("mode", super::shapes::keys::MODE, "Live or test only")
            .query("trigger", TEXT, "Type of the trigger")
            .query("source", TEXT, "Where it was started from")
            .query("error_code", TEXT, "Ended with this error")
            .query("parent_id", ID, "Called by this run")
            .query("from", INSTANT, "Accepted at or after")
            .query("to", INSTANT, "Accepted before")
            .query("q", text(0, TEXT_CHARS_MAX), "Text in the name, the error's code or its message")
            .answers(200, shapes::RUNS),
        Route::get(&SURFACE, "/console/v1/runs/{id}", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show a run")
            .answers(200, shapes::RUN),
        Route::post(&SURFACE, "/console/v1/runs/{id}/cancel", Auth::MEMBER, cancel)
            .needs(Permission::Run)
            .doc("Cancel any run")
            .about("A payment run only before its release, by an owner of the treasury or whoever made it; a token needs treasury.write.")
            .takes(shapes::CANCEL)
            .answers(200, shapes::RUN)
            .refuses(403, &["forbidden", "insufficient_scope"])
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/console/v1/runs/{id}/rerun", Auth::MEMBER, rerun)
            .needs(Permission::Run)
            .doc("Run any run again")
            .about(
                "Results of the steps before from_step are taken over. What was sent is not sent again unless repeat_effects, \
                 and an approval is kept when the same question of the same version would be asked. Of a payment run, what failed \
                 is paid again in a new run, and again names its payments.",
            )
            .query("dry_run", FLAG, "Whether only to tell what would be done")
            .takes(shapes::RERUN)
            .answers(202, shapes::RERUN_RECEIPT)
            .answers(200, shapes::RERUN_PLAN)
            .refuses(409, &["conflict", "flow_not_published"])
            .refuses(402, &["insufficient_credits"])
            .refuses(403, &["forbidden", "insufficient_scope"])
            .refuses(422, &["invalid_definition", "not_supported"]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &FILTERS)?;
    Reply::ok(&runs_joined::page(&call, &window).await?)
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let id: RunId = call.id("id", "Run")?;
    Reply::ok(&find_object(&call, id.0).await?.ok_or_else(|| Fault::not_found("Run"))?)
}

/// A run of whichever product; none for what the caller does not see.
///
/// # Errors
/// Of the database.
pub(super) async fn find_object(call: &Call, id: u128) -> Result<Option<Value>, Fault> {
    match call.app.flows.run_item(&call.ctx, RunId(id)).await {
        Ok(item) => return shown(call, &item).await.map(Some),
        Err(fault) if fault.kind() == FaultKind::NotFound => {}
        Err(fault) => return Err(fault),
    }
    if let Some((_, payment)) = run_payments::find(call, id).await? {
        return Ok(Some(run_payments::run_object(&payment, call.ctx.now())));
    }
    Ok(run_exchanges::find(call, id).await?.map(|exchange| run_exchanges::run_object(&exchange)))
}

/// A run of a flow with what it has cost.
async fn shown(call: &Call, item: &RunItem) -> Result<Value, Fault> {
    let mut object = run_wire::run_object(item, call.ctx.now());
    run_credits::fill_rows(call, &mut [(item.listed.run.id, &mut object)]).await?;
    Ok(object)
}

async fn cancel(call: Call) -> Result<Reply, Fault> {
    let run: RunId = call.id("id", "Run")?;
    let mut body = call.fields()?;
    let reason = body.text("reason", 0, REASON_CHARS_MAX);
    body.finish()?;
    if let Some((own, payment)) = run_payments::find(&call, run.0).await? {
        return run_payments::cancel(&call, own, &payment, reason).await;
    }
    if let Some(exchange) = run_exchanges::find(&call, run.0).await? {
        return run_exchanges::cancel(&call, &exchange).await;
    }
    let (call, flows) = (&call, &call.app.flows);
    let act = |turn| async move {
        match flows.cancel_because(&call.ctx, run, reason, Some(call.peer.to_string())).await {
            Ok(_) => {}
            // The first call has done it.
            Err(fault) if turn != Turn::First && fault.code() == "run_finished" => {}
            Err(fault) if fault.code() == "run_finished" => return Err(Fault::conflict("conflict", fault.message())),
            Err(fault) => return Err(fault),
        }
        let item = flows.run_item(&call.ctx, run).await?;
        Reply::ok(&shown(call, &item).await?)
    };
    once(call, run.0, act).await
}

async fn rerun(call: Call) -> Result<Reply, Fault> {
    let run: RunId = call.id("id", "Run")?;
    let is_dry = call.query.flag("dry_run")?.unwrap_or(false);
    let mut body = call.fields()?;
    let wish = read_wish(&mut body);
    body.finish()?;
    if let Some((own, payment)) = run_payments::find(&call, run.0).await? {
        return run_payments::rerun(&call, own, &payment, &wish, is_dry).await;
    }
    if run_exchanges::find(&call, run.0).await?.is_some() {
        return Err(run_exchanges::not_repeated());
    }
    let flows = &call.app.flows;
    let prepared = flows.prepare_rerun(&call.ctx, run, wish, Some(call.peer.to_string())).await?;
    if is_dry {
        return Reply::ok(&foreseen_json(&prepared.foreseen));
    }
    let written = prepared.clone();
    let reply = call
        .commit(
            move |tx| {
                written.write(tx)?;
                Ok(receipt(&written))
            },
            |receipt| Ok(Reply::value(StatusCode::ACCEPTED, &receipt)),
        )
        .await?;
    // The answer of a repeat is that of the first call, and the run laid out for this one was not written.
    if !reply.headers.contains_key("idempotent-replayed") {
        flows.take_up(&prepared);
    }
    Ok(reply)
}

fn receipt(prepared: &Prepared) -> Value {
    let mut receipt = foreseen_json(&prepared.foreseen);
    receipt["run_id"] = json!(prepared.run);
    receipt
}

fn read_wish(body: &mut Fields) -> RerunWish {
    let from = match body.text("from_step", 1, STEP_ID_MAX) {
        Some(word) if word == "failed" => RerunFrom::Unfinished,
        Some(step) => RerunFrom::Step(step),
        None => RerunFrom::Start,
    };
    let version = match body.value("version") {
        None => RerunVersion::Same,
        Some(value) => read_version(&value).unwrap_or_else(|| {
            body.problem("version", "value", "version must be same, latest or a positive number");
            RerunVersion::Same
        }),
    };
    let inputs = body.object("inputs");
    let repeat_effects = body.flag("repeat_effects").unwrap_or(false);
    let reason = body.text("reason", 0, REASON_CHARS_MAX);
    RerunWish { from, version, inputs, repeat_effects, reason, only_unsuccessful: false }
}

fn read_version(value: &Value) -> Option<RerunVersion> {
    match value {
        Value::String(word) if word == "same" => Some(RerunVersion::Same),
        Value::String(word) if word == "latest" => Some(RerunVersion::Latest),
        Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => number(digits.parse().ok()?),
        Value::Number(value) => number(u32::try_from(value.as_u64()?).ok()?),
        _ => None,
    }
}

fn number(number: u32) -> Option<RerunVersion> {
    (number > 0).then_some(RerunVersion::Number(number))
}

/// Reads the filters of a list, by their names.
pub(super) fn read_filter(given: impl Fn(&str) -> Option<String>) -> Result<ListFilter, Fault> {
    let given = |name: &str| given(name).filter(|text| !text.is_empty());
    let kinds = given("kind").map(|list| words(&list, "kind", &KINDS)).transpose()?;
    // Payment runs and exchanges have readers of their own.
    let asks = |kind: &str| kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind));
    let (engine, is_void) = match (asks("flow"), asks("workflow")) {
        (true, true) => (None, false),
        (true, false) => (Some(Engine::Flow), false),
        (false, true) => (Some(Engine::Workflow), false),
        (false, false) => (None, true),
    };
    let status = given("status").map(|list| words(&list, "status", &STATUSES)).transpose()?;
    // The words of other products find none of the runs of flows.
    let product = given("product_status").map(|list| {
        let list: Vec<String> = list.split(',').map(|word| word.trim().to_owned()).collect();
        let is_asked =
            |known: &&str| list.iter().any(|word| word == known || PRODUCT.contains(&(word.as_str(), known)));
        STATUSES.into_iter().filter(is_asked).collect::<Vec<_>>()
    });
    let words_of_product = given("product_status")
        .map_or_else(Vec::new, |list| list.split(',').map(|word| word.trim().to_owned()).collect());
    let (statuses, no_status) = match (status, product) {
        (None, None) => (Vec::new(), false),
        (Some(list), None) | (None, Some(list)) => {
            let is_empty = list.is_empty();
            (list, is_empty)
        }
        (Some(list), Some(product)) => {
            let both: Vec<_> = list.into_iter().filter(|word| product.contains(word)).collect();
            let is_empty = both.is_empty();
            (both, is_empty)
        }
    };
    let mode = given("mode").map(|word| Mode::parse(&word).ok_or_else(|| wrong("mode", "must be live or test")));
    let definition = given("definition_id").map(|id| FlowId::parse(&id));
    let parent = given("parent_id").map(|id| RunId::parse(&id));
    // A text that is no id is the id of nothing.
    let no_id = matches!(definition, Some(Err(_))) || matches!(parent, Some(Err(_)));
    let brief = |name: &str| given(name).map(|text| text.chars().take(TEXT_CHARS_MAX).collect::<String>());
    Ok(ListFilter {
        statuses,
        product: words_of_product,
        engine,
        flow: definition.and_then(Result::ok),
        mode: mode.transpose()?,
        trigger: brief("trigger"),
        source: brief("source"),
        error_code: brief("error_code"),
        parent: parent.and_then(Result::ok),
        from: given("from").map(|text| instant("from", &text)).transpose()?,
        to: given("to").map(|text| instant("to", &text)).transpose()?,
        text: brief("q").map(|text| text.to_lowercase()),
        is_void: is_void || no_status || no_id,
    })
}

/// Names of the filters that an act on many runs can be given.
pub(super) const fn filter_names() -> &'static [&'static str] {
    &FILTERS
}

fn words(list: &str, name: &str, known: &[&'static str]) -> Result<Vec<&'static str>, Fault> {
    let find = |word: &str| known.iter().find(|known| **known == word).copied();
    let read =
        |word: &str| find(word.trim()).ok_or_else(|| wrong(name, &format!("must hold some of: {}", known.join(", "))));
    list.split(',').map(read).collect()
}

/// An instant of a filter.
///
/// # Errors
/// 400 for anything else.
pub(super) fn instant(name: &str, text: &str) -> Result<Timestamp, Fault> {
    Timestamp::parse(text).ok_or_else(|| wrong(name, "must be an RFC 3339 instant"))
}

fn wrong(name: &str, why: &str) -> Fault {
    Fault::field(format!("/{name}"), "value", format!("{name} {why}"))
}
