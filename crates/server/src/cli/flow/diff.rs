//! `floe flow diff`: what is different between two versions of a flow, or between a flow and its file.

use std::path::Path;

use clap::Args;
use floe_engine::lang::steps::compare;
use serde_json::{Value, json};

use super::file::FlowFile;
use super::{Context, Exit, Failure, by_name, escaped, flow_id, record};

/// Characters of a value in a line for people.
const SHOWN_CHARS_MAX: usize = 60;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id or name of a flow, or a file <name>.flow.json to compare with the flow on the server
    flow: String,
    /// The earlier version: a number, latest or draft
    #[arg(long, default_value = "latest")]
    from: String,
    /// The later version: a number, latest or draft
    #[arg(long, default_value = "draft")]
    to: String,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    let path = Path::new(&arguments.flow);
    let changes = if path.is_file() {
        let file = FlowFile::read(path)?;
        let row = by_name(&api, &file.name).await?;
        let row = row.ok_or_else(|| Failure::not_found(format!("no flow is named \"{}\"", file.name)))?;
        let record = record(&api, row["_id"].as_str().unwrap_or_default()).await?;
        let changes = compare(&record["definition"], &file.definition);
        let shown = changes.into_iter().map(|change| {
            json!({
                "op": change.op.as_str(), "step_id": change.step_id, "pointer": change.pointer,
                "before": change.before, "after": change.after,
            })
        });
        shown.collect()
    } else {
        let id = flow_id(&api, &arguments.flow).await?;
        let query = [("from", arguments.from.clone()), ("to", arguments.to.clone())];
        let answer = api.get(&format!("/console/v1/flows/{}/diff", escaped(&id)), &query).await?;
        answer["changes"].as_array().cloned().unwrap_or_default()
    };
    print(context, &changes);
    Ok(Exit::Done)
}

/// JSON lines, or `op step pointer before -> after`.
fn print(context: &Context, changes: &[Value]) {
    if changes.is_empty() {
        context.output.say("no differences");
    }
    for change in changes {
        if context.output.json {
            context.output.line(&change.to_string());
            continue;
        }
        let text = |key: &str| change[key].as_str().unwrap_or("-");
        let (before, after) = (shown(&change["before"]), shown(&change["after"]));
        let line = format!("{:<7} {} {} {before} -> {after}", text("op"), text("step_id"), text("pointer"));
        context.output.line(&line);
    }
}

/// A value on one line, cut where it is long; `-` for nothing.
fn shown(value: &Value) -> String {
    if value.is_null() {
        return "-".to_owned();
    }
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
