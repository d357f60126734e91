//! The first page and the search.

use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, approval, failing};
use crate::app::{OWNER, PASSWORD};

on_both! {
    async fn the_first_page_shows_what_waits_and_what_broke(store: TestStore) {
        let world = World::new(store).await;
        let (asks, fails) = (world.flow("Quotes", approval()).await, world.flow("Broken", failing()).await);
        let waiting = world.waiting_run(&asks, json!({ "topic": "it" })).await;
        let failed = world.execute(&fails, json!({})).await.header("x-flow-run-id").to_owned();
        let viewer = world.member("viewer@floe.test", Role::Viewer).await;

        let home = world.get("/console/v1/home?mode=live").await;
        assert_eq!(home.status, 200, "{home:?}");
        let ids = |list: &Value| list.as_array().expect("a list").iter().map(|run| run["id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&home.json["broken"]), [failed.as_str()]);
        assert_eq!(ids(&home.json["runs"]), [failed.as_str(), waiting.as_str()]);
        assert_eq!((&home.json["inbox"]["open"], &home.json["waiting"][0]["title"]), (&json!(1), &json!("Quotes: Confirm")));
        let test = world.get("/console/v1/home?mode=test").await.json;
        assert_eq!((ids(&test["runs"]).len(), ids(&test["waiting"]).len(), &test["mode"]), (0, 0, &json!("test")));
        let of_viewer = world.app.get("/console/v1/home?mode=live").bearer(&viewer).send().await.json;
        assert_eq!(ids(&of_viewer["waiting"]), Vec::<Value>::new(), "a viewer can answer nothing");
        // A day later it is no news, and the session has ended.
        world.app.pass_seconds(86_401);
        let session = world.app.session_of(OWNER, PASSWORD).await;
        let later = world.app.get("/console/v1/home?mode=live").bearer(&session).send().await.json;
        assert_eq!((ids(&later["broken"]), ids(&later["runs"]).len()), (Vec::new(), 2));
    }

    async fn a_search_finds_what_lists_would_show(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Quotes for inboxes", approval()).await;
        let run = world.waiting_run(&flow, json!({ "topic": "it" })).await;
        let viewer = world.member("viewer@floe.test", Role::Viewer).await;
        let found = async |session: &str, q: &str| {
            let answer = world.app.get(&format!("/console/v1/search?q={q}")).bearer(session).send().await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let hits = answer.json["data"].as_array().expect("a list").clone();
            hits.iter().map(|hit| format!("{} {}", hit["type"], hit["title"]).replace('"', "")).collect::<Vec<String>>()
        };
        let expected = ["page Inbox", "flow Quotes for inboxes", "run Quotes for inboxes"];
        assert_eq!(found(&world.session, "INBOX").await, expected);
        assert_eq!(found(&world.session, &run).await, ["run Quotes for inboxes"]);
        assert_eq!(found(&world.session, "app").await, ["page Apps", "key App"]);
        assert_eq!(found(&viewer, "app").await, ["page Apps"], "keys are for those who manage them");
        for nothing in ["", "%20", "zzz"] {
            assert_eq!(found(&world.session, nothing).await, Vec::<String>::new());
        }
        let long = world.get(&format!("/console/v1/search?q={}", "x".repeat(101))).await;
        assert_eq!((long.status.as_u16(), &long.json["errors"][0]["pointer"]), (400, &json!("/q")));
    }
}
