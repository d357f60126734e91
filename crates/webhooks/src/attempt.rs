//! One attempt: loaded in a transaction, sent outside of it.

use floe_model::id::{DeliveryId, EventId, NodeId, WebhookId};
use floe_model::webhooks::Style;
use floe_model::{Fault, Timestamp};
use floe_runtime::Platform;
use floe_runtime::outside::{Limits, Outside, OutsideError, Refusal, Request, Response};
use floe_runtime::seal::Place;
use floe_store::Tx;
use floe_store::webhooks::endpoints::Endpoint;
use floe_store::webhooks::messages::{self, Message};
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use crate::Settings;
use crate::callbacks;
use crate::message::{self, Numbers};

/// Bytes of an answer that are kept (console contract, section 5.4: at most 10,000; treasury shows 2 KiB).
const ANSWER_BYTES_MAX: usize = 10_000;
/// Headers of an answer that are kept, and characters of each.
const ANSWER_HEADERS_MAX: usize = 30;
const ANSWER_HEADER_CHARS_MAX: usize = 500;

/// The fields under which secrets and headers are sealed; they never change.
const SECRET_FIELD: &str = "webhook.secret";
const HEADERS_FIELD: &str = "webhook.headers";

/// An attempt that is about to be made.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) endpoint: Endpoint,
    pub(crate) message: Message,
    pub(crate) delivery: DeliveryId,
    pub(crate) id: u128,
    pub(crate) number: u32,
    secrets: Vec<String>,
    headers: Vec<(String, String)>,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// When it began.
    pub at: Timestamp,
    /// Where it went.
    pub url: String,
    /// Status of the answer; none when there was no complete one.
    pub status_code: Option<u16>,
    /// Whether the receiver took it: any 2xx in time.
    pub success: bool,
    /// What went wrong, for people.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What it was signed with.
    pub signature: String,
    /// JSON object of headers of the answer.
    pub answer_headers: Option<String>,
    /// Beginning of the answer.
    pub answer_body: Option<String>,
    /// The address may not be called at all.
    pub refused: Option<Refusal>,
    /// Seconds that the receiver asked to be left alone for.
    pub retry_after_s: Option<i64>,
    /// Attempts of a delivery in all, where the style leaves them to the operator.
    pub attempts_max: u32,
    /// This node may not act now: the attempt was not made.
    pub withheld: bool,
}

/// Where the secret of an endpoint stands.
pub(crate) fn secret_place(id: WebhookId) -> Place {
    Place::new(SECRET_FIELD, id.0)
}

/// Where its headers stand.
pub(crate) fn headers_place(id: WebhookId) -> Place {
    Place::new(HEADERS_FIELD, id.0)
}

impl Outgoing {
    /// Loads what an attempt needs; none when the event is not there any more.
    pub(crate) fn load(
        tx: &mut Tx<'_>,
        platform: &Platform,
        endpoint: Endpoint,
        event: EventId,
        (delivery, id, number): (DeliveryId, u128, u32),
    ) -> Result<Option<Self>, Fault> {
        let Some(message) = messages::find(tx, endpoint.workspace, event)? else { return Ok(None) };
        if endpoint.style == Style::Callback {
            let (secrets, headers) = callbacks::load(tx, platform, endpoint.workspace, delivery)?;
            return Ok(Some(Self { endpoint, message, delivery, id, number, secrets, headers }));
        }
        let (workspace, place) = (endpoint.workspace, secret_place(endpoint.id));
        let mut secrets = vec![platform.seal.open_text(tx, workspace, place, &endpoint.secret)?];
        if let Some((old, ends_at)) = &endpoint.old_secret
            && *ends_at > platform.clock.now()
        {
            secrets.push(platform.seal.open_text(tx, workspace, place, old)?);
        }
        let headers = open_headers(tx, platform, &endpoint)?;
        Ok(Some(Self { endpoint, message, delivery, id, number, secrets, headers }))
    }

    /// An attempt that needs nothing from the database: the test of an endpoint that is not stored yet.
    pub(crate) fn of_new(
        endpoint: Endpoint,
        message: Message,
        (delivery, id): (DeliveryId, u128),
        secret: String,
        headers: Vec<(String, String)>,
    ) -> Self {
        Self { endpoint, message, delivery, id, number: 1, secrets: vec![secret], headers }
    }

    /// Makes the attempt. It never takes longer than `attempt_ms`.
    pub(crate) async fn send(&self, platform: &Platform, settings: Settings) -> Outcome {
        let at = platform.clock.now();
        let numbers = Numbers { id: self.id, delivery: self.delivery, number: self.number, at };
        let Endpoint { style, url, .. } = &self.endpoint;
        let sent = message::compose(*style, &self.message, numbers, &self.secrets, &self.headers);
        let signature = sent.signature.clone();
        let answer = match check_address(&platform.outside, *style, settings, url) {
            Err(error) => Err(error),
            Ok(()) => {
                let limits = Limits {
                    total_ms: settings.attempt_ms,
                    connect_ms: settings.attempt_ms,
                    response_bytes_max: ANSWER_BYTES_MAX,
                    redirects_max: 0,
                };
                let request =
                    Request { method: Method::POST, url: url.clone(), headers: sent.headers, body: sent.body, limits };
                platform.outside.send_and_cut(request).await
            }
        };
        let duration_ms = platform.clock.now().millis_since(at).max(0).unsigned_abs();
        let attempts_max = settings.workflow_attempts_max;
        Outcome { attempts_max, ..outcome(at, url, signature, duration_ms, answer) }
    }
}

/// Whether an address may be used by an endpoint of this style: https, or what the operator's list opens; for the styles `standard`
/// and `workflow` plain http too where the operator allows it, for style `callback` always (agents contract, section 2.1).
pub(crate) fn check_address(
    outside: &Outside,
    style: Style,
    settings: Settings,
    url: &str,
) -> Result<(), OutsideError> {
    let target = outside.judge(url)?;
    let may_be_plain = match style {
        Style::Treasury => false,
        Style::Standard | Style::Workflow => settings.allow_http,
        Style::Callback => true,
    };
    let may_be_plain = may_be_plain || target.is_listed();
    if target.is_https() || may_be_plain { Ok(()) } else { Err(OutsideError::InvalidUrl(Refusal::Scheme)) }
}

fn outcome(
    at: Timestamp,
    url: &str,
    signature: String,
    duration_ms: u64,
    answer: Result<Response, OutsideError>,
) -> Outcome {
    let none = Outcome {
        at,
        url: url.to_owned(),
        status_code: None,
        success: false,
        error: None,
        duration_ms,
        signature,
        answer_headers: None,
        answer_body: None,
        refused: None,
        retry_after_s: None,
        attempts_max: floe_model::webhooks::WORKFLOW_ATTEMPTS,
        withheld: false,
    };
    match answer {
        Ok(response) => {
            let code = response.status.as_u16();
            Outcome {
                status_code: Some(code),
                success: response.status.is_success(),
                error: (!response.status.is_success()).then(|| format!("the receiver answered with status {code}")),
                retry_after_s: retry_after_s(&response.headers),
                answer_headers: Some(kept_headers(&response.headers)),
                answer_body: Some(String::from_utf8_lossy(&response.body).replace('\0', "\u{fffd}")),
                ..none
            }
        }
        Err(error) => Outcome {
            error: Some(error.to_string()),
            refused: match error {
                OutsideError::InvalidUrl(refusal) | OutsideError::Blocked(refusal) => Some(refusal),
                _ => None,
            },
            withheld: error == OutsideError::Withheld,
            ..none
        },
    }
}

/// The seconds of a `Retry-After`; a date in it is not looked at.
fn retry_after_s(headers: &HeaderMap) -> Option<i64> {
    headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// The headers of an answer as JSON; cookies are the receiver's secrets.
fn kept_headers(headers: &HeaderMap) -> String {
    let shown = headers.iter().filter(|(name, _)| *name != http::header::SET_COOKIE).take(ANSWER_HEADERS_MAX);
    let pairs: Map<String, Value> = shown
        .map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes()).replace('\0', "\u{fffd}");
            (name.as_str().to_owned(), text.chars().take(ANSWER_HEADER_CHARS_MAX).collect::<String>().into())
        })
        .collect();
    Value::Object(pairs).to_string()
}

/// The headers that an endpoint adds.
pub(crate) fn open_headers(
    tx: &mut Tx<'_>,
    platform: &Platform,
    endpoint: &Endpoint,
) -> Result<Vec<(String, String)>, Fault> {
    let Some(sealed) = &endpoint.headers else { return Ok(Vec::new()) };
    let text = platform.seal.open_text(tx, endpoint.workspace, headers_place(endpoint.id), sealed)?;
    let map: Map<String, Value> = serde_json::from_str(&text).map_err(Fault::internal)?;
    Ok(map.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect())
}

/// The node that this process is, where several share the database.
pub(crate) fn node(platform: &Platform) -> Option<NodeId> {
    platform.store.node().and_then(|node| node.id())
}
