//! Workflow files: `<name>.workflow.json`, in any form that the server takes.

use std::path::Path;

use floe_engine::lang::graph;
use serde_json::{Value, json};

use super::super::api::{Api, escaped};
use super::super::input;
use super::file::{Base, Bases, split};
use super::push::Pushed;
use super::{Context, Exit, Failure, SEARCHED_MAX};

/// End of every workflow file's name.
const EXTENSION: &str = ".workflow.json";
/// Characters of a file name made from a workflow's name.
const STEM_CHARS_MAX: usize = 80;
/// Where workflows are.
const ALL: &str = "/console/v1/workflows";

/// A workflow as a file holds it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WorkflowFile {
    /// Name of the workflow.
    pub(super) name: String,
    /// The file.
    pub(super) value: Value,
}

/// Whether a path is that of a workflow file.
pub(super) fn is_workflow(path: &Path) -> bool {
    path.to_string_lossy().ends_with(EXTENSION)
}

/// `<name>.workflow.json` with everything but letters, digits, `-` and `_` as `-`.
pub(super) fn file_name(name: &str) -> String {
    let plain = |found: char| if found.is_alphanumeric() || matches!(found, '-' | '_') { found } else { '-' };
    let stem: String = name.chars().take(STEM_CHARS_MAX).map(plain).collect();
    format!("{}{EXTENSION}", stem.to_lowercase())
}

impl WorkflowFile {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let refuse = |what: &str| Failure::invalid(format!("{}: {what}", path.display()));
        let value = input::file_json(path)?;
        if !value.is_object() {
            return Err(refuse("is not a JSON object"));
        }
        let name = value.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| refuse("/name is missing"))?.to_owned();
        Ok(Self { name, value })
    }
}

/// The workflow with exactly this name, as a list row.
pub(super) async fn by_name(api: &Api, name: &str) -> Result<Option<Value>, Failure> {
    let rows = api.walk(ALL, &[("q", name.to_owned())], SEARCHED_MAX).await?;
    let mut same = rows.into_iter().filter(|row| row["name"] == name);
    let Some(found) = same.next() else { return Ok(None) };
    match same.next() {
        None => Ok(Some(found)),
        Some(_) => Err(Failure::new(
            Exit::Conflict,
            "ambiguous",
            format!("several workflows are named \"{name}\"; give an id"),
        )),
    }
}

/// The ids of all workflows.
pub(super) async fn ids(api: &Api) -> Result<Vec<String>, Failure> {
    let rows = api.walk(ALL, &[], SEARCHED_MAX).await?;
    Ok(rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect())
}

/// The record of a workflow that is given by id or by exact name; none when there is none.
pub(super) async fn find(api: &Api, reference: &str) -> Result<Option<Value>, Failure> {
    match api.get(&format!("{ALL}/{}", escaped(reference)), &[]).await {
        Ok(found) => Ok(Some(found)),
        Err(failure) if failure.exit == Exit::NotFound => by_name(api, reference).await,
        Err(failure) => Err(failure),
    }
}

/// A workflow as the text of a file: its draft, else the version in force.
pub(super) async fn text(api: &Api, record: &Value) -> Result<String, Failure> {
    let version = if record["has_draft"] == true { "draft" } else { "latest" };
    let query = [("form", "record".to_owned()), ("version", version.to_owned())];
    let id = record["id"].as_str().unwrap_or_default();
    let file = api.get(&format!("{ALL}/{}/export", escaped(id)), &query).await?;
    Ok(format!("{file:#}\n"))
}

/// Creates the workflow, or writes its draft when it differs from the file.
pub(super) async fn push(api: &Api, path: &Path, file: &WorkflowFile) -> Result<Pushed, Failure> {
    let Some(row) = by_name(api, &file.name).await? else {
        let made = api.post(ALL, &file.value).await?;
        let workflow = &made["workflow"];
        note_base(api, path, workflow)?;
        let id = workflow["id"].as_str().unwrap_or_default().to_owned();
        return Ok(Pushed::new(id, "created", workflow["version"].clone()));
    };
    let id = row["id"].as_str().unwrap_or_default().to_owned();
    let shown = text(api, &row).await?;
    let original = original(api, &row).await?;
    if shown == format!("{:#}\n", file.value) || original == file.value {
        note_base(api, path, &row)?;
        return Ok(Pushed::new(id, "unchanged", Value::Null));
    }
    let (folder, name) = split(path);
    // Without a note of an earlier pull, what is on the server now is what the file replaces.
    let known = Bases::of_folder(&folder).revision(&name, api.url(), &id);
    let revision = known.or_else(|| row["revision"].as_i64());
    let saved = api.put(&format!("{ALL}/{}/draft", escaped(&id)), &file.value, revision).await?;
    note_base(api, path, &json!({ "id": id, "revision": saved["revision"] }))?;
    Ok(Pushed::new(id, "updated", saved["version"].clone()))
}

/// Publishes what was pushed, if a draft is there.
pub(super) async fn publish(api: &Api, path: &Path, pushed: &mut Pushed, note: Option<&str>) -> Result<(), Failure> {
    let record = api.get(&format!("{ALL}/{}", escaped(&pushed.id)), &[]).await?;
    if record["has_draft"] != true {
        return Ok(());
    }
    let body = note.map_or_else(|| json!({}), |note| json!({ "note": note }));
    let workflow = api.post(&format!("{ALL}/{}/publish", escaped(&pushed.id)), &body).await?;
    *pushed = Pushed::new(pushed.id.clone(), "published", workflow["version"].clone());
    note_base(api, path, &workflow)
}

/// Starts a run in test mode and gives what it came to so far.
pub(super) async fn run(api: &Api, id: &str, version: &Value, inputs: &Value) -> Result<String, Failure> {
    let body = json!({ "inputs": inputs, "version": version });
    let started = api.post(&format!("/console/v1/automations/{}/test", escaped(id)), &body).await?;
    Ok(started["run_id"].as_str().unwrap_or_default().to_owned())
}

/// Checks a file without a server: prints what validation says, and gives the number of errors.
pub(super) fn validate(context: &Context, path: &Path) -> Result<usize, Failure> {
    let value = input::file_json(path)?;
    let compiled = graph::compile(&value, crate::registry::catalog(&context.settings).nodes());
    for problem in &compiled.problems {
        let problem = serde_json::to_value(problem).unwrap_or_default();
        print(context, &path.display().to_string(), &problem);
    }
    Ok(compiled.errors())
}

/// `file:pointer severity code message`.
fn print(context: &Context, file: &str, problem: &Value) {
    let member = |name: &str| problem[name].as_str().unwrap_or_default();
    let pointer = match (problem["node_id"].as_str(), problem["field"].as_str()) {
        (Some(node), Some(field)) => format!("/nodes/{node}/config/{field}"),
        (Some(node), None) => format!("/nodes/{node}"),
        (None, Some(field)) => format!("/{field}"),
        (None, None) => "/".to_owned(),
    };
    if context.output.json {
        let line = json!({ "file": file, "pointer": pointer, "severity": member("severity"), "code": member("code"),
            "node_id": problem["node_id"], "message": member("message") });
        context.output.line(&line.to_string());
    } else {
        let (severity, code, message) = (member("severity"), member("code"), member("message"));
        context.output.line(&format!("{file}:{pointer} {severity} {code} {message}"));
    }
}

/// What was sent last.
async fn original(api: &Api, record: &Value) -> Result<Value, Failure> {
    let version = if record["has_draft"] == true { "draft" } else { "latest" };
    let query = [("form", "original".to_owned()), ("version", version.to_owned())];
    let id = record["id"].as_str().unwrap_or_default();
    api.get(&format!("{ALL}/{}/export", escaped(id)), &query).await
}

/// Notes which revision a file holds.
pub(super) fn note_base(api: &Api, path: &Path, record: &Value) -> Result<(), Failure> {
    let (Some(id), Some(revision)) = (record["id"].as_str(), record["revision"].as_i64()) else { return Ok(()) };
    let (folder, name) = split(path);
    Bases::of_folder(&folder).note(&name, Base { server: api.url().to_owned(), id: id.to_owned(), revision })
}
