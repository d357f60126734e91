//! `floe inbox answer`: shows the content and its hash, then answers with that hash.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde_json::{Map, Value, json};

use super::super::api::escaped;
use super::super::input;
use super::show::describe;
use super::{Context, Exit, Failure};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("answer").required(true).args(["approve", "reject", "data"])))]
pub(in crate::cli) struct Arguments {
    /// Id of the item
    item: String,
    /// Approve
    #[arg(long)]
    approve: bool,
    /// Reject
    #[arg(long)]
    reject: bool,
    /// Answer with the JSON in a file (@file) or as written
    #[arg(long, value_name = "@FILE|JSON")]
    data: Option<String>,
    /// Comment
    #[arg(long)]
    comment: Option<String>,
    /// Refuse when the content is another than the one with this hash
    #[arg(long)]
    hash: Option<String>,
    /// Of a payment run: exactly this candidate; may be given again
    #[arg(long = "candidate", value_name = "ID", conflicts_with = "data")]
    candidates: Vec<String>,
    /// Of a payment run: why a blocked candidate is paid; owners only, and the candidate is named
    #[arg(long, value_name = "REASON", requires = "approve")]
    override_reason: Option<String>,
    /// Read the payment PIN from standard input
    #[arg(long)]
    pin_stdin: bool,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let mut body = body(arguments)?;
    let api = context.api()?;
    let path = format!("/console/v1/inbox/{}", escaped(&arguments.item));
    let item = api.get(&path, &[]).await?;
    describe(&item).iter().for_each(|line| context.output.say(line));

    let hash = item["content_hash"].as_str().unwrap_or_default();
    if arguments.hash.as_deref().is_some_and(|expected| expected != hash) {
        return Err(Failure::new(Exit::Conflict, "content_changed", format!("the content has the hash {hash} now")));
    }
    body.insert("content_hash".to_owned(), Value::from(hash));
    let answer = api.post(&format!("{path}/answer"), &Value::Object(body)).await?;
    if context.output.json {
        context.output.document(&answer);
    } else {
        let status = answer.pointer("/item/status").and_then(Value::as_str).unwrap_or("answered");
        let run = answer
            .pointer("/outcome/run_id")
            .and_then(Value::as_str)
            .map(|run| format!("  run {run}"))
            .unwrap_or_default();
        context.output.line(&format!("{status}{run}"));
    }
    Ok(Exit::Done)
}

fn body(arguments: &Arguments) -> Result<Map<String, Value>, Failure> {
    let mut body = Map::new();
    if let Some(data) = &arguments.data {
        let data = match data.strip_prefix('@') {
            Some(path) => input::file_json(&PathBuf::from(path))?,
            None => serde_json::from_str(data).map_err(|error| Failure::usage(format!("--data: {error}")))?,
        };
        body.insert("data".to_owned(), data);
    } else {
        body.insert("decision".to_owned(), json!(if arguments.approve { "approve" } else { "reject" }));
    }
    if let Some(comment) = &arguments.comment {
        body.insert("comment".to_owned(), json!(comment));
    }
    if !arguments.candidates.is_empty() {
        body.insert("candidate_ids".to_owned(), json!(arguments.candidates));
    }
    if let Some(reason) = &arguments.override_reason {
        body.insert("override_reason".to_owned(), json!(reason));
    }
    if arguments.pin_stdin {
        body.insert("pin".to_owned(), json!(input::stdin_text()?));
    }
    Ok(body)
}
