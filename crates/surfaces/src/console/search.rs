//! `/search`: one word over all objects and pages (console contract, section 5.10).
//!
//! Each kind is asked by its own list, with the rights of the caller, so that nothing is found that a list would not show.

use floe_agents::agents::{self, Filter as AgentFilter};
use floe_agents::knowledge::{BasePage, bases};
use floe_flows::workflows::{Automation, AutomationFilter};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::parse_bits;
use floe_placements::apps;
use floe_store::Tx;
use floe_store::access::keys::{Filter as KeyFilter, Key, Page as KeyPage};
use floe_store::access::memberships;
use floe_treasury::payees::recipients;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::search as shapes;
use super::{Rights, SURFACE, filters, inbox, runs, runs_joined};
use crate::http::shape::text;
use crate::http::{Auth, Call, Reply, Route};

/// Hits of one answer (console contract, section 5.10).
const HITS_MAX: usize = 20;
/// Hits of one kind, so that none fills the answer.
const OF_ONE_KIND: usize = 5;
/// Apps of a workspace that are looked through.
const APPS_MAX: usize = 200;
/// Characters of what is searched.
const WORDS_MAX: usize = 100;
/// Characters of an id in its shortest spelling.
const ID_CHARS_MIN: usize = 26;

/// The pages of the dashboard (console contract, section 6.1).
const PAGES: [(&str, &str); 26] = [
    ("Home", "/ui/"),
    ("Inbox", "/ui/inbox"),
    ("Runs", "/ui/runs"),
    ("Automations", "/ui/automations"),
    ("Agents", "/ui/agents"),
    ("Knowledge", "/ui/knowledge"),
    ("Payment runs", "/ui/payment-runs"),
    ("Recipients", "/ui/recipients"),
    ("Wallet", "/ui/wallet"),
    ("Transactions", "/ui/transactions"),
    ("Apps", "/ui/apps"),
    ("Audiences", "/ui/audiences"),
    ("Experiments", "/ui/experiments"),
    ("Analytics", "/ui/analytics"),
    ("Keys", "/ui/keys"),
    ("Webhooks", "/ui/webhooks"),
    ("Events", "/ui/events"),
    ("Requests", "/ui/requests"),
    ("Imports", "/ui/imports"),
    ("MCP", "/ui/mcp"),
    ("Members", "/ui/members"),
    ("Audit", "/ui/audit"),
    ("Usage", "/ui/usage"),
    ("Connections and models", "/ui/connections"),
    ("Settings", "/ui/settings"),
    ("Backups and health", "/ui/backups"),
];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/search", Auth::MEMBER, search)
            .needs(Permission::Read)
            .doc("Search everything")
            .about(
                "At most 20 hits: an id in either spelling finds its run or item; other text is looked for in names, five of a kind. \
                 Nothing is found for an empty text.",
            )
            .query("q", text(0, WORDS_MAX), "What to look for")
            .answers(200, shapes::HITS),
    ]
}

async fn search(call: Call) -> Result<Reply, Fault> {
    let q = filters::text(&call, "q")?.unwrap_or_default().trim().to_lowercase();
    if q.chars().count() > WORDS_MAX {
        return Err(Fault::field("/q", "length", format!("q must have at most {WORDS_MAX} characters")));
    }
    let mut hits = Vec::new();
    if !q.is_empty() {
        hits.extend(by_id(&call, &q).await?);
        hits.extend(pages(&q));
        hits.extend(automations(&call, &q).await?);
        hits.extend(in_one_read(&call, &q).await?);
        hits.extend(keys(&call, &q).await?);
        hits.extend(of_runs(&call, &q).await?);
    }
    hits.truncate(HITS_MAX);
    Reply::ok(&json!({ "data": hits }))
}

fn hit(kind: &str, id: &Value, title: &Value, subtitle: &Value, url: &str) -> Value {
    json!({ "type": kind, "id": id, "title": title, "subtitle": subtitle, "url": url })
}

/// The run or item with an id.
async fn by_id(call: &Call, q: &str) -> Result<Vec<Value>, Fault> {
    let Some(id) = Some(q).filter(|q| q.len() >= ID_CHARS_MIN).and_then(|q| parse_bits(q).ok()) else {
        return Ok(Vec::new());
    };
    let run = runs::find_object(call, id).await?.map(|run| run_hit(&run));
    let item = inbox::find_object(call, id).await?.map(|(item, _)| {
        let url = format!("/ui/inbox/{}", item["id"].as_str().unwrap_or_default());
        hit("inbox", &item["id"], &item["title"], &item["status"], &url)
    });
    Ok(run.into_iter().chain(item).collect())
}

fn pages(q: &str) -> Vec<Value> {
    let found = PAGES.iter().filter(|(name, _)| name.to_lowercase().contains(q)).take(OF_ONE_KIND);
    found.map(|(name, url)| hit("page", &Value::Null, &json!(name), &Value::Null, url)).collect()
}

async fn automations(call: &Call, q: &str) -> Result<Vec<Value>, Fault> {
    let filter = AutomationFilter { text: Some(q.to_owned()), ..AutomationFilter::default() };
    let found = call.app.flows.automations(&call.ctx, filter, true, None, OF_ONE_KIND, false).await?;
    let one = |item: &Automation| {
        let url = format!("/ui/automations/{}", item.shown_id);
        hit(
            item.flow.engine.as_str(),
            &json!(item.shown_id),
            &json!(item.flow.name),
            &json!(item.activity().as_str()),
            &url,
        )
    };
    Ok(found.items.iter().map(one).collect())
}

/// Agents, knowledge bases, apps, members and recipients.
async fn in_one_read(call: &Call, q: &str) -> Result<Vec<Value>, Fault> {
    let (ctx, q) = (call.ctx.clone(), q.to_owned());
    let workspace = ctx.caller.workspace;
    let reading = move |tx: &mut Tx<'_>| {
        let mut hits = Vec::new();
        let filter = AgentFilter { text: Some(q.clone()), ..AgentFilter::default() };
        for agent in agents::page(tx, workspace, &filter, true, None, OF_ONE_KIND)? {
            let url = format!("/ui/agents/{}", agent.id);
            hits.push(hit("agent", &json!(agent.id), &json!(agent.config.name), &Value::Null, &url));
        }
        let page = BasePage { q: Some(q.clone()), newest_first: true, after: None, limit: OF_ONE_KIND };
        for shown in bases::list(tx, &ctx.caller, &page, false)?.0 {
            let id = shown.base.id.prefixed();
            hits.push(hit(
                "knowledge_base",
                &json!(id),
                &json!(shown.base.name),
                &Value::Null,
                &format!("/ui/knowledge/{id}"),
            ));
        }
        if ctx.caller.may(Permission::Build) {
            let (all, _) = apps::list(tx, &ctx, APPS_MAX, 0)?;
            for app in all.iter().filter(|app| app.row.name.to_lowercase().contains(&q)).take(OF_ONE_KIND) {
                let url = format!("/ui/apps/{}", app.row.id);
                hits.push(hit("app", &json!(app.row.id), &json!(app.row.name), &Value::Null, &url));
            }
        }
        let filter = memberships::Filter { role: None, q: Some(q.clone()) };
        let page = memberships::Page { newest_first: true, after: None, limit: OF_ONE_KIND };
        for member in memberships::list(tx, workspace, &filter, page)? {
            let id = member.member.prefixed();
            hits.push(hit(
                "member",
                &json!(id),
                &json!(member.name),
                &json!(member.role.as_str()),
                &format!("/ui/members/{id}"),
            ));
        }
        if ctx.caller.has_scope("treasury.read") {
            for one in recipients::list(tx, &ctx, Some(&q), OF_ONE_KIND, 0)?.0 {
                let url = format!("/ui/recipients/{}", one.id);
                hits.push(hit("recipient", &json!(one.id), &json!(one.name), &json!(ctx.caller.mode.as_str()), &url));
            }
        }
        Ok(hits)
    };
    call.ctx.store.read(reading).await
}

async fn keys(call: &Call, q: &str) -> Result<Vec<Value>, Fault> {
    if !call.ctx.caller.may(Permission::Manage) || !call.ctx.caller.has_scope("admin") {
        return Ok(Vec::new());
    }
    let filter = KeyFilter { q: Some(q.to_owned()), ..KeyFilter::default() };
    let page = KeyPage { newest_first: true, after: None, limit: OF_ONE_KIND };
    let found = call.app.access.list_keys(&call.act(), filter, page, false).await?;
    let one = |key: &Key| {
        let id = key.id.prefixed();
        hit("key", &json!(id), &json!(key.name), &json!(key.kind.as_str()), &format!("/ui/keys/{id}"))
    };
    Ok(found.keys.iter().map(one).collect())
}

async fn of_runs(call: &Call, q: &str) -> Result<Vec<Value>, Fault> {
    let given = |name: &str| (name == "q").then(|| q.to_owned());
    let found = runs_joined::page_of(call, given, &Window::first(OF_ONE_KIND)).await?;
    Ok(found["data"].as_array().into_iter().flatten().map(run_hit).collect())
}

fn run_hit(run: &Value) -> Value {
    hit(
        "run",
        &run["id"],
        &run["name"],
        &run["status"],
        &format!("/ui/runs/{}", run["id"].as_str().unwrap_or_default()),
    )
}
