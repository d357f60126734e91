//! The OpenAPI documents: committed as they are served, so that a change of an API is seen in review.

use std::collections::BTreeSet;
use std::path::Path;

use floe_surfaces::SURFACES;
use floe_surfaces::openapi::{Form, text_of};
use floe_testkit::store::TestStore;
use serde_json::Value;

use crate::app::TestApp;

/// Set to write the documents instead of comparing them; `cargo xtask openapi` does.
const WRITE: &str = "FLOE_OPENAPI_WRITE";

#[test]
fn the_committed_documents_are_those_that_are_served() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi");
    let mut different = Vec::new();
    for surface in SURFACES {
        let (name, text) =
            (format!("{}.json", surface.name), text_of(Some(surface.name), Form::Json).expect("a document"));
        let path = folder.join(&name);
        if std::env::var_os(WRITE).is_some() {
            std::fs::create_dir_all(&folder).expect("the folder of the documents");
            std::fs::write(&path, &text).expect("a document");
        } else if std::fs::read_to_string(&path).unwrap_or_default() != text {
            different.push(name);
        }
    }
    assert!(
        different.is_empty(),
        "{different:?} in docs/openapi differ from what is served: run `cargo xtask openapi`"
    );
}

#[tokio::test]
async fn documents_are_served_to_everybody_in_both_forms() {
    let app = TestApp::new(TestStore::quick().await).await;
    let whole = app.get("/openapi.json").send().await;
    assert_eq!((whole.status.as_u16(), &whole.json["openapi"]), (200, &Value::from("3.1.0")));
    let paths = |json: &Value| {
        json["paths"].as_object().into_iter().flatten().map(|(path, _)| path.clone()).collect::<BTreeSet<_>>()
    };
    let mut of_surfaces = BTreeSet::new();
    for surface in SURFACES {
        let one = app.get(&format!("/openapi/{}.json", surface.name)).send().await;
        of_surfaces.extend(paths(&one.json));
        assert_eq!(one.json["info"]["title"], surface.doc.title);
        let yaml = app.get(&format!("/openapi/{}.yaml", surface.name)).send().await;
        assert_eq!((yaml.status.as_u16(), yaml.header("content-type")), (200, "application/yaml"));
    }
    assert_eq!(of_surfaces, paths(&whole.json));
    assert_eq!(app.get("/openapi.yaml").send().await.header("content-type"), "application/yaml");
    for missing in ["/openapi/flows", "/openapi/flows.txt", "/openapi/nothing.json", "/openapi/.json"] {
        app.get(missing).send().await.is(404, "not_found");
    }
}

/// References that lead nowhere, and operations without what a client is made from.
#[test]
fn documents_hold_together() {
    let text = text_of(None, Form::Json).expect("a document");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 100, "only {} references", references.len());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a reference inside the document");
        assert!(document.pointer(pointer).is_some_and(|found| !found.is_null()), "{reference} leads nowhere");
    }
    let operations =
        document["paths"].as_object().into_iter().flatten().flat_map(|(_, path)| path.as_object()).flatten();
    let mut ids = BTreeSet::new();
    for (method, operation) in operations {
        let id = operation["operationId"].as_str().expect("an operation id");
        assert!(ids.insert(id), "{id} is there twice");
        let statuses: Vec<&String> =
            operation["responses"].as_object().into_iter().flatten().map(|(status, _)| status).collect();
        assert!(statuses.iter().any(|status| status.as_str() < "400"), "{method} {id} has no good answer");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, member) in map {
                match (name.as_str(), member) {
                    ("$ref", Value::String(text)) => references.push(text.clone()),
                    _ => collect(member, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
