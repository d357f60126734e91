//! The pages of one form each, in a real browser: set-up, invite, sign-in link, another password.

use serde_json::{Value, json};

use crate::binary::{Folder, Server, floe, output, text};
use crate::chromium::{Browser, Page, program};

/// The browser, unless this machine has none.
fn browser() -> Option<Browser> {
    let Some(program) = program() else {
        eprintln!("left out: there is no Chromium on this machine");
        return None;
    };
    Some(Browser::start(&program))
}

/// Waits for the first page, signed in, and answers who.
fn signed_in(page: &Page<'_>) -> String {
    page.wait_for("location.pathname === '/ui/' && document.getElementById('signed-in').checkVisibility()");
    page.value("document.getElementById('who').textContent").as_str().expect("a name").to_owned()
}

fn link(folder: &Folder, command: &str, email: &str) -> String {
    let done = output(floe(&folder.0).args(["admin", command, "--email", email, "--data", "data", "--quiet"]));
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    text(&done.stdout).trim().to_owned()
}

#[test]
fn links_lead_through_their_forms_to_a_signed_in_page() {
    let Some(browser) = browser() else { return };
    let folder = Folder::new();
    let server = Server::start(&folder.0);

    let page = browser.open(server.banner["setup_url"].as_str().expect("a set-up link"));
    page.fill("name", "Ada");
    page.fill("email", "ada@x.example");
    page.fill("password", "wandering otter");
    page.fill("workspace_name", "Lagos Fit");
    page.click("#setup button");
    page.wait_for("document.getElementById('done').checkVisibility()");
    let hash = page.value("location.hash");
    assert_eq!(hash, "", "the token is gone from the address");
    let commands = page.value("document.getElementById('commands').textContent");
    let token = commands.as_str().and_then(|text| text.split("FLOE_TOKEN=").nth(1)?.lines().next()).expect("a token");
    page.click("#done a");
    assert_eq!(signed_in(&page), "Ada (ada@x.example)");

    let wanted = json!({ "email": "bo@x.example", "role": "builder" });
    let (status, invite) = server.post("/console/v1/invites", Some(token), &wanted);
    assert_eq!(status, 201, "{invite}");
    let page = browser.open(invite["url"].as_str().expect("a link"));
    page.fill("name", "Bo");
    page.fill("password", "wandering heron");
    page.click("#form button");
    assert_eq!(signed_in(&page), "Bo (bo@x.example)");
    let role = page.value("document.getElementById('role').textContent");
    assert_eq!(role, "builder");

    let url = link(&folder, "login-link", "bo@x.example");
    let page = browser.open(&url);
    assert_eq!(signed_in(&page), "Bo (bo@x.example)");
    page.click("#sign-out");
    page.wait_for("document.getElementById('form').checkVisibility()");
    let page = browser.open(&url);
    page.wait_for("document.getElementById('problem').checkVisibility()");
    let status = page.value("fetch('/console/v1/session').then(answer => answer.status)");
    assert_eq!(status, 401, "a link signs in once");

    let page = browser.open(&link(&folder, "reset-link", "bo@x.example"));
    page.fill("password", "wandering crane");
    page.click("#form button");
    assert_eq!(signed_in(&page), "Bo (bo@x.example)");
    page.click("#sign-out");
    page.fill("email", "bo@x.example");
    page.fill("password", "wandering crane");
    page.click("#form button");
    assert_eq!(signed_in(&page), "Bo (bo@x.example)");

    let (requests, complaints) = browser.seen();
    let foreign: Vec<&String> = requests.iter().filter(|url| !is_own(url, &server.url())).collect();
    assert!(foreign.is_empty(), "asked other hosts: {foreign:?}");
    assert!(requests.len() > 20, "{requests:?}");
    // A browser reports each refused call; what its policy or a script refused would be there too.
    let expected = ["status of 401", "status of 410"];
    let unexpected: Vec<&String> =
        complaints.iter().filter(|text| !expected.iter().any(|known| text.contains(known))).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_share_link_is_a_form_that_runs_the_flow() {
    let Some(browser) = browser() else { return };
    let folder = Folder::new();
    let made = crate::binary::create_admin(&folder.0, "wandering otter\n");
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let server = Server::start(&folder.0);
    let url = share_cakes(&server);

    let page = browser.open(&url);
    page.fill("name", "Bo <b>bold</b>");
    page.fill("guests", "0");
    assert_eq!(page.value("document.title"), "Order a cake");
    assert_eq!(page.value("document.querySelector('[name=kind]').value"), "fruit");
    page.click("#form button");
    page.fill("greeting", "Hurray");
    assert_eq!(page.value("document.getElementById('title').textContent"), "One more thing");
    page.click("#form button");
    page.wait_for("document.getElementById('result').checkVisibility()");
    let result = page.value("document.querySelector('#result dd').textContent");
    assert_eq!(result, "fruit for 0, Bo <b>bold</b>: Hurray");

    let page = browser.open(&url);
    page.fill("name", "x".repeat(12).as_str());
    page.fill("guests", "3");
    page.value("document.querySelector('[name=kind]').append(new Option('none', 'none')), document.querySelector('[name=kind]').value = 'none', 0");
    page.click("#form button");
    page.wait_for("document.getElementById('problem').checkVisibility()");

    let page = browser.open(&format!("{}/f/{}", server.url(), "A".repeat(43)));
    page.wait_for("document.getElementById('problem').textContent === 'This link does not work any more.'");
    let (requests, _) = browser.seen();
    let foreign: Vec<&String> = requests.iter().filter(|url| !is_own(url, &server.url())).collect();
    assert!(foreign.is_empty(), "asked other hosts: {foreign:?}");
    assert_eq!(server.stop(), Some(0));
}

/// Publishes a flow that asks twice, and shares it: the address of its form.
fn share_cakes(server: &Server) -> String {
    let token = server.token(&["flows.read", "flows.write", "flows.manage"]);
    let inputs = json!([
        { "key": "name", "label": "Your name", "type": "text", "required": true },
        { "key": "guests", "label": "Guests", "type": "number", "required": true },
        { "key": "kind", "label": "Kind", "type": "select", "options": ["plain", "fruit"], "default": "fruit" },
    ]);
    let fields = json!([{ "key": "greeting", "label": "Text on it", "type": "text", "required": true }]);
    let steps = json!([
        { "id": "start", "type": "form", "name": "Start", "nextStepId": "ask",
          "data": { "title": "Order a cake", "submitLabel": "Order", "inputs": inputs } },
        { "id": "ask", "type": "show-form", "name": "Ask", "output": "more", "nextStepId": "end",
          "data": { "title": "One more thing", "fields": fields } },
        { "id": "end", "type": "final", "name": "End",
          "data": { "outputs": { "cake": "{{kind}} for {{guests}}, {{name}}: {{more.greeting}}" } } },
    ]);
    let wanted = json!({ "name": "Cakes", "definition": { "steps": steps } });
    let (status, flow) = server.post("/v1/flow", Some(&token), &wanted);
    assert_eq!(status, 201, "{flow}");
    let path = format!("/v1/flow/{}", flow["_id"].as_str().expect("an id"));
    let (status, published) = server.post(&format!("{path}/publish"), Some(&token), &json!({}));
    assert!(status < 300, "{published}");
    let headers = format!("Authorization: Bearer {token}\r\n");
    let (status, shared) =
        server.send_with("PATCH", &path, &headers, &json!({ "share": { "enabled": true } }).to_string());
    assert_eq!(status, 200, "{shared}");
    shared["share"]["url"].as_str().expect("an address").to_owned()
}

fn is_own(url: &str, server: &str) -> bool {
    url == "about:blank" || url.strip_prefix(server).is_some_and(|rest| rest.starts_with('/'))
}

#[test]
fn a_link_for_nobody_is_refused_and_a_bundle_holds_a_key_of_each_kind() {
    let folder = Folder::new();
    let made = crate::binary::create_admin(&folder.0, "wandering otter\n");
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let run = |line: &[&str]| output(floe(&folder.0).args(line).args(["--data", "data"]));
    for command in ["reset-link", "login-link"] {
        assert_eq!(run(&["admin", command, "--email", "nobody@x.example"]).status.code(), Some(4), "{command}");
        let answer = run(&["admin", command, "--email", "ADA@x.example", "--json"]);
        let answer: Value = serde_json::from_slice(&answer.stdout).expect("one JSON document");
        assert!(answer["url"].as_str().is_some_and(|url| url.contains("/ui/")), "{answer}");
    }
    let bundle = run(&["key", "bundle", "--mode", "test", "--json"]);
    let bundle: Value = serde_json::from_slice(&bundle.stdout).expect("one JSON document");
    let kinds: Vec<&str> =
        bundle["keys"].as_array().into_iter().flatten().filter_map(|key| key["kind"].as_str()).collect();
    assert_eq!(kinds, ["treasury", "placements_sdk", "agents", "workflows", "flows"]);
    let texts = run(&["key", "bundle", "read_only", "--quiet"]);
    assert_eq!(text(&texts.stdout).lines().count(), 4, "{}", text(&texts.stdout));
    assert_eq!(run(&["key", "bundle", "everything"]).status.code(), Some(2));
}
