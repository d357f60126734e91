//! `/notifications`: what a member is told (console contract, section 5.10).
//!
//! Nothing is stored for a notification: it is a domain event that one of the member's rules names and that concerns it. What is kept
//! is up to when the member has read.

use floe_access::wishes::{self, Rule};
use floe_model::access::Permission;
use floe_model::id::{EventId, RunId, parse_bits};
use floe_model::{Fault, FaultKind, Mode, Timestamp};
use floe_store::Tx;
use floe_store::platform::events::{self, Cursor, Event};
use serde_json::{Value, json};

use super::events::{READ_AT_ONCE, bits_of, page, place_of, product};
use super::list::Window;
use super::shapes::{WINDOW, keys::MODE, notices as shapes};
use super::{Rights, SURFACE, filters, inbox};
use crate::http::{Auth, Call, Reply, Route};

/// Events that are looked at for one page; a member who is told little ends it short.
const LOOKED_AT_MAX: usize = 1_000;
/// Events that a rule names and that are looked at more closely for one page.
const CONSIDERED_MAX: usize = 300;
const BOTH: &[Mode] = &[Mode::Live, Mode::Test];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/notifications", Auth::MEMBER, list)
            .any_reads()
            .doc("List what you are told")
            .about(
                "Newest first, by your notification rules: items that you can answer, failed runs that you started, and what your role \
                 lets you see. A page can hold fewer than asked for, and none, while next_cursor is not null.",
            )
            .queries(WINDOW)
            .query("mode", MODE, "Live or test")
            .answers(200, shapes::NOTIFICATIONS),
        Route::post(&SURFACE, "/console/v1/notifications/read", Auth::MEMBER, read)
            .any_writes()
            .doc("Say what you have read")
            .about("Everything up to and with the notification until, or everything so far. What was read stays read.")
            .takes(shapes::READ)
            .answers(200, shapes::READ_UNTIL),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["mode"])?;
    filters::newest_first(window.newest_first)?;
    let modes: &'static [Mode] = match filters::mode(&call)? {
        None => BOTH,
        Some(Mode::Live) => &[Mode::Live],
        Some(Mode::Test) => &[Mode::Test],
    };
    let caller = call.ctx.caller.clone();
    let read_at = call.ctx.store.read(move |tx| wishes::notifications_read(tx, &caller)).await?;
    let told = Told::of(&call).await?;
    let workspace = call.ctx.caller.workspace;
    let mut last: Option<Cursor> = window.after.map(place_of);
    let (mut data, mut considered) = (Vec::new(), 0);
    for _ in 0..LOOKED_AT_MAX / READ_AT_ONCE {
        let found = call.ctx.store.read(move |tx| page(tx, workspace, modes, false, last)).await?;
        if found.is_empty() {
            return Reply::ok(&window.page(data, last.map(bits_of), false, None));
        }
        for event in found {
            if data.len() == window.limit || considered == CONSIDERED_MAX {
                return Reply::ok(&window.page(data, last.map(bits_of), true, None));
            }
            last = Some(event.cursor);
            considered += usize::from(told.names(&event));
            if let Some(mut notice) = told.notice(&call, &event).await? {
                notice["read"] = json!(read_at.is_some_and(|read_at| event.created_at <= read_at));
                data.push(notice);
            }
        }
    }
    Reply::ok(&window.page(data, last.map(bits_of), true, None))
}

async fn read(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let until = body.text("until", 1, 100);
    body.finish()?;
    let unknown = || Fault::field("/until", "value", "until must be the id of a notification");
    let until = until.map(|text| parse_bits(&text).map_err(|_| unknown())).transpose()?;
    let (caller, now) = (call.ctx.caller.clone(), call.ctx.now());
    let act = move |tx: &mut Tx<'_>| {
        let at = match until {
            None => now,
            Some(id) => events::find(tx, caller.workspace, EventId(id))?.ok_or_else(unknown)?.created_at,
        };
        wishes::read_notifications(tx, &caller, at)?;
        wishes::notifications_read(tx, &caller)
    };
    call.commit(act, |read_at: Option<Timestamp>| Reply::ok(&json!({ "read_until": read_at }))).await
}

/// What the caller wants to be told in the dashboard.
pub(super) struct Told {
    events: Vec<String>,
}

impl Told {
    /// By its rules.
    ///
    /// # Errors
    /// `forbidden` for keys; of the database.
    pub(super) async fn of(call: &Call) -> Result<Self, Fault> {
        let rules = call.app.access.notification_rules(&call.ctx.caller).await?;
        let in_dashboard = |rule: &Rule| rule.channels.iter().any(|channel| channel == "dashboard");
        Ok(Self { events: rules.into_iter().filter(in_dashboard).map(|rule| rule.event).collect() })
    }

    fn names(&self, event: &Event) -> bool {
        self.events.contains(&event.kind)
    }

    /// What the caller is told by an event; none for one that no rule names or that does not concern the caller.
    ///
    /// # Errors
    /// Of the database.
    pub(super) async fn notice(&self, call: &Call, event: &Event) -> Result<Option<Value>, Fault> {
        if !self.names(event) {
            return Ok(None);
        }
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        let about = match about(event) {
            About::Item => of_item(call, &data, &event.kind).await?,
            About::Run(run) => of_run(call, run, &event.kind).await?,
            About::Rest(permission) if call.ctx.caller.may(permission) => Some((title(&event.kind, &data), None)),
            About::Rest(_) => None,
        };
        Ok(about.map(|(title, url)| object(event, &title, url.as_deref())))
    }
}

/// What an event is about, with what is asked of those who are told of it.
enum About {
    Item,
    Run(RunId),
    Rest(Permission),
}

fn about(event: &Event) -> About {
    let kind = event.kind.as_str();
    match event.subject_id {
        _ if kind.starts_with("platform.inbox.") => About::Item,
        Some(run) if kind.starts_with("flows.run.") || kind.starts_with("workflows.execution.") => {
            About::Run(RunId(run))
        }
        _ if kind == "platform.backup.failed" => About::Rest(Permission::Own),
        // Flows are not for everybody; whoever manages sees them all.
        _ if kind.starts_with("platform.") || kind.starts_with("flows.flow.") => About::Rest(Permission::Manage),
        _ if kind.starts_with("placements.") => About::Rest(Permission::Build),
        _ => About::Rest(Permission::Read),
    }
}

/// Items are told to who can answer them, and what became of them to who could see them.
async fn of_item(call: &Call, data: &Value, kind: &str) -> Result<Option<(String, Option<String>)>, Fault> {
    let Some(id) = data["inbox_id"].as_str().and_then(|id| parse_bits(id).ok()) else { return Ok(None) };
    let Some((item, _)) = inbox::find_object(call, id).await? else { return Ok(None) };
    if item["status"] == "open" && item["can_answer"] != true {
        return Ok(None);
    }
    let url = item["id"].as_str().map(|id| format!("/ui/inbox/{id}"));
    let name = item["title"].as_str().unwrap_or_default();
    let what = match kind {
        "platform.inbox.created" => "Waits for an answer",
        "platform.inbox.answered" => "Was answered",
        _ => "Is no longer waiting",
    };
    Ok(Some((format!("{what}: {name}"), url)))
}

/// Runs are told to who started them.
async fn of_run(call: &Call, run: RunId, kind: &str) -> Result<Option<(String, Option<String>)>, Fault> {
    let item = match call.app.flows.run_item(&call.ctx, run).await {
        Err(fault) if fault.kind() == FaultKind::NotFound => return Ok(None),
        item => item?,
    };
    if item.starter.member().is_none() || item.starter.member() != call.ctx.caller.member_id() {
        return Ok(None);
    }
    let became = kind.rsplit('.').next().unwrap_or_default();
    let title = match item.listed.run.error_message.as_deref().filter(|_| became == "failed") {
        Some(error) => format!("{} failed: {error}", item.listed.run.flow_name),
        None => format!("{} {became}", item.listed.run.flow_name),
    };
    Ok(Some((title, Some(format!("/ui/runs/{run}")))))
}

/// A sentence about what has none of its own.
fn title(kind: &str, data: &Value) -> String {
    let named = ["name", "title", "objective", "agent_name", "url"].iter().find_map(|name| data[*name].as_str());
    let what = match kind {
        "platform.webhook.disabled" => "A webhook was switched off",
        "platform.credits.low" => "Credits run low",
        "platform.backup.failed" => "A backup could not be taken",
        other => other,
    };
    named.map_or_else(|| what.to_owned(), |name| format!("{what}: {name}"))
}

fn object(event: &Event, title: &str, url: Option<&str>) -> Value {
    json!({
        "id": event.id.prefixed(), "event": event.kind, "product": product(&event.kind), "mode": event.scope.mode.as_str(),
        "title": title, "url": url, "object_id": event.subject_id.map(|id| EventId(id).to_string()), "at": event.created_at,
        "read": false,
    })
}
