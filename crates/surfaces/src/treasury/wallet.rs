//! The wallet, on both sides, and what providers tell about money that came in (Treasury contract, sections 2.4, 10.4 and 12).

use std::sync::Arc;

use floe_model::id::PaymentRunId;
use floe_model::treasury::{CURRENCY, Kobo, TransferKind};
use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use floe_treasury::Treasury;
use floe_treasury::wallet::{self, AddCredits, Added, Filter, Line, Notice, Standing, Statement, ToppedUp, Topup};
use http::{HeaderName, StatusCode};
use serde::Serialize;

use super::input::{Input, UNTIL, parse_instant, parse_until};
use super::page::Page;
use super::shapes::{PAGING, money as shapes};
use super::wire::Seconds;
use super::{DASHBOARD, KEY, OWNER, Rights, SURFACE};
use crate::http::shape::{INSTANT, TEXT, words};
use crate::http::{Auth, Call, Reply, Route};

/// Characters of a reference.
const REFERENCE_MAX: usize = 255;
const DESCRIPTION_MAX: usize = 500;
const SENDER_MAX: usize = 255;
/// Credits that are added at a time.
const CREDITS_MAX: i64 = 1_000_000_000;
/// Where a provider signs its notice.
const SIGNATURE: &str = "x-flowpilot-signature";
/// Bytes of a notice.
const NOTICE_LIMIT: usize = 64 * 1024;

const FROM: &str = "Not before; a day is its beginning in UTC";

pub(super) fn routes() -> Vec<Route> {
    let mut routes = reads();
    routes.extend(writes());
    routes
}

fn reads() -> Vec<Route> {
    const KINDS: &[&str] = &["funding", "release", "settlement", "refund", "reversal", "withdrawal", "correction"];
    vec![
        Route::get(&SURFACE, "/api/v1/public/wallet/balance", KEY, balance)
            .scope("wallet:read")
            .doc("Show the balance with a key")
            .answers(200, shapes::BALANCE),
        Route::get(&SURFACE, "/api/v1/wallet", DASHBOARD, show)
            .any_reads()
            .doc("Show the wallet")
            .answers(200, shapes::WALLET),
        Route::get(&SURFACE, "/api/v1/wallet/virtual-account", DASHBOARD, account)
            .any_reads()
            .doc("Show the account that funds the wallet")
            .answers(200, shapes::VIRTUAL_ACCOUNT),
        Route::get(&SURFACE, "/api/v1/wallet/transactions", DASHBOARD, lines)
            .any_reads()
            .doc("List ledger lines of the wallet")
            .about("What moved the balance, newest first.")
            .queries(PAGING)
            .query("kind", words(KINDS), "Lines of one kind")
            .query("from", INSTANT, FROM)
            .query("to", INSTANT, UNTIL)
            .answers(200, shapes::LINES),
        Route::get(&SURFACE, "/api/v1/wallet/statement", DASHBOARD, statement)
            .any_reads()
            .doc("Show a statement of the wallet")
            .about("Opening and lines make closing, to the kobo; at most 100,000 lines.")
            .query("from", INSTANT, FROM)
            .query("to", INSTANT, "Before; a day is its end in UTC; now unless given")
            .query("format", words(&["json", "csv"]), "json unless given")
            .answers(200, shapes::STATEMENT)
            .answers_media(200, "text/csv; charset=utf-8", TEXT),
    ]
}

fn writes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/api/v1/wallet/topup", DASHBOARD, top_up)
            .written_by(OWNER)
            .doc("Add money to the wallet")
            .about("In test mode, and in live mode where the operator allows it.")
            .takes(shapes::TOPUP)
            .answers(200, shapes::TOPPED_UP)
            .refuses(409, &["wallet_full"])
            .refuses(410, &["manual_credit_off"]),
        Route::post(&SURFACE, "/api/v1/wallet/ai-credits", DASHBOARD, add_credits)
            .written_by(OWNER)
            .doc("Add credits for planning")
            .takes(shapes::ADD_CREDITS)
            .answers(200, shapes::ADDED_CREDITS)
            .refuses(409, &["too_many_credits"]),
        Route::post(&SURFACE, "/api/v1/inbound/funding/{provider}", Auth::PUBLIC, fund)
            .raw_body()
            .body_limit(NOTICE_LIMIT)
            .doc("Take a notice of incoming money")
            .about("Signed by the provider: the HMAC-SHA-512 of the body, in hexadecimal digits. The same reference counts once; \
                    money for an unknown account is kept.")
            .header("X-FlowPilot-Signature", TEXT, "The signature; `sha512=` may stand before it")
            .takes_media("*/*", shapes::NOTICE)
            .answers(200, shapes::NOTICED)
            .refuses(401, &["wrong_signature"])
            .refuses(409, &["wallet_full"]),
    ]
}

/// The balance on the public side.
#[derive(Serialize)]
struct BalanceOut {
    balance: Kobo,
    currency: &'static str,
    ai_credit_balance: i64,
    updated_at: Seconds,
}

/// The wallet on the dashboard side.
#[derive(Serialize)]
struct WalletOut {
    balance: Kobo,
    reserved_balance: Kobo,
    total: Kobo,
    currency: &'static str,
    ai_credit_balance: i64,
    low_balance: bool,
    updated_at: Seconds,
}

#[derive(Serialize)]
struct AccountOut {
    account_number: String,
    bank_name: String,
    account_name: String,
}

/// A line of the ledger.
#[derive(Serialize)]
struct LineOut {
    r#type: &'static str,
    kind: String,
    amount: Kobo,
    reference: Option<String>,
    run_id: Option<PaymentRunId>,
    balance_before: Kobo,
    balance_after: Kobo,
    created_at: Seconds,
}

#[derive(Serialize)]
struct StatementOut {
    currency: &'static str,
    opening: Kobo,
    lines: Vec<LineOut>,
    closing: Kobo,
}

#[derive(Serialize)]
struct ToppedUpOut {
    balance: Kobo,
    amount_credited: Kobo,
    reference: String,
    already_processed: bool,
}

#[derive(Serialize)]
struct AddedOut {
    ai_credit_balance: i64,
    credits_added: i64,
    reference: String,
    already_processed: bool,
}

#[derive(Serialize)]
struct NoticedOut {
    status: &'static str,
    reference: String,
    already_processed: bool,
}

impl From<Line> for LineOut {
    fn from(line: Line) -> Self {
        let is_debit = line.amount < Kobo::ZERO;
        Self {
            r#type: if is_debit { "debit" } else { "credit" },
            kind: line.kind,
            amount: Kobo(line.amount.minor().saturating_abs()),
            reference: line.reference,
            run_id: line.run,
            balance_before: Kobo(line.balance_after.minor().saturating_sub(line.amount.minor())),
            balance_after: line.balance_after,
            created_at: Seconds(line.at),
        }
    }
}

async fn standing(call: &Call) -> Result<Standing, Fault> {
    let (scope, now) = (call.ctx.caller.scope(), call.ctx.now());
    call.ctx.store.read(move |tx| wallet::standing(tx, scope, now)).await
}

async fn balance(call: Call) -> Result<Reply, Fault> {
    let Standing { wallet, credits, .. } = standing(&call).await?;
    let updated_at = Seconds(wallet.updated_at);
    Reply::ok(&BalanceOut { balance: wallet.available(), currency: CURRENCY, ai_credit_balance: credits, updated_at })
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let standing = standing(&call).await?;
    Reply::ok(&WalletOut {
        balance: standing.wallet.available(),
        reserved_balance: standing.wallet.balances.reserved,
        total: standing.total(),
        currency: CURRENCY,
        ai_credit_balance: standing.credits,
        low_balance: standing.is_low,
        updated_at: Seconds(standing.wallet.updated_at),
    })
}

async fn account(call: Call) -> Result<Reply, Fault> {
    let (scope, now) = (call.ctx.caller.scope(), call.ctx.now());
    let found = call.ctx.store.read(move |tx| wallet::find_account(tx, scope)).await?;
    let account = match found {
        Some(account) => account,
        None => {
            let treasury = Arc::clone(&call.app.treasury);
            call.ctx.store.write(move |tx| wallet::open_account(tx, &treasury, scope, now)).await?
        }
    };
    let (account_number, bank_name, account_name) = (account.account_number, account.bank_name, account.account_name);
    Reply::ok(&AccountOut { account_number, bank_name, account_name })
}

/// The span of time that is asked for.
fn span(call: &Call) -> (Option<Timestamp>, Option<Timestamp>) {
    (call.query.get("from").and_then(parse_instant), call.query.get("to").and_then(parse_until))
}

async fn lines(call: Call) -> Result<Reply, Fault> {
    let (page, scope) = (Page::of(&call.query), call.ctx.caller.scope());
    let kind = call.query.get("kind").and_then(TransferKind::parse);
    let (from, to) = span(&call);
    let filter = Filter { kind, from, to };
    let reading = move |tx: &mut Tx<'_>| wallet::lines(tx, scope, filter, page.limit, page.offset);
    let found = call.ctx.store.read(reading).await?;
    Reply::ok(&page.around(found.rows.into_iter().map(LineOut::from).collect(), found.total))
}

async fn statement(call: Call) -> Result<Reply, Fault> {
    let scope = call.ctx.caller.scope();
    let (from, to) = span(&call);
    let (from, to) = (from.unwrap_or(Timestamp(0)), to.unwrap_or(Timestamp(i64::MAX)));
    let statement = call.ctx.store.read(move |tx| wallet::statement(tx, scope, from, to)).await?;
    if call.query.get("format") == Some("csv") {
        return Ok(Reply::bytes(StatusCode::OK, "text/csv; charset=utf-8", statement.csv())
            .text_header(HeaderName::from_static("content-disposition"), "attachment; filename=\"statement.csv\""));
    }
    let Statement { opening, closing, lines } = statement;
    let lines = lines.into_iter().map(LineOut::from).collect();
    Reply::ok(&StatementOut { currency: CURRENCY, opening, lines, closing })
}

async fn top_up(call: Call) -> Result<Reply, Fault> {
    let mut body = Input::of(&call)?;
    body.require("amount");
    let amount = body.money("amount");
    let reference = body.required_text("reference", 1, REFERENCE_MAX);
    let description = body.text("description", 0, DESCRIPTION_MAX).filter(|text| !text.is_empty());
    body.finish()?;
    let topup = Topup { amount: amount.unwrap_or_default(), reference: reference.clone(), description };
    let (treasury, ctx) = (Arc::clone(&call.app.treasury), call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| wallet::top_up(tx, &treasury, &ctx, &topup);
    let reply = move |done: ToppedUp| {
        let ToppedUp { balance, credited, is_repeat } = done;
        Reply::ok(&ToppedUpOut {
            balance,
            amount_credited: credited,
            reference: reference.clone(),
            already_processed: is_repeat,
        })
    };
    call.commit(act, reply).await
}

async fn add_credits(call: Call) -> Result<Reply, Fault> {
    let mut body = Input::of(&call)?;
    body.require("credits");
    let credits = body.int("credits", 1, CREDITS_MAX);
    let reference = body.required_text("reference", 1, REFERENCE_MAX);
    body.finish()?;
    let add = AddCredits { credits: credits.unwrap_or_default(), reference: reference.clone() };
    let (treasury, ctx) = (Arc::clone(&call.app.treasury), call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| wallet::add_credits(tx, &treasury, &ctx, &add);
    let reply = move |done: Added| {
        let Added { balance, added, is_repeat } = done;
        Reply::ok(&AddedOut {
            ai_credit_balance: balance,
            credits_added: added,
            reference: reference.clone(),
            already_processed: is_repeat,
        })
    };
    call.commit(act, reply).await
}

async fn fund(call: Call) -> Result<Reply, Fault> {
    let treasury = Arc::clone(&call.app.treasury);
    let provider = sender(&call, &treasury)?;
    let notice = read_notice(&call)?;
    let (body, reference) = (String::from_utf8_lossy(&call.body).into_owned(), notice.reference.clone());
    let act = move |tx: &mut Tx<'_>| wallet::take_notice(tx, &treasury, &provider, &notice, &body);
    let taken = call.ctx.store.write(act).await?;
    let status = if taken.is_matched { "credited" } else { "unmatched" };
    Reply::ok(&NoticedOut { status, reference, already_processed: taken.is_repeat })
}

/// Who sent a notice, by its signature.
fn sender(call: &Call, treasury: &Treasury) -> Result<String, Fault> {
    wallet::provider(treasury, call.param("provider")?, call.header(SIGNATURE), &call.body)
}

fn read_notice(call: &Call) -> Result<Notice, Fault> {
    let mut body = Input::of(call)?;
    let reference = body.required_text("reference", 1, REFERENCE_MAX);
    let account_number = body.required_digits("account_number", 10);
    body.require("amount");
    let amount = body.money("amount").unwrap_or_default();
    body.word("currency", CURRENCY, |word| (word == CURRENCY).then_some(()));
    let sender_name = body.text("sender_name", 0, SENDER_MAX).filter(|name| !name.is_empty());
    body.finish()?;
    Ok(Notice { reference, account_number, amount, sender_name })
}
