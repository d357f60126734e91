//! `/home`: what the first page shows, in one answer (console contract, sections 5.10 and 6.1).

use floe_access::usage::GroupBy;
use floe_model::access::Permission;
use floe_model::access::credits::{day_of, number};
use floe_model::{Fault, Mode, Scope};
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{keys::MODE, search as shapes};
use super::{Rights, SURFACE, filters, inbox, runs_joined, usage};
use crate::http::{Auth, Call, Reply, Route};

/// Entries of each list.
const ENTRIES_MAX: usize = 10;
const DAY_S: i64 = 86_400;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/home", Auth::MEMBER, home)
            .needs(Permission::Read)
            .doc("Show the first page")
            .about("What waits for the caller, what broke within 24 hours, the newest runs, and the numbers of today, of one mode.")
            .query("mode", MODE, "The request's mode unless given")
            .answers(200, shapes::HOME),
    ]
}

async fn home(call: Call) -> Result<Reply, Fault> {
    let mode = filters::mode(&call)?.unwrap_or(call.ctx.caller.mode);
    let now = call.ctx.now();
    let (word, since) = (mode.as_str().to_owned(), now.plus_seconds(-DAY_S).to_string());
    let newest = Window::first(ENTRIES_MAX);
    let all = |name: &str| (name == "mode").then(|| word.clone());
    let failed = |name: &str| match name {
        "status" => Some("failed".to_owned()),
        "from" => Some(since.clone()),
        name => all(name),
    };
    let broken = runs_joined::page_of(&call, failed, &newest).await?;
    let runs = runs_joined::page_of(&call, all, &newest).await?;
    let scope = Scope { workspace: call.ctx.caller.workspace, mode };
    let by = GroupBy { product: true, ..GroupBy::default() };
    let today = call.app.access.usage_of(scope, day_of(now), day_of(now) + 1, by).await?;
    let ledgers = call.app.access.ledgers(&call.ctx.caller).await?;
    let account = match mode {
        Mode::Live => &ledgers.live.account,
        Mode::Test => &ledgers.test.account,
    };
    let today = today.iter().filter(|(key, _)| !key.product.is_empty()).map(|(key, counts)| {
        let mut numbers = usage::counted(counts);
        numbers["product"] = json!(key.product);
        numbers
    });
    Reply::ok(&json!({
        "mode": mode.as_str(),
        "at": now,
        "inbox": inbox::counted(&call, Some(mode)).await?,
        "waiting": inbox::mine(&call, mode, ENTRIES_MAX).await?,
        "broken": broken["data"],
        "runs": runs["data"],
        "today": today.collect::<Vec<Value>>(),
        "credits": { "balance": number(account.balance), "used_today": number(account.used_today(now)) },
    }))
}
