//! OpenAPI 3.1 documents, made from the route table.
//!
//! What the plumbing acts on (path, credentials, rights, limits) is taken from the same fields that it acts on, so it cannot
//! be documented wrongly. The rest is [`Doc`](crate::http::Doc) and [`Shape`](crate::http::shape::Shape), which the tests hold
//! against real answers.
//!
//! Start reading with [`document`], then `operation.rs`.

mod operation;
mod refusals;
mod schema;
mod security;
mod yaml;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::http::{Route, Surface};
use schema::Components;

pub use operation::operation_id;
pub use refusals::refusals;
pub use yaml::to_yaml;

/// The document of some surfaces: all operations of `routes` that belong to one of them.
#[must_use]
pub fn document(surfaces: &[&'static Surface], routes: &[Route]) -> Value {
    let mut components = Components::default();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut tags: BTreeMap<String, ()> = BTreeMap::new();
    let ours = |route: &&Route| surfaces.iter().any(|surface| std::ptr::eq(*surface, route.surface));
    for route in routes.iter().filter(ours) {
        let method = route.method.as_str().to_ascii_lowercase();
        tags.insert(operation::tag(route), ());
        paths.entry(route.path).or_default().insert(method, operation::operation(route, &mut components));
    }
    json!({
        "openapi": "3.1.0",
        "info": info(surfaces),
        "servers": [{ "url": "/" }],
        "tags": tags.into_keys().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": components.into_schemas(),
            "securitySchemes": security::schemes(routes.iter().filter(ours)),
        },
    })
}

fn info(surfaces: &[&'static Surface]) -> Value {
    let title = match surfaces {
        [one] => one.doc.title,
        _ => "Floe",
    };
    let about: Vec<&str> = surfaces.iter().map(|surface| surface.doc.about).collect();
    let common = "Every answer has X-Request-Id. A method that a path does not have is refused with 405 and Allow.";
    json!({
        "title": title,
        "description": format!("{}\n\n{common}", about.join("\n\n")),
        "version": env!("CARGO_PKG_VERSION"),
        "license": { "name": "Apache 2.0", "identifier": "Apache-2.0" },
    })
}
