//! `/credits`: the ledgers of a workspace (console contract, section 5.6).

use floe_access::credits::{self, Entry, Filter, LedgerPatch, Ledgers, rules};
use floe_model::access::Permission;
use floe_model::access::credits::{AMOUNT_MAX, MILLI, Refill, number, read};
use floe_model::id::{RunId, to_base32};
use floe_model::{Fault, Mode, Timestamp};
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{WINDOW, credits as shapes};
use super::{Rights, SURFACE, filters};
use crate::http::shape::{ID, INSTANT, TEXT, words};
use crate::http::{Auth, Call, Fields, Reply, Route};

const FILTERS: &[&str] = &["mode", "reason", "product", "agent_id", "run_id", "from", "to"];
/// What can be set of a ledger.
const RULES: &[&str] = &["auto_refill", "low_at", "monthly_limit"];
/// Characters of the reference of a grant.
const REFERENCE_MAX: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/credits", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show credits")
            .answers(200, shapes::CREDITS),
        Route::patch(&SURFACE, "/console/v1/credits", Auth::MEMBER, change)
            .needs(Permission::Manage)
            .doc("Change rules of credits")
            .revised()
            .takes(shapes::CREDITS_PATCH)
            .answers(200, shapes::CREDITS),
        Route::post(&SURFACE, "/console/v1/credits/grants", Auth::MEMBER, grant)
            .needs(Permission::Manage)
            .doc("Grant credits")
            .about("Counts once per reference: a repeat answers 200 with the first entry.")
            .takes(shapes::NEW_GRANT)
            .answers(201, shapes::CREDIT_ENTRY)
            .answers(200, shapes::CREDIT_ENTRY)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, "/console/v1/credits/entries", Auth::MEMBER, entries)
            .needs(Permission::Manage)
            .doc("List entries of credits")
            .queries(WINDOW)
            .query("sort", words(&["-created_at"]), "Newest first")
            .query("mode", words(&["live", "test"]), "Which ledger; that of the request's mode unless given")
            .query("reason", words(shapes::REASONS), "Entries of one reason")
            .query("product", TEXT, "Entries of one product")
            .query("agent_id", ID, "Entries of one agent")
            .query("run_id", ID, "Entries of one run")
            .query("from", INSTANT, "Not before; a day is its beginning in UTC")
            .query("to", INSTANT, "Before")
            .answers(200, shapes::CREDIT_ENTRIES),
    ]
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let ledgers = call.app.access.ledgers(&call.ctx.caller).await?;
    shown(&ledgers, call.ctx.now())
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let mut patches = Vec::new();
    for mode in [Mode::Live, Mode::Test] {
        if let Some(value) = body.value(mode.as_str()) {
            filters::known_only(mode.as_str(), &value, RULES)?;
            patches.push((mode, read_patch(&mut body, mode.as_str(), value)));
        }
    }
    body.finish()?;
    let (act, if_match, now) = (call.act(), call.if_match()?, call.ctx.now());
    call.commit(move |tx| credits::patch(tx, &act, &patches, if_match), move |ledgers| shown(&ledgers, now)).await
}

async fn grant(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let mode = body.required_word("mode", "live or test", Mode::parse);
    let credits = body.value("credits").as_ref().and_then(read).filter(|milli| *milli > 0);
    if credits.is_none() {
        body.problem("credits", "range", "credits must be a number above 0 with three digits after the point at most");
    }
    let reference = body.required_text("reference", 1, REFERENCE_MAX);
    body.finish()?;
    let (Some(mode), Some(amount)) = (mode, credits) else {
        return Err(Fault::field("/mode", "required", "mode is required"));
    };
    let act = call.act();
    call.commit(
        move |tx| credits::grant(tx, &act, mode, amount, &reference),
        move |(entry, is_new)| {
            let object = entry_object(&entry, mode);
            if is_new { Reply::created("/console/v1/credits/entries", &object) } else { Reply::ok(&object) }
        },
    )
    .await
}

async fn entries(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, FILTERS)?;
    filters::newest_first(window.newest_first)?;
    let mode = filters::mode(&call)?.unwrap_or(call.ctx.caller.mode);
    let filter = Filter {
        reason: filters::word(&call, "reason", shapes::REASONS)?,
        product: filters::text(&call, "product")?,
        agent_id: filters::id(&call, "agent_id")?,
        run_id: filters::id(&call, "run_id")?.map(RunId),
        from: filters::instant(&call, "from")?,
        to: filters::instant(&call, "to")?,
    };
    let before = window.after.and_then(|seq| i64::try_from(seq).ok());
    let caller = &call.ctx.caller;
    let page = call.app.access.credit_entries(caller, mode, filter, before, window.limit, window.total).await?;
    let last = page.entries.last().map(|entry| u128::from(entry.seq.unsigned_abs()));
    let data = page.entries.iter().map(|entry| entry_object(entry, mode)).collect();
    Reply::ok(&window.page(data, last, page.more, page.total))
}

fn shown(ledgers: &Ledgers, now: Timestamp) -> Result<Reply, Fault> {
    let object = |ledger: &credits::Ledger| {
        let account = &ledger.account;
        let mut object = json!({
            "balance": number(account.balance),
            "held": number(account.held),
            "used_today": number(account.used_today(now)),
            "used_this_month": number(account.used_this_month(now)),
        });
        if let (Value::Object(all), Value::Object(rules)) = (&mut object, rules(account)) {
            all.extend(rules);
        }
        object
    };
    let (live, test) = (object(&ledgers.live), object(&ledgers.test));
    let revision = ledgers.revision();
    Ok(Reply::ok(&json!({ "live": live, "test": test, "revision": revision }))?.revision(revision))
}

fn entry_object(entry: &Entry, mode: Mode) -> Value {
    let origin = &entry.origin;
    json!({
        "id": format!("cred_{}", to_base32(entry.id)),
        "seq": entry.seq,
        "mode": mode.as_str(),
        "at": entry.at,
        "amount": number(entry.amount),
        "balance_after": number(entry.balance_after),
        "reason": entry.reason,
        "product": origin.product,
        "run_id": origin.run_id.map(|run| run.to_string()),
        "agent_id": origin.agent_id.map(|agent| RunId(agent).to_string()),
        "model": origin.model,
        "reference": entry.reference.as_deref().and_then(|reference| reference.strip_prefix("grant:")),
    })
}

/// Reads the rules of one ledger; null takes a rule away.
fn read_patch(body: &mut Fields, mode: &str, value: Value) -> LedgerPatch {
    let Value::Object(mut map) = value else {
        body.problem(mode, "type", format!("{mode} must be an object"));
        return LedgerPatch::default();
    };
    LedgerPatch {
        refill: map.swap_remove("auto_refill").map(|value| read_refill(body, mode, &value)),
        low_at: map.swap_remove("low_at").map(|value| read_amount(body, mode, "low_at", &value)),
        monthly_limit: map.swap_remove("monthly_limit").map(|value| read_amount(body, mode, "monthly_limit", &value)),
    }
}

fn read_refill(body: &mut Fields, mode: &str, value: &Value) -> Option<Refill> {
    if value.is_null() {
        return None;
    }
    let part = |name: &str| value.get(name).and_then(read).filter(|milli| (0..=AMOUNT_MAX).contains(milli));
    let known = value.as_object().is_some_and(|map| map.len() == 2);
    match (part("below"), part("to")) {
        (Some(below), Some(to)) if known && below <= to && to >= MILLI => Some(Refill { below, to }),
        _ => {
            let message = "auto_refill must be null, or {below, to} with below at most to and to at least 1";
            body.problem(&format!("{mode}/auto_refill"), "value", message);
            None
        }
    }
}

fn read_amount(body: &mut Fields, mode: &str, name: &str, value: &Value) -> Option<i64> {
    if value.is_null() {
        return None;
    }
    let amount = read(value).filter(|milli| *milli >= 0);
    if amount.is_none() {
        let message = format!("{name} must be null or a number from 0 with three digits after the point at most");
        body.problem(&format!("{mode}/{name}"), "value", message);
    }
    amount
}
