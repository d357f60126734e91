//! `floe run cancel`.

use clap::Args;
use serde_json::json;

use super::super::api::escaped;
use super::{Context, Exit, Failure};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id of the run
    run: String,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    let answer = api.post(&format!("/v1/flowrun/cancel/{}", escaped(&arguments.run)), &json!({})).await?;
    context.output.document(&answer);
    Ok(Exit::Done)
}
