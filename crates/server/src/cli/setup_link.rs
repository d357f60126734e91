//! `floe setup-link`: a new one-time link for the set-up page.

use clap::Args;
use serde_json::json;

use super::local::operate;
use super::{Context, Exit, Failure, Place};
use crate::operator::Operation;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) place: Place,
}

pub(super) async fn execute(context: &Context, _: &Arguments) -> Result<Exit, Failure> {
    let answer = operate(context, Operation::SetupLink).await?;
    let url = answer["url"].as_str().unwrap_or_default();
    if context.output.json {
        context.output.document(&json!({ "url": url }));
    } else {
        context.output.line(url);
        context.output.say("works once, for 24 hours; older links have ended");
    }
    Ok(Exit::Done)
}
