//! `floe flow run`: starts a run and prints its output, or what it waits for.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::super::api::{Api, escaped};
use super::super::input;
use super::super::run::watch::follow;
use super::file::FlowFile;
use super::push::push;
use super::workflow::{self, WorkflowFile};
use super::{Context, Exit, Failure, flow_id};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id or name of a flow or workflow, or a file <name>.flow.json or <name>.workflow.json whose draft is pushed and run
    flow: String,
    /// key=value, key=@file, or @file with a whole object; values are JSON where they are JSON
    #[arg(long, short, value_name = "KEY=VALUE")]
    input: Vec<String>,
    /// Run the draft instead of the published version
    #[arg(long, conflicts_with = "version")]
    draft: bool,
    /// Run this published version
    #[arg(long)]
    version: Option<u32>,
    /// Wait until the run has ended or waits for a person, however long that takes (see --timeout)
    #[arg(long)]
    wait: bool,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let inputs = input::inputs(&arguments.input)?;
    let api = context.api()?;
    if let Some((id, version)) = workflow_subject(&api, arguments).await? {
        let run = workflow::run(&api, &id, &version, &json!(inputs)).await?;
        let answer = if arguments.wait {
            follow(context, &api, &run, true).await?
        } else {
            json!({ "status": "running", "appRunId": run })
        };
        return print(context, &answer);
    }
    let (id, version) = subject(&api, arguments).await?;
    let body = json!({ "inputs": inputs, "returnExecutionMetadata": true, "version": version });
    let mut answer = api.post(&format!("/v1/flow/execute/{}", escaped(&id)), &body).await?;
    if arguments.wait && answer["status"] == "running" {
        let run = answer["appRunId"].as_str().unwrap_or_default().to_owned();
        answer = follow(context, &api, &run, true).await?;
    }
    print(context, &answer)
}

/// Which workflow and version to run; none when a flow of steps is meant.
async fn workflow_subject(api: &Api, arguments: &Arguments) -> Result<Option<(String, Value)>, Failure> {
    let path = Path::new(&arguments.flow);
    if workflow::is_workflow(path) {
        let pushed = workflow::push(api, path, &WorkflowFile::read(path)?).await?;
        return Ok(Some((pushed.id, json!("draft"))));
    }
    if arguments.flow.ends_with(".json") {
        return Ok(None);
    }
    let Some(found) = workflow::find(api, &arguments.flow).await? else { return Ok(None) };
    let version = match arguments.version {
        Some(number) => json!(number),
        None if arguments.draft => json!("draft"),
        None => json!("latest"),
    };
    Ok(Some((found["id"].as_str().unwrap_or_default().to_owned(), version)))
}

/// Which flow and version to run.
async fn subject(api: &Api, arguments: &Arguments) -> Result<(String, Value), Failure> {
    if arguments.flow.ends_with(".json") {
        let path = Path::new(&arguments.flow);
        let pushed = push(api, path, &FlowFile::read(path)?, None).await?;
        return Ok((pushed.id, json!("draft")));
    }
    let id = flow_id(api, &arguments.flow).await?;
    let version = match arguments.version {
        Some(number) => json!(number),
        None if arguments.draft => json!("draft"),
        None => json!("latest"),
    };
    Ok((id, version))
}

/// The output alone when the run completed; the whole envelope when it waits or goes on.
fn print(context: &Context, answer: &Value) -> Result<Exit, Failure> {
    match answer["status"].as_str() {
        Some("completed") => {
            context.output.document(&answer["output"]);
            Ok(Exit::Done)
        }
        Some("failed" | "cancelled") => Err(failure(answer)),
        _ => {
            context.output.document(answer);
            Ok(Exit::Done)
        }
    }
}

/// Why a run did not complete, with its id.
fn failure(answer: &Value) -> Failure {
    let status = answer["status"].as_str().unwrap_or("failed");
    let error = &answer["error"];
    let code = error["code"].as_str().unwrap_or(status);
    let step = error["stepName"]
        .as_str()
        .or(error["stepId"].as_str())
        .map(|step| format!(" at step \"{step}\""))
        .unwrap_or_default();
    let message = error["message"].as_str().map(|message| format!(": {message}")).unwrap_or_default();
    let run = answer["appRunId"].as_str().unwrap_or_default();
    Failure::new(Exit::Failed, code, format!("run {run} {status}{step}{message}"))
}
