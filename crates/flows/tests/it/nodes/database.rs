//! The node type `database`, on SQLite files, and on the PostgreSQL server of the tests when there is one.

use serde_json::{Value, json};

use super::Nodes;

const EVIL: &str = "'; drop table items; --";

#[tokio::test]
async fn sqlite_is_asked_with_values_bound() {
    let nodes = Nodes::new().await;
    nodes.connect("sqlite", "database", json!({ "database": "stock" }), json!({ "password": "-" })).await;
    let ask = |query: Value, parameters: Value| {
        nodes.done(
            "database",
            json!({ "provider": "sqlite", "operation": "query", "query": query, "parameters": parameters }),
        )
    };
    ask(
        json!("create table items (id integer primary key, name text, price real, tags text, ok integer)"),
        json!(null),
    )
    .await;
    let one =
        ask(json!("insert into items (name, price, tags, ok) values (?, ?, ?, ?)"), json!([EVIL, 1.5, ["a"], true]))
            .await;
    assert_eq!((&one["rows"], &one["rowCount"]), (&json!([]), &json!(1)));
    ask(json!("insert into items (name, price) values (:name, :price)"), json!({ "name": "Cap", "price": null })).await;
    let all = ask(json!("select * from items order by id"), json!(null)).await;
    let expected = json!([
        { "id": 1, "name": EVIL, "price": 1.5, "tags": "[\"a\"]", "ok": 1 },
        { "id": 2, "name": "Cap", "price": null, "tags": null, "ok": null },
    ]);
    assert_eq!((&all["rows"], &all["rowCount"], &all["provider"]), (&expected, &json!(2), &json!("sqlite")));
    let pasted = json!({ "$sql": ["select id from items where name = '", EVIL, "' or id = ", 2, " or name like '%", "zz", "%'"] });
    assert_eq!(ask(pasted, json!(null)).await["rows"], json!([{ "id": 1 }, { "id": 2 }]));
    let again = ask(json!("insert into items (name) values ($1) returning id, name"), json!(["Hat"])).await;
    assert_eq!(again["rows"], json!([{ "id": 3, "name": "Hat" }]));
}

#[tokio::test]
async fn a_statement_on_sqlite_reaches_its_own_file_only() {
    let nodes = Nodes::new().await;
    let id = nodes.connect("sqlite", "database", json!({ "database": "own" }), json!({ "password": "-" })).await;
    for (query, code) in [
        ("attach database '/tmp/other.db' as other", "VALIDATION"),
        ("vacuum into '/tmp/copy.db'", "VALIDATION"),
        ("pragma journal_mode = off", "VALIDATION"),
        ("pragma writable_schema = 1", "VALIDATION"),
        ("select load_extension('x')", "VALIDATION"),
        ("select randomblob(100000000)", "VALIDATION"),
        ("select * from nowhere", "VALIDATION"),
        ("select $1", "VALIDATION"),
        ("with recursive n(i) as (select 1 union all select i + 1 from n) select i from n", "VALIDATION"),
    ] {
        let input = json!({ "provider": "sqlite", "connectionId": id, "query": query });
        let error = nodes.failed("database", input).await;
        assert_eq!(error.code, code, "{query} {error:?}");
    }
    let odd =
        nodes.connect("sqlite", "database", json!({ "database": "../../floe" }), json!({ "password": "-" })).await;
    let error =
        nodes.failed("database", json!({ "provider": "sqlite", "connectionId": odd, "query": "select 1" })).await;
    assert_eq!(error.code, "NOT_CONFIGURED");
}

#[tokio::test]
async fn a_statement_that_never_ends_is_interrupted() {
    let nodes = Nodes::new().await;
    nodes.connect("sqlite", "database", json!({ "database": "slow" }), json!({ "password": "-" })).await;
    let query = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    let call = super::keyed(json!({ "provider": "sqlite", "query": query }));
    let error = nodes.call("database", floe_runtime::effect::EffectCall { timeout_ms: 300, ..call }).await.result;
    assert_eq!(error.expect_err("too slow").code, "TIMEOUT");
}

#[tokio::test]
async fn connections_are_chosen_and_test_mode_asks_nothing() {
    let nodes = Nodes::new().await;
    let input = json!({ "provider": "postgresql", "operation": "select", "query": "select 1", "parameters": [1] });
    assert_eq!(nodes.failed("database", input.clone()).await.code, "NOT_CONFIGURED");
    let pretended = nodes.pretended("database", input).await;
    let expected = json!({
        "rows": [], "rowCount": 0, "operation": "select", "provider": "postgresql", "sandbox": true, "parameters": [1],
    });
    assert_eq!(pretended, expected);
    let config = json!({ "host": "10.0.0.9", "database": "d", "username": "u" });
    let id = nodes.connect("postgres", "database", config, json!({ "password": "p" })).await;
    assert_eq!(nodes.failed("database", json!({ "query": "select 1" })).await.code, "ADDRESS_BLOCKED");
    let other = json!({ "provider": "sqlite", "connectionId": id, "query": "select 1" });
    assert_eq!(nodes.failed("database", other).await.code, "AUTH");
    for provider in ["mysql", "mongodb"] {
        assert_eq!(
            nodes.failed("database", json!({ "provider": provider, "query": "x" })).await.code,
            "NOT_CONFIGURED"
        );
    }
    assert_eq!(nodes.failed("database", json!({ "provider": "dbase", "query": "x" })).await.code, "VALIDATION");
    assert_eq!(nodes.failed("database", json!({ "provider": "postgres" })).await.code, "VALIDATION");
}

/// Connects to the server of the tests; none when there is none.
async fn postgres(nodes: &Nodes) -> Option<String> {
    let url = std::env::var("FLOE_TEST_POSTGRES_URL").ok()?;
    let url = url::Url::parse(&url).expect("an address");
    let config = json!({
        "host": url.host_str(), "port": url.port().unwrap_or(5432), "database": url.path().trim_start_matches('/'),
        "username": url.username(),
    });
    let password = url.password().unwrap_or("none-needed");
    Some(nodes.connect("postgres", "database", config, json!({ "password": password })).await)
}

#[tokio::test]
async fn postgres_is_asked_with_values_of_every_type() {
    let nodes = Nodes::new().await;
    let Some(id) = postgres(&nodes).await else { return };
    let ask = |query: &str, parameters: Value| {
        nodes.done("database", json!({ "connectionId": id, "query": query, "parameters": parameters }))
    };
    let record = ask(
        "select $1::int4 as i, $2::text as t, $3::bool as b, $4::jsonb as j, $5::text[] as a, $6::numeric as n, $7::timestamptz as at,
                $8::uuid as u, $9::int8[] as big, null::text as nothing, $10::date as d, 1.5::float8 as f, '1 day'::interval::text as iv",
        json!([
            "7", EVIL, true, { "k": [1] }, ["x\"y", null, "{z}"], "12345678901234567890.50", "2026-01-02T03:04:05.678Z",
            "01890000-0000-7000-8000-000000000001", [1, 2], "2026-02-28",
        ]),
    )
    .await;
    let expected = json!([{
        "i": 7, "t": EVIL, "b": true, "j": { "k": [1] }, "a": ["x\"y", null, "{z}"], "n": "12345678901234567890.50",
        "at": "2026-01-02T03:04:05.678Z", "u": "01890000-0000-7000-8000-000000000001", "big": [1, 2], "nothing": null,
        "d": "2026-02-28", "f": 1.5, "iv": "1 day",
    }]);
    assert_eq!((&record["rows"], &record["rowCount"]), (&expected, &json!(1)));
    let numbers = ask(
        "select 0::numeric as a, -12.5::numeric as b, 0.0001::numeric as c, 10000::numeric as d, 'NaN'::numeric as e",
        json!(null),
    )
    .await;
    assert_eq!(numbers["rows"], json!([{ "a": 0, "b": -12.5, "c": 0.0001, "d": 10_000, "e": "NaN" }]));
    let many = ask("select i from generate_series(1, 1200) as i", json!([])).await;
    assert_eq!((many["rowCount"].as_u64(), &many["rows"][1199]), (Some(1200), &json!({ "i": 1200 })));
}

#[tokio::test]
async fn postgres_refusals_have_the_codes_of_nodes() {
    let nodes = Nodes::new().await;
    let Some(id) = postgres(&nodes).await else { return };
    for (query, parameters, code) in [
        ("select 1; select 2", json!(null), "VALIDATION"),
        ("selekt 1", json!(null), "VALIDATION"),
        ("select $1::int4", json!(["seven"]), "VALIDATION"),
        ("select $1::int4 + $2::int4", json!([1]), "VALIDATION"),
        ("select i from generate_series(1, 20000) as i", json!(null), "VALIDATION"),
    ] {
        let input = json!({ "connectionId": id, "query": query, "parameters": parameters });
        let error = nodes.failed("database", input).await;
        assert_eq!(error.code, code, "{query} {error:?}");
    }
    let call = super::keyed(json!({ "connectionId": id, "query": "select pg_sleep(20)" }));
    let late = nodes.call("database", floe_runtime::effect::EffectCall { timeout_ms: 400, ..call }).await.result;
    assert_eq!(late.expect_err("too slow").code, "TIMEOUT");
    let query = json!({ "provider": "postgres", "operation": "query", "query": "select 1 as one" });
    let record = nodes.done("integration", query).await;
    assert_eq!(record["data"], json!({ "rows": [{ "one": 1 }], "rowCount": 1 }));
}
