//! `floe payment-run approve`: shows the run, then approves exactly the version that it showed.

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::input;
use super::{Context, Exit, Failure, described, path, read};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id of the run
    run: String,
    /// Pay exactly these candidates; without any, all that are neither rejected nor blocked
    candidates: Vec<String>,
    /// The payment PIN; others on this machine can see arguments, so that --pin-stdin is better
    #[arg(long, conflicts_with = "pin_stdin")]
    pin: Option<String>,
    /// Read the payment PIN from standard input
    #[arg(long)]
    pin_stdin: bool,
    /// A word about it
    #[arg(long)]
    notes: Option<String>,
    /// Why a blocked candidate is paid; owners only, and the candidate is named
    #[arg(long, value_name = "REASON")]
    override_reason: Option<String>,
    /// Refuse when the run is at another version than this one
    #[arg(long, value_name = "VERSION")]
    expected_version: Option<i64>,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let pin = if arguments.pin_stdin { Some(input::stdin_text()?) } else { arguments.pin.clone() };
    let api = context.api()?;
    let run = read(&api, &arguments.run).await?;
    described(&run).iter().for_each(|line| context.output.say(line));
    let version = arguments.expected_version.map_or_else(|| run["version"].clone(), Value::from);
    let mut body = Map::new();
    body.insert("expected_version".to_owned(), version);
    let mut put = |name: &str, value: Option<Value>| value.map(|value| body.insert(name.to_owned(), value));
    put("candidate_ids", (!arguments.candidates.is_empty()).then(|| json!(arguments.candidates)));
    put("pin", pin.map(Value::String));
    put("notes", arguments.notes.clone().map(Value::String));
    put("override_reason", arguments.override_reason.clone().map(Value::String));
    let answer = api.post(&path(&arguments.run, "/approve"), &Value::Object(body)).await?;
    if context.output.json {
        context.output.document(&answer);
    } else {
        context.output.line(&told(&answer));
    }
    Ok(Exit::Done)
}

fn told(answer: &Value) -> String {
    let approvals = format!("{} of {} approvals", answer["approvals_given"], answer["approvals_required"]);
    if answer["approved_at"].is_null() {
        return format!("approved  {approvals}; nothing is paid yet");
    }
    format!("released  {} candidates, {approvals}", answer["approved_count"])
}
