//! OpenAPI 3.1 documents, made from the route table.
//!
//! What the plumbing acts on (path, credentials, rights, limits) is taken from the same fields that it acts on, so it cannot
//! be documented wrongly. The rest is [`Doc`](crate::http::Doc) and [`Shape`](crate::http::shape::Shape), which the tests hold
//! against real answers.
//!
//! Start reading with [`document()`], then `operation.rs`.

mod operation;
mod refusals;
mod schema;
mod security;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::http::{Route, Surface};
use schema::Components;

pub use operation::operation_id;
pub use refusals::refusals;
use yaml::to_yaml;

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Indented JSON.
    Json,
    /// YAML.
    Yaml,
}

/// The text of the document of a surface, or of all of them; `None` for a name that no surface has.
#[must_use]
pub fn text_of(surface: Option<&str>, form: Form) -> Option<String> {
    let wanted = |one: &&&'static Surface| surface.is_none_or(|name| one.name == name);
    let surfaces: Vec<&'static Surface> = crate::SURFACES.iter().filter(wanted).copied().collect();
    if surfaces.is_empty() {
        return None;
    }
    let document = document(&surfaces, &crate::routes());
    Some(match form {
        Form::Json => format!("{document:#}\n"),
        Form::Yaml => to_yaml(&document),
    })
}

/// The document of some surfaces: all operations of `routes` that belong to one of them.
#[must_use]
pub fn document(surfaces: &[&'static Surface], routes: &[Route]) -> Value {
    let mut components = Components::default();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut tags = BTreeSet::new();
    let ours = |route: &&Route| surfaces.iter().any(|surface| std::ptr::eq(*surface, route.surface));
    for route in routes.iter().filter(ours) {
        let method = route.method.as_str().to_ascii_lowercase();
        tags.insert(operation::tag(route));
        paths.entry(route.path).or_default().insert(method, operation::operation(route, &mut components));
    }
    let mut components = components.into_json();
    components["securitySchemes"] = json!(security::schemes(routes.iter().filter(ours)));
    json!({
        "openapi": "3.1.0",
        "info": info(surfaces),
        "servers": [{ "url": "/" }],
        "tags": tags.into_iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        "paths": paths,
        "components": components,
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
