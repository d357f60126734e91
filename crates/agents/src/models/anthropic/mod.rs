//! The protocol of Anthropic's messages.

mod compose;
mod read;

use floe_runtime::Platform;
use floe_runtime::models::{ModelCall, ModelFault};
use http::Method;
use serde_json::Value;
use tokio::time::Instant;

use super::asking::{Asking, Said};
use super::catalog::Server;
use super::wire::{self, Failed, Sending, Stream};
use read::Answer;

/// The tool by which a model is held to a schema: it has to call it, and the arguments are its answer.
const ANSWER_TOOL: &str = "answer";

/// Asks for an answer. A model that cannot think says so, and is asked once more without.
pub(super) async fn ask(asking: &Asking<'_>, server: &Server) -> Result<Said, Failed> {
    match ask_as_it_is(asking, server).await {
        Err(failed) if asking.thinking_tokens().is_some() && is_about_thinking(&failed) => {
            let call = ModelCall { thinking_tokens: None, ..asking.call.clone() };
            ask_as_it_is(&Asking { call: &call, ..*asking }, server).await
        }
        answered => answered,
    }
}

/// The protocol names no parameter in a refusal, only a sentence.
fn is_about_thinking(failed: &Failed) -> bool {
    matches!(&failed.fault, ModelFault::Refused(reason) if reason.to_lowercase().contains("thinking"))
}

async fn ask_as_it_is(asking: &Asking<'_>, server: &Server) -> Result<Said, Failed> {
    let body = compose::body(asking)?;
    let path = path(server, "messages");
    let sending = Sending { server, method: Method::POST, path: &path, body: Some(&body), until: asking.until };
    let as_text = compose::answers_by_tool(asking).then_some(ANSWER_TOOL);
    let said = if asking.streams() {
        read_stream(asking, &sending, as_text).await?
    } else {
        let said = read::whole(&wire::fetch(asking.platform, &sending).await?, as_text)?;
        asking.give(&said.text).await;
        said
    };
    Ok(asking.complete(said)?)
}

async fn read_stream(
    asking: &Asking<'_>,
    sending: &Sending<'_>,
    as_text: Option<&'static str>,
) -> Result<Said, Failed> {
    let mut stream = Stream::of(wire::open(asking.platform, sending).await?);
    let mut answer = Answer::new(as_text);
    while let Some(event) = stream.next().await? {
        let event: Value = serde_json::from_str(&event.data).map_err(|_| ModelFault::Malformed)?;
        match event.get("type").and_then(Value::as_str) {
            Some("error") => {
                let error = event.get("error").unwrap_or(&Value::Null);
                return Err(wire::failure_in_stream(error, sending.server.api_key.as_deref()));
            }
            Some("message_stop") => return Ok(answer.done()?),
            _ => asking.give(answer.take(&event)?).await,
        }
    }
    Err(ModelFault::Unreachable.into())
}

/// The names of the models that a server has.
pub(super) async fn models(platform: &Platform, server: &Server, until: Instant) -> Result<Vec<String>, Failed> {
    let path = path(server, "models?limit=1000");
    let sending = Sending { server, method: Method::GET, path: &path, body: None, until };
    Ok(wire::names(&wire::fetch(platform, &sending).await?)?)
}

/// People give the address with or without the version.
fn path(server: &Server, rest: &str) -> String {
    if server.base_url.ends_with("/v1") { rest.to_owned() } else { format!("v1/{rest}") }
}
