//! Payment runs, on both sides (Treasury contract, sections 2.1 and 10.2).

use floe_model::id::{PaymentRunId, RecipientId};
use floe_model::treasury::{Directory, Kobo, PublicRunStatus};
use floe_model::{Fault, Scope};
use floe_store::Tx;
use floe_treasury::runs::{self, NewCandidate, NewRun, Window};
use http::StatusCode;

use super::input::Input;
use super::page::{List, Page};
use super::run_wire::{FullRunOut, MadeOut, RunOut};
use super::shapes::{PAGING, runs as shapes};
use super::{DASHBOARD, KEY, OWNER_OR_ANALYST, Rights, SURFACE};
use crate::http::{Call, Reply, Route};

/// Candidates, and recipients, of one request (Treasury contract, section 2.1).
pub(super) const CANDIDATES_MAX: usize = 10_000;
/// New runs of one key in a minute (Treasury contract, section 1.6).
const RUNS_PER_MINUTE: u32 = 300;
/// Characters of a word about an act.
pub(super) const REASON_MAX: usize = 500;

pub(super) fn routes() -> Vec<Route> {
    const STATUS: &str = "Compared with the state that is shown";
    vec![
        Route::get(&SURFACE, "/api/v1/public/runs", KEY, list_public)
            .scope("runs:read")
            .doc("List payment runs with a key")
            .queries(PAGING)
            .query("status", shapes::STATUS, STATUS)
            .answers(200, shapes::RUNS),
        Route::get(&SURFACE, "/api/v1/public/runs/{run_id}", KEY, show_public)
            .scope("runs:read")
            .doc("Show a payment run with a key")
            .answers(200, shapes::RUN),
        Route::post(&SURFACE, "/api/v1/public/runs", KEY, create_public)
            .scope("runs:write")
            .own_rate("payment-runs", RUNS_PER_MINUTE)
            .body_limit(super::BODY_LIMIT)
            .doc("Create a payment run with a key")
            .about("Takes one AI credit. Planning and scoring start by themselves; money moves after people approved.")
            .takes(shapes::NEW_RUN)
            .answers(201, shapes::MADE)
            .refuses(402, &["insufficient_credits"]),
        Route::get(&SURFACE, "/api/v1/runs", DASHBOARD, list)
            .any_reads()
            .doc("List payment runs")
            .queries(PAGING)
            .query("status", shapes::STATUS, STATUS)
            .answers(200, shapes::FULL_RUNS),
        Route::get(&SURFACE, "/api/v1/runs/{id}", DASHBOARD, show)
            .any_reads()
            .doc("Show a payment run")
            .answers(200, shapes::FULL_RUN),
        Route::post(&SURFACE, "/api/v1/runs", DASHBOARD, create)
            .written_by(OWNER_OR_ANALYST)
            .doc("Create a payment run")
            .takes(shapes::NEW_RUN)
            .answers(201, shapes::FULL_RUN)
            .refuses(402, &["insufficient_credits"]),
        Route::post(&SURFACE, "/api/v1/runs/{id}/cancel", DASHBOARD, cancel)
            .scope("treasury.write")
            .body_limit(super::BODY_LIMIT)
            .doc("Cancel a payment run")
            .about("Before its release; an owner may, and whoever made it.")
            .takes(shapes::REASON)
            .answers(200, shapes::FULL_RUN)
            .refuses(403, &["forbidden"]),
        Route::post(&SURFACE, "/api/v1/runs/{id}/retry-failed", DASHBOARD, retry_failed)
            .written_by(OWNER_OR_ANALYST)
            .doc("Pay failed candidates again")
            .about("A new run with copies of the candidates that failed; each is paid again once.")
            .answers(201, shapes::FULL_RUN)
            .refuses(402, &["insufficient_credits"]),
    ]
}

/// The window of a page.
pub(super) fn window(page: Page) -> Window {
    Window { offset: page.offset, limit: page.limit() }
}

async fn list_public(call: Call) -> Result<Reply, Fault> {
    let (page, shown, scope) = (Page::of(&call.query), shown(&call), call.ctx.caller.scope());
    let found = call.ctx.store.read(move |tx| runs::runs(tx, scope, shown, window(page))).await?;
    Reply::ok(&page.around(found.rows.iter().map(RunOut::from).collect(), found.total))
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (page, shown, scope) = (Page::of(&call.query), shown(&call), call.ctx.caller.scope());
    let reading = move |tx: &mut Tx<'_>| {
        let found = runs::runs(tx, scope, shown, window(page))?;
        full_page(tx, scope, page, found)
    };
    Reply::ok(&call.ctx.store.read(reading).await?)
}

/// A page of runs as members see them.
pub(super) fn full_page(
    tx: &mut Tx<'_>,
    scope: Scope,
    page: Page,
    found: runs::Page<floe_store::treasury::payment_runs::PaymentRun>,
) -> Result<List<FullRunOut>, Fault> {
    let full = found.rows.into_iter().map(|run| Ok(FullRunOut::of(&runs::full(tx, scope, run)?, scope.mode)));
    Ok(page.around(full.collect::<Result<Vec<_>, Fault>>()?, found.total))
}

fn shown(call: &Call) -> Option<PublicRunStatus> {
    call.query.get("status").and_then(PublicRunStatus::parse)
}

async fn show_public(call: Call) -> Result<Reply, Fault> {
    let id: PaymentRunId = super::input::path_id(&call, "run_id")?;
    let scope = call.ctx.caller.scope();
    let run = call.ctx.store.read(move |tx| runs::run(tx, scope, id)).await?;
    Reply::ok(&RunOut::from(&run))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let id: PaymentRunId = super::input::path_id(&call, "id")?;
    let scope = call.ctx.caller.scope();
    let reading = move |tx: &mut Tx<'_>| {
        let run = runs::run(tx, scope, id)?;
        runs::full(tx, scope, run)
    };
    let full = call.ctx.store.read(reading).await?;
    Reply::ok(&FullRunOut::of(&full, scope.mode))
}

async fn create_public(call: Call) -> Result<Reply, Fault> {
    let treasury = std::sync::Arc::clone(&call.app.treasury);
    let new = read_run(&call, treasury.directory)?;
    let (ctx, id) = (call.ctx.clone(), call.ctx.ids.next());
    let act = move |tx: &mut Tx<'_>| runs::create(tx, &treasury, &ctx, id, &new);
    call.commit(act, |run| Reply::json(StatusCode::CREATED, &MadeOut::from(&run))).await
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let treasury = std::sync::Arc::clone(&call.app.treasury);
    let new = read_run(&call, treasury.directory)?;
    let (ctx, id, scope) = (call.ctx.clone(), call.ctx.ids.next(), call.ctx.caller.scope());
    let act = move |tx: &mut Tx<'_>| {
        let run = runs::create(tx, &treasury, &ctx, id, &new)?;
        runs::full(tx, scope, run)
    };
    call.commit(act, move |full| Reply::json(StatusCode::CREATED, &FullRunOut::of(&full, scope.mode))).await
}

async fn cancel(call: Call) -> Result<Reply, Fault> {
    let id: PaymentRunId = super::input::path_id(&call, "id")?;
    let reason = read_reason(&call)?;
    let treasury = std::sync::Arc::clone(&call.app.treasury);
    let (ctx, scope) = (call.ctx.clone(), call.ctx.caller.scope());
    let act = move |tx: &mut Tx<'_>| {
        let run = runs::cancel(tx, &treasury, &ctx, id, reason.as_deref())?;
        runs::full(tx, scope, run)
    };
    call.commit(act, move |full| Reply::ok(&FullRunOut::of(&full, scope.mode))).await
}

async fn retry_failed(call: Call) -> Result<Reply, Fault> {
    let run: PaymentRunId = super::input::path_id(&call, "id")?;
    let treasury = std::sync::Arc::clone(&call.app.treasury);
    let (ctx, id, scope) = (call.ctx.clone(), call.ctx.ids.next(), call.ctx.caller.scope());
    let act = move |tx: &mut Tx<'_>| {
        let run = runs::retry_failed(tx, &treasury, &ctx, (run, id))?;
        runs::full(tx, scope, run)
    };
    call.commit(act, move |full| Reply::json(StatusCode::CREATED, &FullRunOut::of(&full, scope.mode))).await
}

/// `{"reason"}`, or nothing.
pub(super) fn read_reason(call: &Call) -> Result<Option<String>, Fault> {
    let mut body = Input::of(call)?;
    let reason = body.text("reason", 0, REASON_MAX).filter(|reason| !reason.is_empty());
    body.finish()?;
    Ok(reason)
}

/// The body of a new run.
fn read_run(call: &Call, directory: &Directory) -> Result<NewRun, Fault> {
    let mut body = Input::of(call)?;
    let new = read_new_run(&mut body, directory);
    body.finish()?;
    Ok(new)
}

/// A new run; what is wrong with it is noted in `body`.
pub(super) fn read_new_run(body: &mut Input<'_>, directory: &Directory) -> NewRun {
    let objective = body.required_text("objective", 1, 2_000);
    let risk_tolerance = body.score("risk_tolerance");
    let budget_cap = body.money("budget_cap");
    let candidates = read_candidates(body, directory);
    let recipient_ids = body.ids("recipient_ids", 1, CANDIDATES_MAX);
    let amount_each = body.money("amount_each");
    let (date_from, date_to) = (body.date("date_from"), body.date("date_to"));
    if candidates.is_some() && is_given(body, "recipient_ids") {
        body.problem("recipient_ids", "enum", "must not be given together with candidates");
    }
    let recipients = recipients(body, recipient_ids, amount_each);
    if let (Some(from), Some(to)) = (&date_from, &date_to)
        && from > to
    {
        body.problem("date_to", "greater_than_equal", "must not be before date_from");
    }
    let candidates = candidates.unwrap_or_default();
    NewRun { objective, risk_tolerance, budget_cap, candidates, recipients, date_from, date_to }
}

fn is_given(body: &Input<'_>, name: &str) -> bool {
    body.has(name) && !body.is_null(name)
}

fn recipients(body: &mut Input<'_>, ids: Option<Vec<u128>>, amount: Option<Kobo>) -> Option<(Vec<RecipientId>, Kobo)> {
    match (is_given(body, "recipient_ids"), is_given(body, "amount_each")) {
        (true, false) => body.problem("amount_each", "missing", "field required with recipient_ids"),
        (false, true) => body.problem("recipient_ids", "missing", "field required with amount_each"),
        _ => {}
    }
    ids.zip(amount).map(|(ids, amount)| (ids.into_iter().map(RecipientId).collect(), amount))
}

/// The list of candidates of a body; none when there is none.
pub(super) fn read_candidates(body: &mut Input<'_>, directory: &Directory) -> Option<Vec<NewCandidate>> {
    body.objects("candidates", 1, CANDIDATES_MAX, |item| read_candidate(item, directory))
}

fn read_candidate(item: &mut Input<'_>, directory: &Directory) -> NewCandidate {
    let amount = if item.require("amount") { item.money("amount") } else { None };
    item.word("currency", "NGN", |word| (word == "NGN").then_some(()));
    NewCandidate {
        beneficiary_name: item.required_text("beneficiary_name", 1, 255),
        account_number: item.required_digits("account_number", 10),
        institution_code: item.required_institution("institution_code", directory),
        amount: amount.unwrap_or_default(),
        purpose: item.text("purpose", 0, 100).filter(|purpose| !purpose.is_empty()),
        beneficiary_email: item.text("beneficiary_email", 0, 255).filter(|email| !email.is_empty()),
        recipient: item.id("recipient_id").map(RecipientId),
    }
}
