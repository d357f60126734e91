//! The protocol of OpenAI's chat completions and embeddings, as many servers speak it.

mod compose;
mod read;

use floe_runtime::Platform;
use floe_runtime::models::{ModelFault, ModelInfo, Usage};
use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::asking::{Asking, Said};
use super::catalog::Server;
use super::wire::{self, Failed, Sending, Stream};
use compose::Dialect;
use read::Answer;

/// Texts of one request for vectors.
pub(super) const PORTION: usize = 96;

/// Asks for an answer.
pub(super) async fn ask(asking: &Asking<'_>, server: &Server) -> Result<Said, Failed> {
    let mut dialect = Dialect::of(server);
    loop {
        match ask_in(asking, server, dialect).await {
            // Servers differ in what they call the limit of an answer, and whether they take a temperature.
            Err(failed) => {
                dialect = failed.parameter.as_deref().and_then(|name| dialect.without(name)).ok_or(failed)?
            }
            answered => return answered,
        }
    }
}

async fn ask_in(asking: &Asking<'_>, server: &Server, dialect: Dialect) -> Result<Said, Failed> {
    let body = compose::body(asking, dialect);
    let sending =
        Sending { server, method: Method::POST, path: "chat/completions", body: Some(&body), until: asking.until };
    let said = if asking.streams() {
        read_stream(asking, &sending).await?
    } else {
        let said = read::whole(&wire::fetch(asking.platform, &sending).await?)?;
        asking.give(&said.text).await;
        said
    };
    Ok(asking.complete(said)?)
}

async fn read_stream(asking: &Asking<'_>, sending: &Sending<'_>) -> Result<Said, Failed> {
    let mut opened = wire::open(asking.platform, sending).await?;
    // Some servers answer whole although they were asked for a stream.
    let is_whole = opened
        .headers
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if is_whole {
        let bytes = opened.rest().await?;
        let said = read::whole(&serde_json::from_slice(&bytes).map_err(|_| ModelFault::Malformed)?)?;
        asking.give(&said.text).await;
        return Ok(said);
    }
    let (mut stream, mut answer) = (Stream::of(opened), Answer::default());
    while let Some(event) = stream.next().await? {
        if event.data == "[DONE]" {
            return Ok(answer.done()?);
        }
        let chunk: Value = serde_json::from_str(&event.data).map_err(|_| ModelFault::Malformed)?;
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            return Err(wire::failure_in_stream(error, sending.server.api_key.as_deref()));
        }
        let piece = answer.take(&chunk)?;
        asking.give(piece).await;
    }
    // Without its mark an answer is whole only when it has said why it stopped.
    if answer.has_ended() { Ok(answer.done()?) } else { Err(ModelFault::Unreachable.into()) }
}

/// Asks for vectors of a portion of texts.
pub(super) async fn embed(
    platform: &Platform,
    server: &Server,
    info: &ModelInfo,
    texts: &[String],
    until: Instant,
) -> Result<(Vec<Vec<f32>>, Usage), Failed> {
    let body = json!({ "model": info.upstream_model, "input": texts, "encoding_format": "float" });
    let sending = Sending { server, method: Method::POST, path: "embeddings", body: Some(&body), until };
    let answer = wire::fetch(platform, &sending).await?;
    Ok(read::vectors(&answer, texts)?)
}

/// The names of the models that a server has.
pub(super) async fn models(platform: &Platform, server: &Server, until: Instant) -> Result<Vec<String>, Failed> {
    let sending = Sending { server, method: Method::GET, path: "models", body: None, until };
    let answer = wire::fetch(platform, &sending).await?;
    Ok(wire::names(&answer)?)
}
