//! Wrong input: every problem named, in order, and nothing stored.

use floe_testkit::store::TestStore;
use serde_json::json;

use super::house::{House, candidate, run_of};
use crate::app::Answer;

async fn posted(house: &House, body: &str) -> Answer {
    let asking = house.with_key("POST", "/runs").header("content-type", "application/json");
    asking.body(body.as_bytes().to_vec()).send().await
}

#[tokio::test]
async fn problems_of_a_run_are_named() {
    let house = House::new(TestStore::sqlite().await).await;
    let one = |amount: &str| {
        format!(
            r#"{{"objective":"x","candidates":[{{"beneficiary_name":"A","account_number":"0108024071","institution_code":"058","amount":{amount}}}]}}"#
        )
    };
    let table = [
        ("{".to_owned(), "json_invalid", json!(["body"])),
        ("{}".to_owned(), "missing", json!(["body", "objective"])),
        (r#"{"objective":"  "}"#.to_owned(), "string_too_short", json!(["body", "objective"])),
        (r#"{"objective":"x","risk_tolerance":1.5}"#.to_owned(), "less_than_equal", json!(["body", "risk_tolerance"])),
        (r#"{"objective":"x","budget_cap":0}"#.to_owned(), "greater_than", json!(["body", "budget_cap"])),
        (r#"{"objective":"x","candidates":[]}"#.to_owned(), "too_short", json!(["body", "candidates"])),
        (r#"{"objective":"x","date_from":"2026-13-01"}"#.to_owned(), "date_parsing", json!(["body", "date_from"])),
        (
            r#"{"objective":"x","date_from":"2026-02-02","date_to":"2026-02-01"}"#.to_owned(),
            "greater_than_equal",
            json!(["body", "date_to"]),
        ),
        (
            r#"{"objective":"x","recipient_ids":["00000000-0000-7000-8000-000000000000"],"amount_each":1}"#.to_owned(),
            "missing",
            json!(["body", "recipient_ids", 0]),
        ),
        (one("10.005"), "decimal_places", json!(["body", "candidates", 0, "amount"])),
        (one("1e400"), "less_than_equal", json!(["body", "candidates", 0, "amount"])),
        (one("\"5\""), "number_type", json!(["body", "candidates", 0, "amount"])),
        (one("-1"), "greater_than", json!(["body", "candidates", 0, "amount"])),
        (one("1").replace("0108024071", "010802407"), "pattern", json!(["body", "candidates", 0, "account_number"])),
        (one("1").replace("058", "777"), "unknown_institution", json!(["body", "candidates", 0, "institution_code"])),
        (one("1").replace("\"A\"", "\"A\\u0007\""), "pattern", json!(["body", "candidates", 0, "beneficiary_name"])),
    ];
    for (body, kind, loc) in table {
        let answer = posted(&house, &body).await;
        let first = &answer.json["errors"][0];
        assert_eq!(
            (answer.status.as_u16(), &first["type"], &first["loc"]),
            (422, &json!(kind), &loc),
            "{body}: {answer:?}"
        );
    }
    for body in [one("1e3"), one("10.500"), one("9999999999999.99")] {
        assert_eq!(posted(&house, &body).await.status, 201, "{body}");
    }
    assert_eq!(house.with_key("GET", "/runs").send().await.json["total"], 3);
    assert_eq!(house.with_key("GET", "/runs?status=executing").send().await.status, 422);
    let short = house.with_key("GET", "/runs?limit=201").send().await;
    assert_eq!(short.json["detail"], "limit: must be less than or equal to 200");
}

#[tokio::test]
async fn without_credits_there_is_no_run() {
    let house = House::new(TestStore::sqlite().await).await;
    let (scope, platform) = (house.scope().await, std::sync::Arc::clone(&house.app.app.platform));
    let spending = house.app.app.platform.store.write(move |tx| {
        let spent = floe_runtime::credits::Spent { credits: 99_999_500, ..Default::default() };
        Ok(floe_runtime::credits::charge(tx, &platform, scope, "all", &spent)?.is_ok())
    });
    assert!(spending.await.expect("a write"));
    let body = run_of(&[candidate("Adaeze Okonkwo", "0108024071", 5.0)]);
    let refused = house.with_key("POST", "/runs").json(&body).send().await;
    assert_eq!((refused.status.as_u16(), &refused.json["detail"]), (402, &json!("Insufficient AI credits.")));
    assert_eq!(house.with_key("GET", "/runs").send().await.json["total"], 0);
}

#[tokio::test]
async fn files_add_candidates_and_name_bad_rows() {
    let house = House::new(TestStore::sqlite().await).await;
    let run = house.run_at_approval(&json!({ "objective": "From a file" })).await;
    let path = format!("/runs/{run}/candidates/upload");
    let file = "beneficiary_name,account_number,institution_code,amount\nAdaeze,108024071,058,\"₦1,500.50\"\nBola,0263874788,058,20\n";
    let send = |path: String, body: &str| {
        house
            .ask(&house.owner, "POST", &path)
            .header("content-type", "text/csv")
            .header("x-file-name", "june.csv")
            .body(body.as_bytes().to_vec())
            .send()
    };
    let added = send(path.clone(), file).await;
    assert_eq!((added.status.as_u16(), &added.json["candidates_added"]), (201, &json!(2)), "{added:?}");
    house.until(&run, "awaiting_approval").await;
    assert_eq!(house.candidates(&run).await[0]["account_number"], "0108024071");
    assert_eq!(send(path.clone(), file).await.status, 409);
    assert_eq!(send(format!("{path}?force=true"), file).await.status, 201);
    house.until(&run, "awaiting_approval").await;
    let bad = file.replace("20", "twenty");
    let refused = send(path.clone(), &bad).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let skipped = send(format!("{path}?on_error=skip"), &bad).await;
    assert_eq!((skipped.status.as_u16(), &skipped.json["candidates_added"]), (201, &json!(1)), "{skipped:?}");
}
