//! The walk: every route of the table, against every rule that holds for all of them.
//!
//! What is expected comes from the route table, from the shapes that it declares, and from the contract as `contract.rs` has it;
//! never from what a handler happened to answer. A route needs one line in `rows.rs`, which says how it is called well.
//! Answers are held against their declared shapes on the way (`conform.rs`).

mod contract;
mod credentials;
mod foreign;
mod inputs;
mod lists;
mod methods;
mod money;
mod repeats;
mod rows;
mod things;
mod world;

use std::collections::BTreeMap;

use floe_surfaces::http::Route;
use floe_surfaces::openapi::operation_id;

use rows::{Row, rows};

/// Each route with its row.
fn walk() -> Vec<(Route, Row)> {
    let mut rows: BTreeMap<(String, &'static str), Row> =
        rows().into_iter().map(|row| ((row.method.to_owned(), row.path), row)).collect();
    let routes = floe_surfaces::routes().into_iter();
    routes
        .filter_map(|route| Some((rows.remove(&(route.method.to_string(), route.path))?, route)))
        .map(|(row, route)| (route, row))
        .collect()
}

#[test]
fn every_route_has_its_row_and_its_documentation() {
    let mut problems = Vec::new();
    let routes = floe_surfaces::routes();
    let rows = rows();
    let mut ids: BTreeMap<String, &Route> = BTreeMap::new();
    for route in &routes {
        let of_it = rows.iter().filter(|row| row.method == route.method.as_str() && row.path == route.path).count();
        if of_it != 1 {
            problems.push(format!("{route:?} has {of_it} rows in tests/it/walk/rows.rs and not one"));
        }
        if route.doc.summary.is_empty() || route.doc.answers.is_empty() {
            problems.push(format!("{route:?} says neither what it does nor what it answers: .doc(…), .answers(…)"));
        }
        if let Some(other) = ids.insert(operation_id(route), route) {
            problems.push(format!("{route:?} and {other:?} have the same summary"));
        }
    }
    for row in &rows {
        if !routes.iter().any(|route| row.method == route.method.as_str() && row.path == route.path) {
            problems.push(format!("{} {} is no route", row.method, row.path));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
