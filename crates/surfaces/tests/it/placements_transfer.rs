//! Whole apps as documents: out of one workspace and into another (placements contract, section 12).

use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

/// A workspace, its owner's session, and a key of devices.
struct Desk {
    app: TestApp,
    session: String,
    key: String,
}

impl Desk {
    async fn new(store: TestStore) -> Self {
        let (app, session) = TestApp::with_owner(store).await;
        let mut desk = Self { app, session, key: String::new() };
        let key = desk.made("/v1/api-keys", json!({ "name": "Device", "type": "sdk", "environment": "test" })).await;
        desk.key = text(&key["key"]);
        desk
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let asking = self.app.ask(method, path).bearer(&self.session);
        match body {
            Some(body) => asking.json(body).send().await,
            None => asking.send().await,
        }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json
    }

    async fn made(&self, path: &str, body: Value) -> Value {
        let answer = self.call("POST", path, Some(&body)).await;
        assert_eq!(answer.status, 201, "{path}: {answer:?}");
        answer.json
    }

    async fn import(&self, app: &str, document: &Value) -> Answer {
        self.call("POST", &format!("/v1/apps/{app}/import"), Some(document)).await
    }

    async fn export(&self, app: &str) -> Value {
        self.get(&format!("/v1/apps/{app}/export")).await
    }

    /// An app with a screen flow of two versions and one of one, an audience that uses another one, a placement with everything that
    /// can be set about one, and an experiment that runs, with a forced variant. Answers its id.
    async fn furnished(&self) -> String {
        let app = text(&self.made("/v1/apps", json!({ "name": "Lagos Fit", "platform": "ios" })).await["id"]);
        let base = format!("/v1/apps/{app}");
        let mut versions = Vec::new();
        for (name, times) in [("Welcome", 2), ("Short", 1)] {
            let flow = self.made(&format!("{base}/flows"), json!({ "name": name, "type": "onboarding" })).await;
            let flow = format!("{base}/flows/{}", text(&flow["id"]));
            for number in 0..times {
                let mut draft = self.get(&format!("{flow}/draft")).await;
                draft["own"] = json!({ "number": number, "text": "ü \u{1F600}" });
                let put = self.call("PUT", &format!("{flow}/draft"), Some(&draft)).await;
                assert_eq!(put.status, 200, "{put:?}");
                versions.push(self.made(&format!("{flow}/publish"), json!({ "note": "Try" })).await["id"].clone());
            }
        }
        let inner = json!({ "name": "Nigeria", "filter": { "conditions": [
            { "property": "country", "operator": "equals", "value": "NG" }] } });
        let inner = self.made(&format!("{base}/audiences"), inner).await["id"].clone();
        let outer = json!({ "name": "Returning, Nigeria", "filter": { "match": "all", "conditions": [
            { "audience_id": inner }, { "property": "sessions", "operator": "gte", "value": 2 }] } });
        let outer = self.made(&format!("{base}/audiences"), outer).await["id"].clone();
        let placement = json!({ "key": "onboarding", "platforms": ["ios", "web"], "description": "First start",
            "default_flow_version_id": versions[0], "cache_ttl_seconds": 20,
            "rules": [{ "name": "Returning", "audience_id": outer, "flow_version_id": versions[1] }],
            "rollout_percentage": 99.99, "rollout_fallback_version_id": versions[2],
            "active_until": "2100-01-01T00:00:00Z",
            "scheduled_changes": [{ "at": "2099-01-01T00:00:00Z", "status": "paused" }] });
        self.made(&format!("{base}/placements"), placement).await;
        let experiment = json!({ "name": "Onboarding length", "placement_id": "onboarding", "allocation_percentage": 100,
            "stop_at": "2099-06-01T00:00:00Z", "variants": [
                { "name": "Control", "flow_version_id": versions[0], "weight": 50, "is_control": true },
                { "name": "Short", "flow_version_id": versions[2], "weight": 50 }] });
        let experiment = self.made(&format!("{base}/experiments"), experiment).await;
        let path = format!("{base}/experiments/{}", text(&experiment["id"]));
        let forced = json!({ "variant_id": experiment["variants"][1]["id"] });
        assert!(self.call("PUT", &format!("{path}/overrides/me"), Some(&forced)).await.status.is_success());
        assert!(self.call("POST", &format!("{path}/start"), None).await.status.is_success());
        app
    }

    /// What some users are shown.
    async fn shown(&self, app: &str) -> Vec<Value> {
        let mut shown = Vec::new();
        for user in ["me", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8"] {
            let body = json!({ "user_id": user, "session_id": "s", "device_platform": "ios",
                "attributes": { "country": if user == "u1" { "NG" } else { "GH" }, "sessions": 3 } });
            let path = format!("/v1/apps/{app}/placements/onboarding/resolve");
            let mut answer = self.app.post(&path).bearer(&self.key).json(&body).send().await;
            assert_eq!(answer.status, 200, "{answer:?}");
            for place_of_server in ["media_base_url", "icon_base_url"] {
                answer.json.as_object_mut().expect("an object").shift_remove(place_of_server);
            }
            shown.push(answer.json);
        }
        shown
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text")).to_owned()
}

/// Where `pointer` leads, with another value; null takes it away.
fn with(document: &Value, pointer: &str, value: &Value) -> Value {
    let mut document = document.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    match document.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
        Value::Object(members) if value.is_null() => drop(members.shift_remove(name).expect("a member")),
        Value::Object(members) => drop(members.insert(name.to_owned(), value.clone())),
        Value::Array(items) => items[name.parse::<usize>().expect("an index")] = value.clone(),
        other => panic!("{other} has no members"),
    }
    document
}

on_both! {
    async fn an_app_moves_with_its_ids_and_answers_the_same(store: TestStore) {
        let (here, there) = (Desk::new(store).await, Desk::new(TestStore::sqlite().await).await);
        let app = here.furnished().await;
        let document = here.export(&app).await;
        assert_eq!(document, here.export(&app).await, "the same configuration is the same document");
        let counts: Vec<usize> = ["flows", "audiences", "placements", "experiments"]
            .iter().map(|list| document[list].as_array().expect("a list").len()).collect();
        assert_eq!(counts, [2, 2, 1, 1], "{document}");

        // Elsewhere the app is nowhere, and is made with its id.
        let stranger = "01890000-0000-7000-8000-000000000009";
        there.import(stranger, &document).await.is(404, "not_found");
        let imported = there.import(&app, &document).await;
        assert_eq!(imported.status, 200, "{imported:?}");
        let of = |counts: &Value| ["flows", "versions", "audiences", "placements", "experiments"].map(|one| counts[one].as_i64());
        assert_eq!((&imported.json["app_created"], of(&imported.json["created"])), (&json!(true), [Some(2), Some(3), Some(2), Some(1), Some(1)]));
        assert_eq!(there.export(&app).await, document);
        let shown = here.shown(&app).await;
        assert_eq!(there.shown(&app).await, shown);
        assert_eq!(shown[0]["variant_name"], "Short", "the forced one");
        assert!(shown[1].get("experiment_id").is_none(), "by the rule: {}", shown[1]);
        assert!(shown.iter().skip(2).any(|one| one["variant_name"] == "Control"), "{shown:?}");

        // Once more nothing is different; a change is a change of what is there.
        let again = there.import(&app, &document).await.json;
        assert_eq!((of(&again["created"]), of(&again["updated"]), of(&again["kept"])),
            ([Some(0); 5], [Some(0); 5], [Some(2), Some(3), Some(2), Some(1), Some(1)]));
        let changed = with(&with(&document, "/placements/0/status", &json!("paused")), "/app/name", &json!("Accra Fit"));
        let changed = with(&changed, "/flows/0/draft/own", &json!("new"));
        let updated = there.import(&app, &changed).await.json;
        assert_eq!(of(&updated["updated"]), [Some(1), Some(0), Some(0), Some(1), Some(0)], "{updated}");
        assert_eq!(there.export(&app).await, changed);
        assert!(there.shown(&app).await.iter().all(|one| one["flow_id"].is_null()), "it is paused");

        // Into another app of the same workspace: ids of versions are taken there.
        let other = text(&there.made("/v1/apps", json!({ "name": "Other", "platform": "ios" })).await["id"]);
        there.import(&other, &document).await.is(409, "conflict");
        assert_eq!(there.export(&other).await["flows"], json!([]));
        assert_eq!(there.get(&format!("/v1/apps/{other}")).await["name"], "Other");
    }

    async fn a_document_is_read_whole_or_not_at_all(store: TestStore) {
        let (here, there) = (Desk::new(store).await, Desk::new(TestStore::sqlite().await).await);
        let app = here.furnished().await;
        let document = here.export(&app).await;
        let unknown = json!("01890000-0000-7000-8000-00000000000a");
        let cases = [
            ("/format", json!("zip"), "format"),
            ("/format_version", json!(2), "format_version"),
            ("/app", Value::Null, "app"),
            ("/app/platform", json!("symbian"), "app.platform"),
            ("/app/settings", json!({ "default_hash_version": 3, "custom_events": "reject" }), "app.settings"),
            ("/flows", json!({}), "flows"),
            ("/flows/0", json!(1), "flows.0"),
            ("/flows/0/id", document["flows"][1]["id"].clone(), "flows.1.id"),
            ("/flows/0/name", json!(" "), "flows.0.name"),
            ("/flows/0/type", json!("game"), "flows.0.type"),
            ("/flows/0/draft", json!([]), "flows.0.draft"),
            ("/flows/0/versions/0/flow_version", json!(0), "flows.0.versions.0.flow_version"),
            ("/flows/0/versions/0/flow_version", json!(2), "flows.0.versions.1.flow_version"),
            ("/flows/0/versions/0/flow_schema/entryNodeId", json!("x"), "flows.0.versions.0.flow_schema.entryNodeId"),
            ("/audiences/0/filter", json!({ "conditions": [{ "property": "x", "operator": "like" }] }), "audiences.0.filter.conditions.0.operator"),
            ("/audiences/0/filter", json!({ "conditions": [{ "audience_id": document["audiences"][1]["id"] }] }), "audiences.0.filter"),
            ("/placements/0/key", json!("Bad-Key"), "placements.0.key"),
            ("/placements/0/platforms", json!([]), "placements.0.platforms"),
            ("/placements/0/cache_ttl_seconds", json!(-1), "placements.0.cache_ttl_seconds"),
            ("/placements/0/rollout_percentage", json!(100.001), "placements.0.rollout_percentage"),
            ("/placements/0/default_flow_version_id", unknown.clone(), "placements.0"),
            ("/placements/0/audience_id", unknown.clone(), "placements.0"),
            ("/placements/0/status", json!("asleep"), "placements.0.status"),
            ("/experiments/0/placement_id", json!("paywall"), "experiments.0.placement_id"),
            ("/experiments/0/placement_id", json!("\u{0}"), "experiments.0.placement_id"),
            ("/experiments/0/overrides/0/user_id", json!("a\u{0}"), "experiments.0.overrides.0.user_id"),
            ("/flows/0/versions/0/published_by", json!("\u{0}"), "flows.0.versions.0.published_by"),
            ("/experiments/0/variants/0/weight", json!(60), "experiments.0.variants"),
            ("/experiments/0/variants/0/flow_version_id", unknown.clone(), "experiments.0.variants"),
            ("/experiments/0/overrides/0/variant_id", unknown, "experiments.0.overrides.0.variant_id"),
            ("/experiments/0/confidence_target", json!(0.5), "experiments.0.confidence_target"),
        ];
        for (pointer, value, field) in cases {
            let refused = there.import(&app, &with(&document, pointer, &value)).await.is(400, "validation_failed");
            let fields: Vec<&Value> = refused.json["details"].as_array().expect("a list").iter().map(|one| &one["field"]).collect();
            assert!(fields.contains(&&json!(field)), "{pointer} := {value}: {field} is not in {fields:?}");
        }
        there.call("GET", &format!("/v1/apps/{app}"), None).await.is(404, "not_found");
        let broken = there.app.post(&format!("/v1/apps/{app}/import")).bearer(&there.session)
            .header("content-type", "application/json").body(b"{\"format\":".to_vec()).send().await;
        broken.is(400, "invalid_json");

        // A version never changes: the same id with other content is another one.
        assert_eq!(there.import(&app, &document).await.status, 200);
        let forged = with(&document, "/flows/0/versions/0/flow_schema/own", &json!("forged"));
        there.import(&app, &forged).await.is(409, "conflict");
        let moved = with(&document, "/placements/0/id", &json!("01890000-0000-7000-8000-00000000000b"));
        there.import(&app, &moved).await.is(409, "conflict");
        assert_eq!(there.export(&app).await, document);

        // Files are named; whoever has none of their bytes is told.
        let font = json!([{ "id": "01890000-0000-7000-8000-00000000000c", "family": "Inter", "weight": 600, "style": "normal", "sha256": "ab".repeat(32) }]);
        let told = there.import(&app, &with(&document, "/fonts", &font)).await;
        assert_eq!(told.json["missing_files"], json!([{ "kind": "font", "name": "Inter 600 normal", "sha256": "ab".repeat(32) }]), "{told:?}");
    }

    async fn only_what_is_used_can_be_exported(store: TestStore) {
        let here = Desk::new(store).await;
        let app = here.furnished().await;
        let whole = here.export(&app).await;
        let used = here.get(&format!("/v1/apps/{app}/export?versions=used")).await;
        // Every version is named by something here but none of them twice; take one out of use.
        assert_eq!(used, whole);
        let paths = format!("/v1/apps/{app}/placements/onboarding");
        let patched = here.call("PATCH", &paths, Some(&json!({ "rules": [] }))).await;
        assert_eq!(patched.status, 200, "{patched:?}");
        let flow = text(&whole["flows"][0]["id"]);
        let put = here.call("PUT", &format!("/v1/apps/{app}/flows/{flow}/draft"), Some(&whole["flows"][0]["versions"][0]["flow_schema"])).await;
        assert_eq!(put.status, 200, "{put:?}");
        here.made(&format!("/v1/apps/{app}/flows/{flow}/publish"), json!({})).await;
        let used = here.get(&format!("/v1/apps/{app}/export?versions=used")).await;
        let numbers: Vec<&Value> = used["flows"][0]["versions"].as_array().expect("a list").iter().map(|one| &one["flow_version"]).collect();
        assert_eq!(numbers, [&json!(1), &json!(3)]);
        here.call("GET", &format!("/v1/apps/{app}/export?versions=some"), None).await.is(400, "validation_failed");
    }
}
