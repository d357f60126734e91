//! Usage: every rule and every body of section 3, and the numbers of section 6 that follow the same dates.

use floe_runtime::credits::{self, Spent};
use floe_store::access::credit_entries::Origin;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{Office, told};

const DAY_S: i64 = 86_400;

impl Office {
    /// Takes credits for the agent, now.
    async fn spend(&self, reference: &str, milli: i64) {
        let (platform, reference) = (std::sync::Arc::clone(&self.app.app.platform), reference.to_owned());
        let agent = floe_model::id::parse_bits(&self.agent).expect("an id");
        self.write(move |tx| {
            let workspace = floe_store::access::workspaces::find_by_slug(tx, "lagos-fit")
                .expect("a read")
                .expect("the workspace")
                .id;
            let scope = floe_model::Scope { workspace, mode: floe_model::Mode::Live };
            let origin = Origin { product: Some("agents".to_owned()), agent_id: Some(agent), ..Origin::default() };
            let spent = Spent { credits: milli, calls: 1, origin, ..Spent::default() };
            credits::charge(tx, &platform, scope, &reference, &spent).expect("a charge").expect("enough credits");
        })
        .await;
    }

    async fn give_back(&self, reference: &str) {
        let (platform, reference) = (std::sync::Arc::clone(&self.app.app.platform), reference.to_owned());
        self.write(move |tx| {
            let workspace = floe_store::access::workspaces::find_by_slug(tx, "lagos-fit")
                .expect("a read")
                .expect("the workspace")
                .id;
            let scope = floe_model::Scope { workspace, mode: floe_model::Mode::Live };
            assert!(credits::give_back(tx, &platform, scope, &reference).expect("given back"));
        })
        .await;
    }
}

fn days(usage: &Value) -> Vec<(&str, &Value)> {
    let list = usage["usage"]["daily_breakdown"].as_array().expect("a list");
    list.iter().map(|day| (day["date"].as_str().expect("a date"), &day["credits_used"])).collect()
}

on_both! {
    async fn the_seven_days_until_yesterday_are_told_newest_first(store: TestStore) {
        let office = Office::new(store).await;
        let test = office.key_with(json!({ "mode": "test" })).await;
        office.spend("one", 1_500).await;
        // At the last moment of the day, and the first of the next.
        office.app.pass_seconds(16 * 3_600 - 1);
        office.spend("two", 500).await;
        office.app.pass_seconds(1);
        office.spend("three", 2_000).await;
        office.app.pass_seconds(DAY_S);
        office.spend("today", 9_000).await;
        office.give_back("one").await;
        let usage = office.get("/usage").await;
        let expected = json!({
            "agent_id": office.agent,
            "time_range": { "start": "2027-01-10T00:00:00.000Z", "end": "2027-01-16T23:59:59.999Z" },
            "usage": { "total_credits_used": 4, "daily_breakdown": [
                { "date": "2027-01-16", "credits_used": 2 }, { "date": "2027-01-15", "credits_used": 2 },
                { "date": "2027-01-14", "credits_used": 0 }, { "date": "2027-01-13", "credits_used": 0 },
                { "date": "2027-01-12", "credits_used": 0 }, { "date": "2027-01-11", "credits_used": 0 },
                { "date": "2027-01-10", "credits_used": 0 },
            ] },
        });
        assert_eq!(usage.to_string(), expected.to_string());
        let one = office.get("/usage?start_date=2027-01-15&end_date=2027-01-15&start_date=2020-01-01").await;
        assert_eq!(days(&one), [("2027-01-15", &json!(2))]);
        assert_eq!(days(&office.get("/usage?start_date=2027-01-16").await), [("2027-01-16", &json!(2))]);
        let whole = office.get("/usage?start_date=2026-12-17&end_date=2027-01-16").await;
        assert_eq!((days(&whole).len(), &whole["usage"]["total_credits_used"]), (31, &json!(4)));
        // Live and test are apart.
        assert_eq!(office.call_as(&test, "GET", "/usage", None).await.json["usage"]["total_credits_used"], 0);
        let credits = office.get("/api/public/credits").await;
        assert_eq!(credits, json!({ "balance": 988.5, "used_today": 9, "used_this_month": 13, "limit": null }));
    }

    async fn days_before_the_first_are_zero_and_noted(store: TestStore) {
        let office = Office::new(store).await;
        // 2025-05-26T12:00:00Z, two days before the first day, and the day after it.
        office.app.pass_seconds(1_748_260_800 - 1_800_000_000);
        office.spend("early", 1_000).await;
        office.app.pass_seconds(3 * DAY_S);
        office.spend("late", 3_000).await;
        office.app.pass_seconds(3 * DAY_S);
        let session = office.app.session_of(crate::app::OWNER, crate::app::PASSWORD).await;
        let office = Office { session, ..office };
        let usage = office.get("/usage?start_date=2025-05-20&end_date=2025-05-26").await;
        let expected = json!({
            "agent_id": office.agent,
            "time_range": { "start": "2025-05-20T00:00:00.000Z", "end": "2025-05-26T23:59:59.999Z" },
            "usage": { "total_credits_used": 0, "daily_breakdown": [
                { "date": "2025-05-26", "credits_used": 0 }, { "date": "2025-05-25", "credits_used": 0 },
                { "date": "2025-05-24", "credits_used": 0 }, { "date": "2025-05-23", "credits_used": 0 },
                { "date": "2025-05-22", "credits_used": 0 }, { "date": "2025-05-21", "credits_used": 0 },
                { "date": "2025-05-20", "credits_used": 0 },
            ] },
            "note": "Endpoint active from 28 May 2025 onwards",
        });
        assert_eq!(usage.to_string(), expected.to_string());
        // 2025-06-01 today: the seven days begin on the 25th, before the first day.
        let usual = office.get("/usage").await;
        assert_eq!((&usual["note"], &usual["usage"]["total_credits_used"]), (&expected["note"], &json!(3)));
        let after = office.get("/usage?start_date=2025-05-28").await;
        assert_eq!((after.get("note"), &after["usage"]["total_credits_used"]), (None, &json!(3)));
    }

    async fn wrong_dates_are_told_in_the_order_of_the_table(store: TestStore) {
        let office = Office::new(store).await;
        for (query, expected) in [
            ("end_date=2027-01-01", r#"{"error":"Invalid date range","message":"start_date is required when end_date is provided (format: YYYY-MM-DD)"}"#),
            ("end_date=", r#"{"error":"Invalid date range","message":"start_date is required when end_date is provided (format: YYYY-MM-DD)"}"#),
            ("start_date=", r#"{"error":"Invalid date format","message":"Dates must be in YYYY-MM-DD format"}"#),
            ("start_date=01-01-2027", r#"{"error":"Invalid date format","message":"Dates must be in YYYY-MM-DD format"}"#),
            ("start_date=2027-02-30&end_date=x", r#"{"error":"Invalid date format","message":"Dates must be in YYYY-MM-DD format"}"#),
            ("start_date=2026-02-30", r#"{"error":"Invalid dates","message":"Provided dates are not valid"}"#),
            ("start_date=2026-13-01", r#"{"error":"Invalid dates","message":"Provided dates are not valid"}"#),
            ("start_date=2027-01-02&end_date=2027-01-01", r#"{"error":"Invalid date range","message":"start_date must not be after end_date"}"#),
            ("start_date=2027-01-15", r#"{"error":"Invalid date range","message":"start_date must not be after end_date"}"#),
            ("start_date=2028-01-01", r#"{"error":"Invalid date range","message":"start_date must not be after end_date"}"#),
            ("start_date=2027-01-01&end_date=2027-01-15", r#"{"error":"Invalid end date","message":"end_date cannot be today or in the future. Data is only available up to yesterday."}"#),
            ("start_date=2020-01-01&end_date=2028-01-01", r#"{"error":"Invalid end date","message":"end_date cannot be today or in the future. Data is only available up to yesterday."}"#),
            ("start_date=2026-12-14&end_date=2027-01-14", r#"{"error":"Date range too large","message":"Date range cannot exceed 31 days"}"#),
        ] {
            let refused = office.call("GET", &format!("/usage?{query}"), None).await;
            assert_eq!(told(&refused), (400, expected.to_owned()), "{query}");
        }
        // Numbers may be asked for today too.
        let numbers = office.get("/performance?start_date=2027-01-15&end_date=2027-01-15").await;
        assert_eq!(numbers["time_range"]["end"], "2027-01-15T23:59:59.999Z");
        let refused = office.call("GET", "/performance?start_date=2027-01-15&end_date=2027-01-16", None).await;
        assert_eq!((refused.status.as_u16(), &refused.json["error"]), (400, &json!("Invalid end date")));
        let path = format!("/agents/{}/performance?start_date=x", office.agent);
        office.console("GET", &path, None).await.is(400, "validation_failed");
    }
}
