//! `/inbox`: what waits for a person (console contract, section 5.5).

use std::sync::Arc;

use floe_agents::Agents;
use floe_agents::inbox::{ItemAnswer as AgentAnswer, count as count_agents};
use floe_flows::Flows;
use floe_flows::questions::{Given, ItemAnswer, ItemFilter, Way};
use floe_model::access::Permission;
use floe_model::id::{InboxId, PaymentRunId, TransactionId, WaitId};
use floe_model::{Fault, FaultKind, Mode};
use floe_runtime::Ctx;
use floe_store::agents::items::Filter as AgentFilter;
use floe_store::flows::waits::WaitFilter;
use floe_treasury::runs::inbox::{Filter, Kind, Kinds, count as count_payments};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::inbox_joined::Asked;
use super::list::Window;
use super::shapes::keys::MODE;
use super::shapes::{WINDOW, inbox as shapes};
use super::{Rights, SURFACE, errors, inbox_agents, inbox_confirmations, inbox_joined, inbox_payments, inbox_wire};
use crate::flows::late::{Turn, once};
use crate::flows::resume::way;
use crate::http::shape::{FLAG, TEXT};
use crate::http::{Auth, Call, Fields, Query, Reply, Route};

/// Answers of one call at most (console contract, section 5.5).
const ANSWERS_MAX: usize = 100;
/// Characters of a comment at most.
pub(super) const COMMENT_MAX: usize = 2_000;
/// Characters of a digest at most; a longer text is none.
pub(super) const HASH_MAX: usize = 200;
/// Characters of a searched text at most.
const SEARCH_CHARS_MAX: usize = 100;

const STATUSES: [&str; 4] = ["open", "answered", "expired", "cancelled"];
const PRODUCTS: [&str; 5] = ["flows", "workflows", "agents", "treasury", "placements"];
/// What a list shows unless it is asked for a kind: programs look for their own calls themselves.
const KINDS_FOR_PEOPLE: &str = ",user-approval,show-form,human-review,webhook-wait,";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/inbox", Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List what waits for a person")
            .queries(WINDOW)
            .query("sort", shapes::SORT, "Newest first unless given")
            .query("status", shapes::STATUS, "open unless given")
            .query("kind", TEXT, "Kinds between commas")
            .query("product", shapes::PRODUCT, "Where it comes from")
            .query("mode", MODE, "Live or test")
            .query("mine", FLAG, "Whether to show only what the caller can answer")
            .query("q", TEXT, "Text in the title or the content")
            .answers(200, shapes::ITEMS),
        Route::get(&SURFACE, "/console/v1/inbox/counts", Auth::MEMBER, counts)
            .needs(Permission::Read)
            .doc("Count what waits for a person")
            .query("mode", MODE, "Live or test")
            .answers(200, shapes::COUNTS),
        Route::post(&SURFACE, "/console/v1/inbox/answers", Auth::MEMBER, answer_many)
            .needs(Permission::Answer)
            .doc("Answer many items")
            .about("Each answer counts, or is refused, on its own. Payment runs are answered one by one only.")
            .takes(shapes::ANSWERS)
            .answers(200, shapes::RECEIPTS),
        Route::get(&SURFACE, "/console/v1/inbox/{id}", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show an item")
            .answers(200, shapes::ITEM),
        // Who may answer depends on the item: a step can name approvers whose role has no permission for it.
        Route::post(&SURFACE, "/console/v1/inbox/{id}/answer", Auth::MEMBER, answer)
            .scope("inbox.answer")
            .doc("Answer an item")
            .takes(shapes::ANSWER)
            .answers(200, shapes::RECEIPT)
            .about("A payment run takes the same as its own approve and reject, the outcome of a payout a decision; a token needs the scope treasury.approve for them.")
            .refuses(402, &["insufficient_balance", "no_credits"])
            .refuses(403, &["not_assignee", "self_approval", "forbidden", "insufficient_scope"])
            .refuses(409, &["content_changed", "already_answered", "not_waiting", "conflict"])
            .refuses(410, &["expired"])
            .refuses(422, &["invalid_answer"]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let filters = ["status", "kind", "product", "mode", "mine", "q"];
    let window = Window::sorted(&call, &filters, &["created_at", "due_at"])?;
    let asked = read_filter(&call.query)?;
    Reply::ok(&inbox_joined::page(&call, asked, &window).await?)
}

async fn counts(call: Call) -> Result<Reply, Fault> {
    let mode = read_mode(&call.query)?;
    Reply::ok(&counted(&call, mode).await?)
}

/// How much waits.
///
/// # Errors
/// Of the database.
pub(super) async fn counted(call: &Call, mode: Option<Mode>) -> Result<Value, Fault> {
    let questions = call.app.flows.count_items(&call.ctx, mode).await?;
    let caller = call.ctx.clone();
    let others =
        move |tx: &mut floe_store::Tx<'_>| Ok((count_payments(tx, &caller, mode)?, count_agents(tx, &caller, mode)?));
    let (payments, agents) = call.ctx.store.read(others).await?;
    Ok(inbox_wire::counts_object(&questions, &payments, agents))
}

/// What waits for the caller, the most urgent first.
///
/// # Errors
/// Of the database.
pub(super) async fn mine(call: &Call, mode: Mode, limit: usize) -> Result<Value, Fault> {
    let (status, mode, mine) = (Some("open".to_owned()), Some(mode), true);
    let wait = WaitFilter { status: status.clone(), kinds: Some(KINDS_FOR_PEOPLE.to_owned()), mode, text: None };
    let kinds = Kinds { approvals: true, confirmations: true };
    let asked = Asked {
        questions: Some(ItemFilter { wait, mine }),
        payments: Some(Filter { kinds, status: inbox_payments::status("open"), mode, text: None, mine }),
        agents: Some((AgentFilter { status, kind: None, mode, text: None }, mine)),
    };
    let mut page = inbox_joined::page(call, asked, &Window::soonest(limit)).await?;
    Ok(page["data"].take())
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let id: WaitId = call.id("id", "Item")?;
    let (item, revision) = find_object(&call, id.0).await?.ok_or_else(|| Fault::not_found("Item"))?;
    Ok(Reply::ok(&item)?.revision(revision))
}

/// An item of whichever product, whole, with the number of its revision; none for what the caller does not see.
///
/// # Errors
/// Of the database.
pub(super) async fn find_object(call: &Call, id: u128) -> Result<Option<(Value, i64)>, Fault> {
    match call.app.flows.item(&call.ctx, WaitId(id)).await {
        Ok(item) => return Ok(Some((inbox_wire::item_object(&item), inbox_wire::revision(&item)))),
        Err(fault) if fault.kind() == FaultKind::NotFound => {}
        Err(fault) => return Err(fault),
    }
    if let Some(item) = inbox_joined::of_agent(&call.ctx, id).await? {
        return Ok(Some((inbox_agents::item_object(&item), inbox_agents::revision(&item))));
    }
    let entry = inbox_joined::payment(&call.ctx, id).await?;
    Ok(entry.map(|entry| (inbox_joined::entry_object(&entry, true), inbox_joined::revision_of(&entry))))
}

async fn answer(call: Call) -> Result<Reply, Fault> {
    let id: WaitId = call.id("id", "Item")?;
    match inbox_joined::payment_kind(&call.ctx, id.0).await? {
        Some(Kind::Run) => return inbox_payments::give(&call, PaymentRunId(id.0)).await,
        Some(Kind::Confirmation) => return inbox_confirmations::give(&call, TransactionId(id.0)).await,
        None => {}
    }
    if inbox_joined::of_agent(&call.ctx, id.0).await?.is_some() {
        return inbox_agents::give(&call, InboxId(id.0)).await;
    }
    let mut body = call.fields()?;
    let given = read_answer(&mut body, way(&call));
    body.finish()?;
    let call = &call;
    let act = |turn| async move {
        let flows = &call.app.flows;
        let before = if turn == Turn::First { None } else { flows.answered_item(&call.ctx, id, &given.given).await? };
        let answered = match before {
            Some(answered) => answered,
            None => flows.answer_item(&call.ctx, id, given).await?,
        };
        Ok(Reply::ok(&inbox_wire::answered_object(&answered))?.revision(inbox_wire::revision(&answered.item)))
    };
    once(call, id.0, act).await
}

/// Each answer counts, or is refused, on its own.
async fn answer_many(call: Call) -> Result<Reply, Fault> {
    let items = read_many(&call)?;
    let call = &call;
    let act = |_| async move {
        let mut tasks = JoinSet::new();
        for (at, item) in items.iter().cloned().enumerate() {
            let (flows, agents) = (Arc::clone(&call.app.flows), Arc::clone(&call.app.agents));
            let (ctx, way) = (call.ctx.clone(), way(call));
            tasks.spawn(async move {
                let outcome = match read_one(item, way) {
                    Ok((id, answer)) => one_of_many(&flows, &agents, &ctx, id, answer).await,
                    Err(fault) => Err(fault),
                };
                (at, outcome)
            });
        }
        let mut answers: Vec<Value> = items.iter().map(broken_off).collect();
        while let Some(done) = tasks.join_next().await {
            if let Ok((at, outcome)) = done {
                answers[at] = outcome_of(&items[at], outcome.err().as_ref());
            }
        }
        Reply::ok(&answers)
    };
    once(call, call.ctx.ids.next_bits(), act).await
}

/// Payments are never answered among others: each is looked at by itself.
async fn one_of_many(
    flows: &Flows,
    agents: &Arc<Agents>,
    ctx: &Ctx,
    id: WaitId,
    answer: ItemAnswer,
) -> Result<(), Fault> {
    let of_agent = AgentAnswer {
        content_hash: answer.content_hash.clone(),
        decision: answer.given.decision.clone(),
        comment: answer.given.comment.clone().filter(|comment| !comment.is_empty()),
        data: answer.given.data.clone(),
        via: answer.way.via,
    };
    match flows.answer_item(ctx, id, answer).await {
        Err(fault) if fault.kind() == FaultKind::NotFound => {
            if inbox_joined::of_agent(ctx, id.0).await?.is_some() {
                return inbox_agents::give_one(agents, ctx, InboxId(id.0), of_agent).await;
            }
            if inbox_joined::payment_kind(ctx, id.0).await?.is_none() {
                return Err(fault);
            }
            let message = "Payments are answered one by one";
            Err(Fault::new(FaultKind::Unprocessable, "not_supported", message))
        }
        outcome => outcome.map(drop),
    }
}

fn read_filter(query: &Query) -> Result<Asked, Fault> {
    let status = match query.get("status") {
        None => Some("open".to_owned()),
        Some("all") => None,
        Some(word) if STATUSES.contains(&word) => Some(word.to_owned()),
        Some(_) => return Err(one_of("status", &format!("{}, all", STATUSES.join(", ")))),
    };
    let product = query.get("product");
    if product.is_some_and(|word| !PRODUCTS.contains(&word)) {
        return Err(one_of("product", &PRODUCTS.join(", ")));
    }
    let (kinds, of_treasury, of_agents) = match query.get("kind") {
        None => {
            (KINDS_FOR_PEOPLE.to_owned(), Kinds { approvals: true, confirmations: true }, inbox_agents::KINDS.to_vec())
        }
        Some(list) => {
            let has = |kind: &str| list.split(',').any(|word| word.trim() == kind);
            let of_treasury =
                Kinds { approvals: has(inbox_payments::KIND), confirmations: has(inbox_confirmations::KIND) };
            let of_agents = inbox_agents::KINDS.into_iter().filter(|kind| has(kind)).collect();
            (read_kinds(list)?, of_treasury, of_agents)
        }
    };
    let text = query.get("q").filter(|text| !text.is_empty());
    let text: Option<String> = text.map(|text| text.chars().take(SEARCH_CHARS_MAX).collect());
    let (mode, mine) = (read_mode(query)?, query.flag("mine")?.unwrap_or(false));
    let of = |name: &str| product.is_none_or(|asked| asked == name);
    let payments = (of_treasury != Kinds::default() && of(inbox_payments::PRODUCT)).then(|| Filter {
        kinds: of_treasury,
        status: status.as_deref().and_then(inbox_payments::status),
        mode,
        text: text.clone(),
        mine,
    });
    // Both kinds of agents are no filter at all.
    let kind = match of_agents.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    let agents = (!of_agents.is_empty() && of(inbox_agents::PRODUCT))
        .then(|| (AgentFilter { status: status.clone(), kind, mode, text: text.clone() }, mine));
    let kinds = of_product(&kinds, product);
    let has_questions = product.is_none() || kinds.len() > 1;
    let wait = WaitFilter { status, kinds: Some(kinds), mode, text };
    Ok(Asked { questions: has_questions.then_some(ItemFilter { wait, mine }), payments, agents })
}

/// Those kinds of questions, between commas, that runs of a product ask.
fn of_product(kinds: &str, product: Option<&str>) -> String {
    let Some(product) = product else { return kinds.to_owned() };
    let kept = kinds.split(',').filter(|kind| !kind.is_empty() && inbox_wire::product_of(kind) == product);
    kept.fold(String::from(","), |list, kind| format!("{list}{kind},"))
}

/// Kinds between commas, as the filter of the store takes them.
fn read_kinds(list: &str) -> Result<String, Fault> {
    let mut kinds = String::from(",");
    for word in list.split(',').map(str::trim) {
        let question = inbox_wire::question_kind(word).ok_or_else(|| one_of("kind", &inbox_wire::kind_words()))?;
        if let Some(question) = question {
            kinds.push_str(question);
            kinds.push(',');
        }
    }
    Ok(kinds)
}

fn read_mode(query: &Query) -> Result<Option<Mode>, Fault> {
    let word = query.get("mode");
    word.map(|word| Mode::parse(word).ok_or_else(|| one_of("mode", "live, test"))).transpose()
}

fn one_of(name: &str, words: &str) -> Fault {
    Fault::field(format!("/{name}"), "value", format!("{name} must be one of: {words}"))
}

fn read_answer(body: &mut Fields, way: Way) -> ItemAnswer {
    let content_hash = body.required_text("content_hash", 1, HASH_MAX);
    let comment = body.text("comment", 0, COMMENT_MAX);
    let given = Given { decision: body.value("decision"), comment, data: body.value("data") };
    ItemAnswer { content_hash, given, way }
}

/// A list of answers, bare or under `answers`.
fn read_many(call: &Call) -> Result<Vec<Value>, Fault> {
    let items = match call.json_value()? {
        Value::Array(items) => items,
        Value::Object(mut map) => match map.shift_remove("answers") {
            Some(Value::Array(items)) if map.is_empty() => items,
            _ => return Err(Fault::field("/answers", "type", "The body must be a list of answers")),
        },
        _ => return Err(Fault::field("", "type", "The body must be a list of answers")),
    };
    if items.is_empty() || items.len() > ANSWERS_MAX {
        return Err(Fault::field("", "length", format!("Give 1 to {ANSWERS_MAX} answers")));
    }
    Ok(items)
}

fn read_one(item: Value, way: Way) -> Result<(WaitId, ItemAnswer), Fault> {
    let mut body = Fields::of(item)?;
    let id = body.required_text("id", 1, HASH_MAX);
    let answer = read_answer(&mut body, way);
    body.finish()?;
    let id = WaitId::parse(&id).map_err(|_| Fault::not_found("Item"))?;
    Ok((id, answer))
}

fn outcome_of(item: &Value, fault: Option<&Fault>) -> Value {
    let status = fault.map_or(200, |fault| errors::status(fault).as_u16());
    json!({ "id": item["id"], "status": status, "code": fault.map(errors::code) })
}

/// What is told of an answer whose task did not come to its end.
fn broken_off(item: &Value) -> Value {
    json!({ "id": item["id"], "status": 500, "code": "internal" })
}
