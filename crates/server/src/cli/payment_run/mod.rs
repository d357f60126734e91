//! `floe payment-run`: payment runs, from a file to their report.

mod approve;
mod create;
mod list;
mod reject;
mod report;
mod show;
mod watch;

use clap::Subcommand;
use serde_json::Value;

use super::api::{Api, escaped};
use super::{Context, Exit, Failure};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create a run from a file of candidates
    Create(create::Arguments),
    /// List runs, newest first
    List(list::Arguments),
    /// Show a run with the candidates that need a look
    Show(show::Arguments),
    /// Follow a run until it ends
    Watch(watch::Arguments),
    /// Approve a run; the last approval that is needed pays it
    Approve(approve::Arguments),
    /// Reject a run, or some of its candidates
    Reject(reject::Arguments),
    /// Print what became of a run
    Report(report::Arguments),
}

pub(super) async fn execute(context: &Context, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Create(arguments) => create::execute(context, &arguments).await,
        Command::List(arguments) => list::execute(context, &arguments).await,
        Command::Show(arguments) => show::execute(context, &arguments).await,
        Command::Watch(arguments) => watch::execute(context, &arguments).await,
        Command::Approve(arguments) => approve::execute(context, &arguments).await,
        Command::Reject(arguments) => reject::execute(context, &arguments).await,
        Command::Report(arguments) => report::execute(context, &arguments).await,
    }
}

/// Where a run is, with something below it.
fn path(run: &str, below: &str) -> String {
    format!("/api/v1/runs/{}{below}", escaped(run))
}

async fn read(api: &Api, run: &str) -> Result<Value, Failure> {
    api.get(&path(run, ""), &[]).await
}

/// An amount as people write it, e.g. `1,234,567.50`; only for looking at.
fn naira(amount: &Value) -> String {
    let Some(amount) = amount.as_f64() else { return "-".to_owned() };
    let text = format!("{amount:.2}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::with_capacity(text.len() + whole.len() / 3);
    for (at, digit) in whole.char_indices() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped}.{rest}")
}

/// A run in a few lines, for people.
fn described(run: &Value) -> Vec<String> {
    let text = |name: &str| run[name].as_str().unwrap_or("-").to_owned();
    let totals = &run["totals"];
    let mut lines = vec![
        format!("run         {}", text("id")),
        format!("objective   {}", text("objective")),
        format!("phase       {}  (version {}, {} mode)", text("phase"), run["version"], text("mode")),
        format!("created     {} by {}", text("created_at"), text("created_by")),
        format!("candidates  {} over {}", totals["candidates"], naira(&totals["amount"])),
    ];
    if !run["budget_cap"].is_null() {
        lines.push(format!("budget cap  {}", naira(&run["budget_cap"])));
    }
    lines.push(format!("decided     {} approved, {} rejected", totals["approved"], totals["rejected"]));
    if ["succeeded", "failed", "followup"].iter().any(|name| totals[*name] != 0) {
        let paid = format!("{} paid, {} failed, {} open", totals["succeeded"], totals["failed"], totals["followup"]);
        lines.push(format!("payouts     {paid}"));
    }
    if !run["approvals_required"].is_null() {
        let given: Vec<&str> =
            run["approvals"].as_array().into_iter().flatten().filter_map(|one| one["by"].as_str()).collect();
        let by = if given.is_empty() { String::new() } else { format!(": {}", given.join(", ")) };
        lines.push(format!("approvals   {} of {}{by}", given.len(), run["approvals_required"]));
    }
    if let Some(error) = run["error"].as_str() {
        lines.push(format!("error       {error}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_grouped() {
        for (amount, text) in [
            (json!(0), "0.00"),
            (json!(999.5), "999.50"),
            (json!(1000), "1,000.00"),
            (json!(9_999_999_999_999.99), "9,999,999,999,999.99"),
            (json!(-123_456), "-123,456.00"),
            (Value::Null, "-"),
        ] {
            assert_eq!(naira(&amount), text);
        }
    }
}
