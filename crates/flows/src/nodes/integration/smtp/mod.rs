//! Mail through a server of the workspace (RFC 5321): one message to all of its recipients, or to none of them.

mod dialogue;
mod message;

use std::sync::Arc;
use std::time::Duration;

use floe_engine::event::StepError;
use floe_runtime::Platform;
use floe_runtime::connections::Opened;
use floe_runtime::effect::EffectCall;
use serde_json::{Map, Value, json};

use self::dialogue::Dialogue;
use self::message::Message;
use super::super::failure::{network, not_configured, not_found, of_outside, timeout};
use super::definition::plain;

/// Time for the whole exchange, in milliseconds.
const TOTAL_MS: u64 = 60_000;
/// Time for the connection, in milliseconds.
const CONNECT_MS: u64 = 10_000;
/// The port on which everything is secured from the first byte (RFC 8314).
const SECURED_PORT: u64 = 465;
/// The port unless the connection says otherwise.
const PORT: u64 = 587;

/// Sends a mail; gives `{messageId, accepted}`.
///
/// # Errors
/// NOT_FOUND for another operation; VALIDATION for a mail that cannot be sent; AUTH, NETWORK, TRANSIENT.
pub(super) async fn send(
    platform: &Arc<Platform>,
    call: &EffectCall,
    opened: &Opened,
    operation: &str,
    parameters: &Map<String, Value>,
) -> Result<Value, StepError> {
    if !matches!(plain(operation).as_str(), "sendemail" | "sendmail" | "send" | "sendmessage" | "email") {
        return Err(not_found("A mail server can be asked to sendEmail only"));
    }
    let sender = opened.setting("from").or_else(|| opened.setting("username"));
    let message = Message::of(parameters, sender, &call.key, call.now)?;
    let limit = call.timeout_ms.min(TOTAL_MS);
    match tokio::time::timeout(Duration::from_millis(limit), deliver(platform, opened, &message)).await {
        Ok(done) => done?,
        Err(_) => return Err(timeout(format!("The mail server did not answer within {limit} ms"))),
    }
    Ok(json!({ "messageId": message.id, "accepted": message.recipients }))
}

async fn deliver(platform: &Arc<Platform>, opened: &Opened, message: &Message) -> Result<(), StepError> {
    let host = opened.setting("host").ok_or_else(|| not_configured("The connection has no host"))?;
    let port = opened.config.get("port").and_then(Value::as_u64).unwrap_or(PORT);
    let encrypts = opened.config.get("tls").and_then(Value::as_bool);
    let what = "The connection to the mail server";
    let outside = &platform.outside;
    let mut wire = outside
        .wire(host, u16::try_from(port).unwrap_or(0), CONNECT_MS)
        .await
        .map_err(|error| of_outside(what, error))?;
    let from_start = port == SECURED_PORT && encrypts != Some(false);
    if from_start {
        wire = outside.secured(wire, host, CONNECT_MS).await.map_err(|error| of_outside(what, error))?;
    }
    let mut dialogue = Dialogue::begin(wire, message.domain()).await?;
    let mut is_secured = from_start;
    if !from_start && encrypts != Some(false) {
        if dialogue.can("STARTTLS") {
            let wire = dialogue.start_tls().await?;
            let wire = outside.secured(wire, host, CONNECT_MS).await.map_err(|error| of_outside(what, error))?;
            dialogue = Dialogue::again(wire, message.domain()).await?;
            is_secured = true;
        } else if encrypts == Some(true) {
            return Err(network("The mail server cannot secure the connection"));
        }
    }
    if let Some(user) = opened.setting("username") {
        if !is_secured && encrypts.is_none() {
            return Err(network(
                "The mail server cannot secure the connection, so the password is not sent; set tls to false to send it anyway",
            ));
        }
        dialogue.authenticate(user, opened.secrets().next().unwrap_or_default()).await?;
    }
    dialogue.send(&message.sender, &message.recipients, &message.text).await
}
