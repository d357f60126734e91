//! `/me`: one's own record.

use floe_access::account::{MePatch, patch_me};
use floe_model::access::is_time_zone;
use floe_model::{Fault, Mode};
use http::StatusCode;
use serde_json::{Map, Value};

use super::shapes::session as shapes;
use super::{Rights, SURFACE, commit_and_forget, session, wire};
use crate::http::{Auth, Call, Fields, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/me", Auth::MEMBER, show)
            .any_reads()
            .doc("Show your record")
            .answers(200, shapes::ME),
        Route::patch(&SURFACE, "/console/v1/me", Auth::MEMBER, change)
            .any_writes()
            .doc("Change your record")
            .revised()
            .takes(shapes::ME_PATCH)
            .answers(200, shapes::ME),
        Route::put(&SURFACE, "/console/v1/me/password", Auth::SESSION, change_password)
            .doc("Change your password")
            .about("Every session of yours ends; the answer carries a new one.")
            .takes(shapes::PASSWORD_CHANGE)
            .answers(200, shapes::SESSION)
            .refuses(403, &["invalid_credentials"]),
    ]
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let member = call.app.access.me(&call.ctx.caller).await?;
    let has_pin = call.app.access.has_pin(&call.ctx.caller).await?;
    Ok(Reply::ok(&wire::me(&member, has_pin))?.revision(member.revision))
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let patch = read_patch(&mut body);
    body.finish()?;
    let (act, if_match) = (call.act(), call.if_match()?);
    let has_pin = call.app.access.has_pin(&call.ctx.caller).await?;
    commit_and_forget(
        &call,
        move |tx| patch_me(tx, &act, &patch, if_match),
        move |member| Ok(Reply::ok(&wire::me(&member, has_pin))?.revision(member.revision)),
    )
    .await
}

async fn change_password(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let current = body.required_text("current", 1, 1_000);
    let new = body.required_text("new", 1, 1_000);
    body.finish()?;
    let (access, facts) = (&call.app.access, session::facts(&call)?);
    let opened = access.change_password(&call.act(), facts, &current, &new).await.map_err(session::confirm_fault)?;
    session::opened_reply(&call, StatusCode::OK, &opened)
}

fn read_patch(body: &mut Fields) -> MePatch {
    let mut preferences = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            preferences.insert(name.to_owned(), value);
        }
    };
    let name = body.text("name", 1, 100);
    let timezone = body.text("timezone", 1, 100);
    if timezone.as_deref().is_some_and(|zone| !is_time_zone(zone)) {
        body.problem("timezone", "value", "timezone must be a name such as Africa/Lagos");
    }
    set("timezone", timezone.map(Value::from));
    let theme = |word: &str| matches!(word, "system" | "light" | "dark").then(|| Value::from(word));
    set("theme", body.word("theme", "system, light, dark", theme));
    let mode = |word: &str| Mode::parse(word).map(|mode| Value::from(mode.as_str()));
    set("default_mode", body.word("default_mode", "live, test", mode));
    set("shortcuts", body.flag("shortcuts").map(Value::from));
    MePatch { name, preferences }
}
