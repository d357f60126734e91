//! Both windows, on every answer; pages of lists.

use floe_surfaces::http::RateLimits;
use floe_testkit::on_both;
use serde_json::json;

use super::{World, code, greeter, text};
use crate::app::Answer;

/// Limit, what is left, and both for the day.
fn told(answer: &Answer) -> [i64; 4] {
    let names = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-limit-day", "x-ratelimit-remaining-day"];
    names.map(|name| answer.header(name).parse().unwrap_or(-1))
}

on_both! {
    async fn a_key_is_counted_by_minute_and_day(store: TestStore) {
        let world = World::with_limits(store, RateLimits::On).await;
        let limits = json!({ "mode": "live", "rate_limit_per_minute": 3, "rate_limit_per_day": 8 });
        let key = text(&world.new_key(limits).await["key"]);
        let ask = |path: &'static str| world.app.get(path).header("x-api-key", &key).send();
        assert_eq!(told(&ask("/v1/workflows").await), [3, 2, 8, 7]);
        // What is refused counts too.
        assert_eq!(told(&ask("/v1/workflows/nothing").await), [3, 1, 8, 6]);
        assert_eq!(told(&ask("/api/v1/workflows/a/b/c").await), [3, 0, 8, 5]);
        let over = ask("/v1/workflows").await;
        assert_eq!(code(&over), (429, "rate_limit_exceeded"));
        let wait: i64 = over.header("retry-after").parse().expect("seconds");
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(over.json["error"]["details"], json!({ "limit": 3, "window": "minute", "retry_after": wait }));
        assert_eq!(told(&over), [3, 0, 8, 4]);
        let reset: i64 = over.header("x-ratelimit-reset").parse().expect("seconds");
        assert_eq!(reset % 60, 0);
        world.app.pass_seconds(60);
        for left in [3, 2, 1] {
            assert_eq!(told(&ask("/v1/workflows").await)[3], left);
        }
        world.app.pass_seconds(60);
        assert_eq!(ask("/v1/workflows").await.status, 200);
        let over = ask("/v1/workflows").await;
        assert_eq!((code(&over).0, &over.json["error"]["details"]["window"]), (429, &json!("day")));
        assert!(over.header("retry-after").parse::<i64>().expect("seconds") > 60);
        // Another key is counted by itself.
        assert_eq!(world.get("/v1/workflows").send().await.status, 200);
    }

    async fn an_address_without_a_key_is_counted(store: TestStore) {
        let world = World::with_limits(store, RateLimits::On).await;
        let peer = "198.51.100.7:1";
        assert_eq!(told(&world.app.get_from(peer, "/v1/workflows").send().await), [60, 59, 10_000, 9_999]);
        for _ in 0..59 {
            assert_eq!(world.app.get_from(peer, "/api/v1/executions").bearer("fm_test_x").send().await.status, 401);
        }
        let over = world.app.get_from(peer, "/v1/workflows/").send().await;
        assert_eq!(code(&over), (429, "rate_limit_exceeded"));
        assert_eq!(told(&over)[1], 0);
        // A good key from there is not kept out, nor another address.
        assert_eq!(world.app.get_from(peer, "/v1/workflows").header("x-api-key", &world.live).send().await.status, 200);
        assert_eq!(world.app.get_from("198.51.100.8:1", "/v1/workflows").send().await.status, 401);
    }

    async fn without_limits_everything_is_left(store: TestStore) {
        let world = World::with_limits(store, RateLimits::Off).await;
        for _ in 0..3 {
            assert_eq!(told(&world.get("/v1/workflows").send().await), [60, 60, 10_000, 10_000]);
            assert_eq!(told(&world.app.get("/v1/workflows").send().await), [60, 60, 10_000, 10_000]);
        }
    }

    async fn a_list_is_read_page_by_page(store: TestStore) {
        let world = World::new(store).await;
        let empty = world.get("/v1/workflows").send().await;
        assert_eq!(empty.json["pagination"], json!({
            "page": 1, "per_page": 20, "total_count": 0, "total_pages": 0, "has_next": false, "has_prev": false, "has_more": false,
        }));
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(world.workflow(&greeter()).await);
            world.app.pass_seconds(1);
        }
        made.reverse();
        let ids = |answer: &Answer| answer.json["data"].as_array().expect("a list").iter().map(|one| text(&one["id"])).collect::<Vec<_>>();
        let mut seen = Vec::new();
        for page in 1..=3 {
            let answer = world.get(&format!("/v1/workflows?page={page}&per_page=2")).send().await;
            assert_eq!((&answer.json["pagination"]["total_count"], &answer.json["pagination"]["has_next"]), (&json!(5), &json!(page < 3)));
            seen.extend(ids(&answer));
        }
        assert_eq!(seen, made);
        for (query, page, per_page) in [
            ("page=0&per_page=0", 1, 1), ("page=-3&per_page=1000", 1, 100), ("page=x&per_page=", 1, 20), ("page=99", 99, 20),
            ("page=99999999999999999999&per_page=1.5", 1_000_000_000, 20),
        ] {
            let answer = world.get(&format!("/v1/workflows?{query}")).send().await;
            let told = &answer.json["pagination"];
            assert_eq!((answer.status.as_u16(), &told["page"], &told["per_page"]), (200, &json!(page), &json!(per_page)), "{query}");
        }
    }
}
