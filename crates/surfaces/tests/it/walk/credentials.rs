//! Who gets in: no credential, weak ones, those of another kind, those that are over; roles and scopes.

use floe_model::access::KeyKind;
use floe_surfaces::http::Route;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::contract::{self, Need};
use super::walk;
use super::world::{self, World, code};
use crate::app::Answer;

/// What the table promises a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promise {
    /// It is not known here.
    Unknown,
    /// It is known, and not enough.
    Refused,
    /// It gets in.
    In,
}

use Promise::{In, Refused, Unknown};

/// Texts that are no credential of anybody: empty, without a form, of a form with a wrong sum, of other products.
const WEAK: &[&str] = &[
    "Bearer",
    "Bearer x",
    "Basic YWRhOmFkYQ==",
    "Bearer pat_",
    "Bearer pat_0123456789ABCDEFGHIJKLMNOPQRST000000",
    "Bearer fl_live_0123456789ABCDEFGHIJKLMNOPQRST000000",
    "Bearer ses_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "Bearer fm_live_0123456789ABCDEFGHIJKLMNOPQRSTUV",
    "Bearer fp_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "Bearer fp_admin_0123abcd_0123456789ABCDEFGHIJKLMNOPQRSTUV",
    "Bearer ak_live_0123456789ABCDEFGHIJKLMNOPQRST000000",
];

fn judge(route: &Route, who: &str, promise: Promise, answer: &Answer) -> Option<String> {
    let status = answer.status.as_u16();
    let own = route.doc.refuses.iter().any(|(status, _)| *status == 403);
    let kept = match promise {
        Unknown => status == 401 && answer.header("www-authenticate") == "Bearer",
        Refused => status == 403,
        In => status != 401 && (status != 403 || own && !matches!(code(answer), "insufficient_scope")),
    };
    (!kept).then(|| format!("{route:?}: {who} is {promise:?} by the table, and was answered {status} {}", code(answer)))
}

/// A body that passes everything before the fields.
fn empty(route: &Route) -> Option<Value> {
    route.doc.takes.filter(|body| body.media == "application/json").map(|_| json!({}))
}

fn of_token(route: &Route, scopes_cover: bool) -> Promise {
    match (route.auth.token, route.auth.session) {
        (true, _) if scopes_cover => In,
        (true, _) | (false, true) => Refused,
        (false, false) => Unknown,
    }
}

fn of_key(route: &Route) -> Promise {
    let flows = Some(KeyKind::Flows);
    match route.scope {
        _ if route.auth.key_forbidden == flows => Refused,
        _ if route.auth.key != flows => Unknown,
        None | Some("flows.run" | "flows.read") => In,
        Some(_) => Refused,
    }
}

on_both! {
    async fn a_credential_opens_what_the_table_says(store: TestStore) {
        let world = World::new(store).await;
        let mut problems = Vec::new();
        for (route, row) in walk().into_iter().filter(|(route, _)| !route.auth.public) {
            let path = world.path(&row, &Value::Null);
            let body = empty(&route);
            let ask = || world.ask(&route, &path, body.as_ref());
            let mut answers = vec![("nobody", Unknown, ask().try_send().await)];
            for weak in WEAK {
                answers.push((weak, Unknown, ask().header("authorization", weak).try_send().await));
            }
            for (who, text) in &world.over {
                answers.push((who, Unknown, ask().bearer(text).try_send().await));
            }
            // A session in a header does not work as a cookie.
            let cookie = format!("floe_session={}", world.home.session);
            answers.push(("a session of the wrong form", Unknown, ask().header("cookie", &cookie).try_send().await));
            if !row.ends_session {
                let promise = if route.auth.session { In } else { Unknown };
                answers.push(("a session", promise, ask().bearer(&world.home.session).try_send().await));
            }
            let covered = route.scope != Some("own");
            answers.push(("a token", of_token(&route, covered), ask().bearer(&world.home.token).try_send().await));
            let narrow = of_token(&route, route.scope.is_none());
            let token = world::narrow(&world, &route);
            answers.push(("a token without the scope", narrow, ask().bearer(token).try_send().await));
            answers.push(("a key", of_key(&route), ask().bearer(&world.home.key).try_send().await));
            for (who, promise, (answer, unlike)) in answers {
                problems.extend(unlike);
                problems.extend(judge(&route, who, promise, &answer));
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    async fn roles_may_what_the_contract_says(store: TestStore) {
        let world = World::new(store).await;
        let mut problems = Vec::new();
        for (route, row) in walk().into_iter().filter(|(route, _)| route.path.starts_with("/console/v1/")) {
            let method = route.method.as_str();
            let Some(need) = contract::need(method, route.path) else {
                problems.push(format!("{route:?} has no line in tests/it/walk/contract.rs"));
                continue;
            };
            if (need == Need::Nothing) != route.auth.public {
                problems.push(format!("{route:?} is public by the table or by the contract, and not by both"));
            }
            let of_tokens = !route.auth.public && route.auth.token;
            if of_tokens && route.scope.filter(|scope| *scope != "own") != contract::scope(method, route.path, need) {
                let scope = contract::scope(method, route.path, need);
                problems.push(format!("{route:?} needs {:?} by the table and {scope:?} by the contract", route.scope));
            }
            if route.auth.public || !route.auth.session || row.ends_session {
                continue;
            }
            let path = world.path(&row, &Value::Null);
            for (role, session) in &world.roles {
                let (answer, unlike) = world.ask(&route, &path, empty(&route).as_ref()).bearer(session).try_send().await;
                problems.extend(unlike);
                let promise = if contract::allows(role, need) { In } else { Refused };
                problems.extend(judge(&route, role, promise, &answer));
                if let (Refused, Need::Permission(word)) = (promise, need)
                    && answer.json["required"] != word
                {
                    problems.push(format!("{route:?} does not tell {role} that it needs {word}"));
                }
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    async fn a_browser_of_another_site_gets_nowhere(store: TestStore) {
        let world = World::new(store).await;
        let mut problems = Vec::new();
        let sign_in = json!({ "email": crate::app::OWNER, "password": crate::app::PASSWORD });
        let signed = world.app.post("/console/v1/session").json(&sign_in).send().await;
        let cookie = signed.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        for (route, row) in walk().into_iter().filter(|(route, _)| route.auth.session) {
            let path = world.path(&row, &Value::Null);
            if route.method == http::Method::GET {
                let request = http::Request::get(&path).header("host", "evil.test").header("cookie", &cookie);
                let status = world.app.raw(request).await;
                problems.extend((status != 421).then(|| format!("{route:?}: another host was answered {status}")));
                continue;
            }
            let ask = || world.ask(&route, &path, None).header("cookie", &cookie);
            let form = || ask().header("origin", crate::app::ORIGIN).header("content-type", "text/plain");
            for (who, asking) in [
                ("another origin", ask().header("origin", "http://evil.test")),
                ("no origin", ask()),
                ("a plain form", form().body(b"{}".to_vec())),
            ] {
                let (answer, unlike) = asking.try_send().await;
                problems.extend(unlike);
                let refused = answer.status == 403 && matches!(code(&answer), "bad_origin" | "forbidden");
                problems.extend((!refused).then(|| format!("{route:?}: {who} was answered {} {}", answer.status, code(&answer))));
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
