//! A new endpoint. The test is sent before anything is stored, so that the answer can say how it went.

use floe_model::id::{EventId, WebhookId};
use floe_model::webhooks::{Counter, Style};
use floe_model::{Fault, Mode, Scope};
use floe_runtime::Ctx;
use floe_runtime::outside::OutsideError;
use floe_store::Tx;
use floe_store::webhooks::endpoints::{self as rows, ENDPOINTS_MAX, Endpoint, TREASURY_MAX};
use floe_store::webhooks::messages::Message;
use serde_json::{Map, Value, json};

use super::{check_style, rules, stream};
use crate::attempt::{Outcome, Outgoing, headers_place, secret_place};
use crate::message::test_of;
use crate::record::store_test;
use crate::send::check_withheld;
use crate::{Webhooks, signature, trail};

/// Why a new endpoint is not told, for people.
pub(super) const TEST_FAILED: &str = "the test delivery failed";
/// Why an endpoint is not told that somebody switched off.
pub(super) use floe_model::webhooks::SWITCHED_OFF as BY_PERSON;

/// What an endpoint shall be.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// Shown name; the host of the address when there is none.
    pub name: Option<String>,
    /// How deliveries are written.
    pub style: Style,
    /// Whose events; none for both modes.
    pub mode: Option<Mode>,
    /// Where to.
    pub url: String,
    /// Names of events.
    pub events: Vec<String>,
    /// Headers to add.
    pub headers: Vec<(String, String)>,
    /// Whether it is told; a treasury endpoint is told when its test was good.
    pub is_active: Option<bool>,
}

/// An endpoint that was checked and tested, ready for the transaction.
#[derive(Clone)]
pub struct PreparedEndpoint {
    endpoint: Endpoint,
    secret: String,
    headers: Vec<(String, String)>,
    test: Option<(Outgoing, Outcome)>,
}

/// A stored endpoint.
#[derive(Debug, Clone)]
pub struct Made {
    /// It.
    pub endpoint: Endpoint,
    /// What signs, shown this once.
    pub secret: String,
    /// How its test went; none for a style that is not tested.
    pub test: Option<Outcome>,
}

impl Made {
    /// Whether the test was taken.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.test.as_ref().is_some_and(|test| test.success)
    }

    /// What the test means, for people.
    #[must_use]
    pub fn verification_message(&self) -> String {
        let Some(test) = &self.test else { return "No test was sent.".to_owned() };
        match (test.success, test.status_code) {
            (true, Some(code)) => format!("The test delivery was taken with status {code}."),
            (false, Some(code @ (401 | 403))) => format!(
                "The receiver answered the test delivery with status {code}: it was reached, and can check signatures with the secret from now on."
            ),
            _ => format!(
                "The test delivery failed: {}. The webhook is not active until you switch it on.",
                test.error.as_deref().unwrap_or("no answer")
            ),
        }
    }
}

impl Webhooks {
    /// Checks an endpoint, draws its secret and, for style `treasury`, sends the test (treasury contract, section 10.6).
    ///
    /// # Errors
    /// What is wrong with the fields; a conflict when there are too many endpoints already; 403 for callers who may not.
    pub async fn prepare(&self, ctx: &Ctx, new: NewEndpoint) -> Result<PreparedEndpoint, Fault> {
        check_style(&ctx.caller, new.style)?;
        let mut problems = Vec::new();
        let NewEndpoint { name, style, mode, url, events, headers, is_active } = new;
        rules::check_url(self, style, &url, &mut problems);
        let events = rules::check_events(style, events, &mut problems);
        rules::check_mode(style, mode, &mut problems);
        rules::check_headers(style, &headers, &mut problems);
        rules::all_good(problems)?;
        rules::check_reach(self, style, &url)?;
        let (workspace, now) = (ctx.caller.workspace, ctx.now());
        self.platform.store.read(move |tx| check_room(tx, workspace, style, mode)).await?;
        let id: WebhookId = ctx.ids.next();
        let secret = signature::secret_text(style, &ctx.ids.secret());
        let endpoint = Endpoint {
            workspace,
            id,
            name: name.unwrap_or_else(|| host_of(&url)),
            style,
            mode,
            url,
            events,
            headers: None,
            secret: Vec::new(),
            old_secret: None,
            is_active: is_active != Some(false),
            disabled_reason: (is_active == Some(false)).then(|| BY_PERSON.to_owned()),
            counter: Counter { failures: 0, failing_since: None },
            last_triggered_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        let mut prepared = PreparedEndpoint { endpoint, secret, headers, test: None };
        if style == Style::Treasury {
            let outgoing = self.test_outgoing(&prepared.endpoint, prepared.secret.clone(), Vec::new());
            let outcome = outgoing.send(&self.platform, self.settings).await;
            check_withheld(&outcome)?;
            check_refusal(&outcome)?;
            take_test(&mut prepared.endpoint, &outcome, is_active);
            prepared.test = Some((outgoing, outcome));
        }
        Ok(prepared)
    }

    /// The test of an endpoint as it stands, with this secret.
    pub(crate) fn test_outgoing(
        &self,
        endpoint: &Endpoint,
        secret: String,
        headers: Vec<(String, String)>,
    ) -> Outgoing {
        let (kind, data) = test_of(endpoint.style);
        let ids = &self.platform.ids;
        let message = Message {
            id: ids.next::<EventId>(),
            scope: Scope { workspace: endpoint.workspace, mode: endpoint.mode.unwrap_or(Mode::Live) },
            kind: kind.to_owned(),
            data: data.to_owned(),
            at: self.platform.clock.now(),
        };
        Outgoing::of_new(endpoint.clone(), message, (ids.next(), ids.next_bits()), secret, headers)
    }
}

impl PreparedEndpoint {
    /// Stores the endpoint and how its test went.
    ///
    /// # Errors
    /// As [`Webhooks::prepare`].
    pub fn apply(&self, tx: &mut Tx<'_>, ctx: &Ctx) -> Result<Made, Fault> {
        let Endpoint { workspace, id, style, mode, .. } = self.endpoint;
        check_room(tx, workspace, style, mode)?;
        let mut endpoint = self.endpoint.clone();
        endpoint.secret = ctx.seal.seal(tx, &ctx.ids, workspace, secret_place(id), self.secret.as_bytes())?;
        endpoint.headers = seal_headers(tx, ctx, &endpoint, &self.headers)?;
        endpoint.last_triggered_at = self.test.as_ref().map(|(_, outcome)| outcome.at);
        if style == Style::Standard {
            stream::begin(tx)?;
        }
        rows::insert(tx, &endpoint)?;
        if let Some((outgoing, outcome)) = &self.test {
            store_test(tx, ctx, outgoing, outcome)?;
        }
        let detail =
            json!({ "webhook_id": id.to_string(), "events": endpoint.events, "is_active": endpoint.is_active });
        trail::by_caller(tx, ctx, &endpoint, "registered_webhook", &detail)?;
        let test = self.test.as_ref().map(|(_, outcome)| outcome.clone());
        Ok(Made { endpoint, secret: self.secret.clone(), test })
    }
}

/// Whether one more endpoint may be made.
fn check_room(
    tx: &mut Tx<'_>,
    workspace: floe_model::id::WorkspaceId,
    style: Style,
    mode: Option<Mode>,
) -> Result<(), Fault> {
    let all = rows::all(tx, workspace)?;
    let alike = all.iter().filter(|one| one.style == Style::Treasury && one.mode == mode).count();
    if all.len() >= ENDPOINTS_MAX {
        return Err(Fault::conflict(
            "conflict",
            format!("There are {ENDPOINTS_MAX} webhooks already; delete one first"),
        ));
    }
    if style == Style::Treasury && alike >= TREASURY_MAX {
        return Err(Fault::conflict(
            "conflict",
            format!("There are {TREASURY_MAX} webhooks already; delete one first"),
        ));
    }
    Ok(())
}

/// Refuses an address that turned out to lead where calls may not go.
pub(super) fn check_refusal(outcome: &Outcome) -> Result<(), Fault> {
    outcome.refused.map_or(Ok(()), |refusal| Err(rules::blocked(&OutsideError::Blocked(refusal))))
}

/// What a test makes of an endpoint (treasury contract, section 4.5): it is told when the receiver was reached, unless somebody said
/// otherwise.
pub(super) fn take_test(endpoint: &mut Endpoint, outcome: &Outcome, wished: Option<bool>) {
    let is_reached = outcome.success || matches!(outcome.status_code, Some(401 | 403));
    endpoint.is_active = is_reached && wished != Some(false);
    endpoint.disabled_reason = match (wished, is_reached) {
        (Some(false), _) => Some(BY_PERSON.to_owned()),
        (_, false) => Some(TEST_FAILED.to_owned()),
        (_, true) => None,
    };
}

/// Seals the headers that an endpoint adds.
pub(super) fn seal_headers(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    endpoint: &Endpoint,
    headers: &[(String, String)],
) -> Result<Option<Vec<u8>>, Fault> {
    if headers.is_empty() {
        return Ok(None);
    }
    let map: Map<String, Value> = headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let text = Value::Object(map).to_string();
    let place = headers_place(endpoint.id);
    ctx.seal.seal(tx, &ctx.ids, endpoint.workspace, place, text.as_bytes()).map(Some)
}

/// The host of an address, as a name.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    host.chars().take(rules::NAME_CHARS_MAX).collect()
}
