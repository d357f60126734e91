//! Calls of the Graph API through the guarded client (Agents contract, sections 4.1 and 4.2).

use bytes::Bytes;
use floe_model::agents::whatsapp::{Judgement, judge};
use floe_runtime::Platform;
use floe_runtime::outside::{ConnectFailure, Limits, OutsideError, Request, Response};
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;

use super::GraphSettings;

/// Time for a connection, in milliseconds.
const CONNECT_MS: u64 = 8_000;
/// Bytes of an answer at most.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Times that a call is made at most; again only while no byte of it has left.
const TRIES_MAX: usize = 3;

/// What came of a call.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) outcome: Outcome,
    /// The status of the answer, if there was one.
    pub(super) status: Option<u16>,
    pub(super) duration_ms: u64,
}

/// How a call went.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was taken; the answer as it came.
    Taken(Value),
    /// It was refused, or nobody knows.
    Judged(Judgement),
    /// No byte of it has left.
    NotSent {
        /// Whether the address may not be called at all.
        blocked: bool,
        /// Why, in words that hold no secret.
        reason: String,
    },
}

/// Hands a message over.
pub(super) async fn send(
    platform: &Platform,
    settings: &GraphSettings,
    phone_number_id: &str,
    token: &str,
    payload: &Value,
) -> Answered {
    let url = format!("{}/{}/{phone_number_id}/messages", settings.base_url, settings.version);
    call(platform, settings, Method::POST, url, token, Bytes::from(payload.to_string())).await
}

/// Asks for a number's names.
pub(super) async fn number(
    platform: &Platform,
    settings: &GraphSettings,
    phone_number_id: &str,
    token: &str,
) -> Answered {
    let fields = "display_phone_number,verified_name";
    let url = format!("{}/{}/{phone_number_id}?fields={fields}", settings.base_url, settings.version);
    call(platform, settings, Method::GET, url, token, Bytes::new()).await
}

async fn call(
    platform: &Platform,
    settings: &GraphSettings,
    method: Method,
    url: String,
    token: &str,
    body: Bytes,
) -> Answered {
    let not_sent = |reason: &str| {
        let outcome = Outcome::NotSent { blocked: false, reason: reason.to_owned() };
        Answered { outcome, status: None, duration_ms: 0 }
    };
    let mut headers = HeaderMap::new();
    let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {token}")) else {
        return not_sent("the access token holds characters that no header can carry");
    };
    bearer.set_sensitive(true);
    headers.insert(AUTHORIZATION, bearer);
    if !body.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let limits = Limits {
        total_ms: settings.timeout_ms,
        connect_ms: CONNECT_MS.min(settings.timeout_ms),
        response_bytes_max: ANSWER_BYTES_MAX,
        redirects_max: 0,
    };
    let request = Request { method, url, headers, body, limits };
    let mut last = not_sent("the call was not made");
    for _ in 0..TRIES_MAX {
        let sent = platform.outside.send(request.clone()).await;
        let may_be_repeated = matches!(sent, Err(OutsideError::Connect(ConnectFailure::Lookup | ConnectFailure::Dial)));
        last = read(sent);
        if !may_be_repeated {
            break;
        }
    }
    last
}

fn read(sent: Result<Response, OutsideError>) -> Answered {
    let response = match sent {
        Ok(response) => response,
        Err(error) => return Answered { outcome: unanswered(error), status: None, duration_ms: 0 },
    };
    let status = response.status.as_u16();
    let answer: Option<Value> = serde_json::from_slice(&response.body).ok();
    let outcome = match (judge(status, answer.as_ref()), answer) {
        (None, Some(answer)) => Outcome::Taken(answer),
        (judgement, _) => Outcome::Judged(judgement.unwrap_or_else(Judgement::unreadable)),
    };
    Answered { outcome, status: Some(status), duration_ms: response.duration_ms }
}

/// A call without an answer. What may have reached the other side is never called unsent.
fn unanswered(error: OutsideError) -> Outcome {
    let not_sent = |blocked| Outcome::NotSent { blocked, reason: error.to_string() };
    match error {
        OutsideError::InvalidUrl(_) | OutsideError::Blocked(_) => not_sent(true),
        OutsideError::Withheld | OutsideError::Connect(_) | OutsideError::Tls(_) => not_sent(false),
        OutsideError::Timeout { .. } => Outcome::Judged(Judgement::late()),
        OutsideError::TooLarge { .. } | OutsideError::Protocol(_) | OutsideError::TooManyRedirects { .. } => {
            Outcome::Judged(Judgement::unreadable())
        }
    }
}
