//! `floe inbox show`.

use clap::Args;
use serde_json::Value;

use super::super::Output;
use super::super::api::escaped;
use super::{Context, Exit, Failure};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id of the item
    item: String,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    let item = api.get(&format!("/console/v1/inbox/{}", escaped(&arguments.item)), &[]).await?;
    if context.output.json {
        context.output.document(&item);
    } else {
        print(context.output, &item);
    }
    Ok(Exit::Done)
}

fn print(output: Output, item: &Value) {
    describe(item).iter().for_each(|line| output.line(line));
}

/// What is asked, by whom, until when, and the exact content that an answer would be bound to.
pub(super) fn describe(item: &Value) -> Vec<String> {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let mut lines = vec![format!("{}  {}", text("/kind").unwrap_or_default(), text("/title").unwrap_or_default())];
    lines.extend(text("/summary").filter(|summary| !summary.is_empty()));
    lines.extend(text("/requested_by/name").map(|name| format!("asked by   {name}")));
    lines.extend(text("/due_at").map(|due| format!("until      {due}")));
    let given = item["answers"].as_array().map_or(0, Vec::len);
    let needed = item["required_answers"].as_u64().filter(|needed| *needed > 1);
    lines.extend(needed.map(|needed| format!("answers    {given} of {needed}")));
    lines.extend(text("/status").map(|status| format!("status     {status}")));
    lines.extend(text("/why_not").map(|why| format!("not yours  {why}")));
    lines.extend(text("/content_hash").map(|hash| format!("hash       {hash}")));
    if let Some(content) = item.get("content").filter(|content| !content.is_null()) {
        lines.push(format!("{content:#}"));
    }
    lines
}
