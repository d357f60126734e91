//! Copies, documents out and documents in (Flow API contract, section 12).

use std::collections::BTreeMap;

use floe_engine::lang::steps::{Mapping, NeedKind};
use floe_flows::definitions::{Record, VersionWord};
use floe_flows::transfer::{self, Document, Imported};
use floe_model::access::Permission;
use floe_model::flows::NAME_MAX;
use floe_model::id::FlowId;
use floe_model::{Fault, FieldProblem};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Serialize;
use serde_json::{Value, json};

use super::files::attachment;
use super::records::FlowOut;
use super::shapes::{records, transfer as shapes};
use super::{BODY_LIMIT, DASHBOARD, SURFACE};
use crate::http::shape::TEXT;
use crate::http::{Call, Fields, Incoming, Reply, Route, check_json, is_multipart, parse_json};

/// Names of one kind that a mapping holds at most.
const MAPPED_MAX: usize = 500;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/v1/flow/{id}/clone", DASHBOARD, clone)
            .scope("flows.write")
            .permission(Permission::Build)
            .doc("Clone a flow")
            .about("A private flow of the caller, with the content as the draft of its version 1.")
            .takes(shapes::CLONE)
            .answers(201, records::FLOW),
        Route::get(&SURFACE, "/v1/flow/{id}/export", DASHBOARD, export)
            .scope("flows.read")
            .doc("Export a flow")
            .query("version", TEXT, "A number, latest or draft; the draft unless given, else the latest")
            .answers(200, shapes::DOCUMENT),
        Route::post(&SURFACE, "/v1/flow/import", DASHBOARD, import)
            .scope("flows.write")
            .permission(Permission::Build)
            .body_limit(BODY_LIMIT)
            .raw_body()
            .doc("Import a flow")
            .about("The document as the body, or with another name and other names for what it needs; or as the part file.")
            .takes(shapes::IMPORT)
            .answers(201, shapes::IMPORTED),
    ]
}

async fn clone(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let mut body = call.fields()?;
    let name = body.text("name", 1, NAME_MAX);
    let version = body.value("version");
    body.finish_ignoring_unknown()?;
    let word = version.map(|word| version_word(&word)).transpose()?;
    let ctx = call.ctx.clone();
    call.commit(move |tx| transfer::clone(tx, &ctx, id, word, name.as_deref()), |record| made(record, None)).await
}

async fn export(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let word = call.query.get("version").map(VersionWord::parse).transpose()?;
    let ctx = call.ctx.clone();
    let exported = call.ctx.store.read(move |tx| transfer::export(tx, &ctx, id, word)).await?;
    let name = format!("{}.flow.json", exported.name.replace(['/', '\\'], "_"));
    Ok(Reply::ok(&exported.document)?.text_header(CONTENT_DISPOSITION, &attachment(&name)))
}

async fn import(call: Call) -> Result<Reply, Fault> {
    let document = read_import(&call).await?;
    let (ctx, app) = (call.ctx.clone(), call.app.clone());
    let render = |imported: Imported| {
        let warnings = imported
            .warnings
            .iter()
            .map(|warning| json!({ "kind": warning.kind.as_str(), "id": warning.name, "message": warning.message }));
        made(imported.record, Some(warnings.collect()))
    };
    call.commit(move |tx| transfer::import(tx, &ctx, &app.flows, &document), render).await
}

async fn read_import(call: &Call) -> Result<Document, Fault> {
    let catalog = &call.app.flows.catalog;
    if is_multipart(call.header(CONTENT_TYPE.as_str()).unwrap_or_default()) {
        let file = Incoming::of_whole(call)?.next(call, "file").await?;
        let file = file.ok_or_else(|| Fault::field("/file", "required", "The upload has no part named file"))?;
        let document = parse_json(&file.whole(call, BODY_LIMIT).await?)?;
        return Document::read(&document, None, &Mapping::new(), catalog);
    }
    check_json(&call.headers)?;
    let body = call.json_value()?;
    if body.get("document").is_none() {
        return Document::read(&body, None, &Mapping::new(), catalog);
    }
    let mut body = Fields::of(body)?;
    let document = body.value("document").unwrap_or_default();
    let name = body.text("name", 1, NAME_MAX);
    let mapping = body.value("mapping");
    body.finish_ignoring_unknown()?;
    let mapping = mapping.map_or(Ok(Mapping::new()), |mapping| read_mapping(&mapping))?;
    Document::read(&document, name, &mapping, catalog)
}

/// `{ "<kind>": { "<old>": "<new>" } }`.
fn read_mapping(value: &Value) -> Result<Mapping, Fault> {
    let wrong = |path: String| {
        let message = "A mapping holds texts: {\"flows\": {\"<old>\": \"<new>\"}}, for models, agents, flows, tools, \
             knowledgeBases and secrets";
        Fault::validation(vec![FieldProblem::new(path, "type", message)])
    };
    let Value::Object(kinds) = value else { return Err(wrong("/mapping".to_owned())) };
    let mut mapping = Mapping::new();
    for (word, names) in kinds {
        let path = format!("/mapping/{word}");
        let kind = NeedKind::ALL.into_iter().find(|kind| kind.as_str() == word);
        let (Some(kind), Value::Object(names)) = (kind, names) else { return Err(wrong(path)) };
        let read: Option<BTreeMap<String, String>> =
            names.iter().map(|(old, new)| Some((old.clone(), new.as_str()?.to_owned()))).collect();
        let read = read.filter(|read| read.len() <= MAPPED_MAX).ok_or_else(|| wrong(path))?;
        mapping.insert(kind, read);
    }
    Ok(mapping)
}

fn version_word(value: &Value) -> Result<VersionWord, Fault> {
    VersionWord::parse(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// A flow that was made, with what it lacks here if it was imported.
#[derive(Serialize)]
struct MadeOut {
    #[serde(flatten)]
    flow: FlowOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<Value>>,
}

fn made(record: Record, warnings: Option<Vec<Value>>) -> Result<Reply, Fault> {
    let location = format!("/v1/flow/{}", record.flow.id);
    Reply::created(&location, &MadeOut { flow: FlowOut::new(record)?, warnings })
}
