//! `floe payment-run reject`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::{Context, Exit, Failure, path};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id of the run
    run: String,
    /// Only these candidates; without any, all, which ends the run
    candidates: Vec<String>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let mut body = Map::new();
    if !arguments.candidates.is_empty() {
        body.insert("candidate_ids".to_owned(), json!(arguments.candidates));
    }
    if let Some(reason) = &arguments.reason {
        body.insert("reason".to_owned(), json!(reason));
    }
    let answer = context.api()?.post(&path(&arguments.run, "/reject"), &Value::Object(body)).await?;
    if context.output.json {
        context.output.document(&answer);
    } else {
        let status = answer["status"].as_str().unwrap_or_default();
        context.output.line(&format!(
            "rejected  {} candidates, {} are still approved, the run is {status}",
            answer["rejected_count"], answer["remaining_approved"]
        ));
    }
    Ok(Exit::Done)
}
