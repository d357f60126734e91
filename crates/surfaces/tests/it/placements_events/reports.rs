//! What SDKs report about themselves.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::Shop;

on_both! {
    async fn reports_that_say_the_same_are_one_entry(store: TestStore) {
        let shop = Shop::new(store).await;
        let report = |user: &str, message: &str| json!({
            "platform": "ios", "sdk_version": "1.3.1", "error_code": "E1", "message": message, "user_id": user,
            "level": "error", "context": { "screen": "s1" }, "breadcrumbs": [{ "at": 1 }],
        });
        for (user, message) in [("u1", "it broke"), ("u2", "it broke"), ("u1", "other")] {
            let answer = shop.device("sdk-errors").json(&report(user, message)).send().await;
            assert_eq!((answer.status.as_u16(), answer.bytes.len()), (202, 0), "{answer:?}");
            shop.app.pass_seconds(1);
        }
        let list = shop.get("sdk-errors").await;
        assert_eq!(list["total"], 2);
        let [newest, first] = [&list["data"][0], &list["data"][1]];
        assert_eq!([&newest["message"], &newest["count"]], [&json!("other"), &json!(1)]);
        assert_eq!([&first["message"], &first["count"], &first["error_code"]], [&json!("it broke"), &json!(2), &json!("E1")]);
        assert_ne!(first["first_at"], first["last_at"]);
        assert_eq!(first["last_report"]["user_id"], "u2");
        assert_eq!(shop.get("sdk-errors?environment=test").await["total"], 0);

        for (body, field) in [
            (json!({ "sdk_version": "1", "message": "m" }), "platform"),
            (json!({ "platform": "ios", "sdk_version": "1" }), "error_code"),
            (json!({ "platform": "ios", "sdk_version": "1", "message": "m", "level": "fatal" }), "level"),
        ] {
            let refused = shop.device("sdk-errors").json(&body).send().await.is(400, "validation_failed");
            assert_eq!(refused.json["details"][0]["field"], field);
        }
        shop.device("sdk-errors").json(&json!([])).send().await.is(400, "validation_failed");
        let large = json!({ "platform": "ios", "sdk_version": "1", "stack": "x".repeat(65 * 1024) });
        shop.device("sdk-errors").json(&large).send().await.is(413, "payload_too_large");

        // Thirty days after its last report a group is gone.
        shop.app.pass_seconds(30 * 86_400 - 1);
        assert_eq!(shop.app.app.placements.events.sweep().await.expect("a sweep"), 1);
        shop.app.pass_seconds(2);
        assert_eq!(shop.app.app.placements.events.sweep().await.expect("a sweep"), 1);
        let session = shop.app.session_of(crate::app::OWNER, crate::app::PASSWORD).await;
        let list = shop.app.get(&shop.path("sdk-errors")).bearer(&session).send().await;
        assert_eq!((list.json["total"].as_u64(), &list.json["data"]), (Some(0), &Value::Array(Vec::new())));
    }
}
