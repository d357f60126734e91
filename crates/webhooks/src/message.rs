//! What is sent: body and headers of one attempt, exactly.

use bytes::Bytes;
use floe_model::Timestamp;
use floe_model::id::DeliveryId;
use floe_model::webhooks::{Style, TREASURY_TEST};
use floe_store::webhooks::messages::Message;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use serde_json::Value;

use crate::signature;

/// The full names of the event that a test sends.
pub(crate) const TREASURY_TEST_KIND: &str = "treasury.webhook.test";
pub(crate) const STANDARD_TEST_KIND: &str = "platform.webhook.test";
pub(crate) const WORKFLOW_TEST_KIND: &str = "workflows.test";
/// What it says.
pub(crate) const TREASURY_TEST_DATA: &str = r#"{"message":"FlowPilot webhook test"}"#;
pub(crate) const STANDARD_TEST_DATA: &str = r#"{"message":"Floe webhook test"}"#;

/// Who calls (treasury contract, section 8.1; Workflow API contract, section 10).
const WORKFLOW_AGENT: &str = "FlowMaestro-Webhook/1.0";
const TREASURY_AGENT: &str = "FlowPilot-Webhooks/1.0";
const STANDARD_AGENT: &str = concat!("Floe-Webhooks/", env!("CARGO_PKG_VERSION"));

/// One attempt, as far as what is sent depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    /// Its id.
    pub(crate) id: u128,
    /// Of which delivery it is.
    pub(crate) delivery: DeliveryId,
    /// Its number, from 1.
    pub(crate) number: u32,
    /// When it is made.
    pub(crate) at: Timestamp,
}

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The value of the header that carries it.
    pub(crate) signature: String,
}

/// The kind of the event that a test of this style sends, and its data.
pub(crate) const fn test_of(style: Style) -> (&'static str, &'static str) {
    match style {
        Style::Treasury => (TREASURY_TEST_KIND, TREASURY_TEST_DATA),
        Style::Workflow => (WORKFLOW_TEST_KIND, STANDARD_TEST_DATA),
        Style::Standard | Style::Callback => (STANDARD_TEST_KIND, STANDARD_TEST_DATA),
    }
}

/// The name under which an endpoint of this style knows a kind of event.
#[must_use]
pub fn shown_name(style: Style, kind: &str) -> &str {
    match style {
        Style::Treasury => kind.strip_prefix("treasury.").unwrap_or(kind),
        Style::Workflow => kind.strip_prefix("workflows.").unwrap_or(kind),
        Style::Standard if kind == STANDARD_TEST_KIND => TREASURY_TEST,
        Style::Standard | Style::Callback => kind,
    }
}

/// The body of an attempt. Only the attempt's id of style `treasury` differs from one attempt to the next.
pub(crate) fn body(style: Style, message: &Message, numbers: Numbers) -> String {
    let name = Value::from(shown_name(style, &message.kind));
    let Message { id, scope, data, at, .. } = message;
    match style {
        Style::Treasury => {
            let delivery = floe_model::id::EventId(numbers.id);
            format!(r#"{{"event":{name},"timestamp":"{at}","delivery_id":"{delivery}","data":{data}}}"#)
        }
        Style::Workflow => {
            let delivery = numbers.delivery.prefixed();
            format!(r#"{{"id":"{delivery}","event":{name},"created_at":"{at}","data":{data}}}"#)
        }
        Style::Callback => data.clone(),
        Style::Standard => format!(
            r#"{{"id":"{}","type":{name},"timestamp":"{at}","mode":"{}","workspace_id":"{}","data":{data}}}"#,
            id.prefixed(),
            scope.mode.as_str(),
            scope.workspace.prefixed()
        ),
    }
}

/// Everything that is sent. `own` are headers that the endpoint adds; they never replace ours.
pub(crate) fn compose(
    style: Style,
    message: &Message,
    numbers: Numbers,
    secrets: &[String],
    own: &[(String, String)],
) -> Sent {
    let body = body(style, message, numbers);
    let signature = match style {
        Style::Treasury => {
            secrets.first().map_or_else(String::new, |secret| signature::treasury(secret, body.as_bytes()))
        }
        Style::Workflow => {
            secrets.first().map_or_else(String::new, |secret| signature::workflow(secret, body.as_bytes()))
        }
        Style::Standard | Style::Callback => {
            let secrets = secrets.iter().map(String::as_str);
            signature::standard(secrets, &message.id.prefixed(), numbers.at.seconds(), body.as_bytes())
        }
    };
    let mut headers = HeaderMap::new();
    for (name, value) in own {
        if let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_str(value)) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    for (name, value) in head(style, message, numbers, &signature) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    Sent { headers, body: body.into(), signature }
}

/// Our headers, in order.
pub(crate) fn head(style: Style, message: &Message, numbers: Numbers, signature: &str) -> Vec<(HeaderName, String)> {
    let name = shown_name(style, &message.kind).to_owned();
    let json = (CONTENT_TYPE, "application/json".to_owned());
    let named = |name: &'static str, value: String| (HeaderName::from_static(name), value);
    match style {
        Style::Treasury => vec![
            json,
            (USER_AGENT, TREASURY_AGENT.to_owned()),
            named("x-flowpilot-event", name),
            named("x-flowpilot-delivery", floe_model::id::EventId(numbers.id).to_string()),
            named("x-flowpilot-signature", signature.to_owned()),
            named("x-flowpilot-event-id", message.id.to_string()),
            named("x-flowpilot-attempt", numbers.number.to_string()),
        ],
        Style::Workflow => vec![
            json,
            (USER_AGENT, WORKFLOW_AGENT.to_owned()),
            named("x-flowmaestro-signature", signature.to_owned()),
            named("x-flowmaestro-delivery-id", numbers.delivery.prefixed()),
            named("x-flowmaestro-event", name),
            named("floe-mode", message.scope.mode.as_str().to_owned()),
        ],
        Style::Standard | Style::Callback => vec![
            json,
            (USER_AGENT, STANDARD_AGENT.to_owned()),
            named("webhook-id", message.id.prefixed()),
            named("webhook-timestamp", numbers.at.seconds().to_string()),
            named("webhook-signature", signature.to_owned()),
        ],
    }
}
