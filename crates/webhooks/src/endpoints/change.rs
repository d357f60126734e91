//! Changing an endpoint: its fields, its secret, whether it is told; deleting it.

use floe_model::id::WebhookId;
use floe_model::webhooks::{Counter, Style};
use floe_model::{Fault, FaultKind, FieldProblem, Mode};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::webhooks::deliveries;
use floe_store::webhooks::endpoints::{self as rows, Endpoint};
use serde_json::json;

use super::create::{BY_PERSON, check_refusal, seal_headers, take_test};
use super::{View, check_style, find, rules, stream};
use crate::attempt::{Outcome, Outgoing, open_headers, secret_place};
use crate::record::store_test;
use crate::send::check_withheld;
use crate::{Webhooks, signature, trail};

/// What shall be different; an empty one changes nothing.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    /// Another name.
    pub name: Option<String>,
    /// Another mode; the inner none is both.
    pub mode: Option<Option<Mode>>,
    /// Another address. It gets a new test.
    pub url: Option<String>,
    /// Other events.
    pub events: Option<Vec<String>>,
    /// Other headers, all of them.
    pub headers: Option<Vec<(String, String)>>,
    /// On or off. On clears the counter.
    pub is_active: Option<bool>,
}

/// A change that was checked, with the test of a new address, ready for the transaction.
#[derive(Clone)]
pub struct PreparedChange {
    before: Endpoint,
    after: Endpoint,
    headers: Option<Vec<(String, String)>>,
    wished: Option<bool>,
    test: Option<(Outgoing, Outcome)>,
}

/// Another secret, ready for the transaction.
#[derive(Clone)]
pub struct PreparedRotation {
    random: [u8; signature::SECRET_BYTES],
}

impl Webhooks {
    /// Checks a change; a new address of style `treasury` gets its test.
    ///
    /// # Errors
    /// 404; 412 for a stale `if_match`; what is wrong with the fields.
    pub async fn prepare_change(
        &self,
        ctx: &Ctx,
        view: View,
        id: WebhookId,
        patch: Patch,
        if_match: Option<i64>,
    ) -> Result<PreparedChange, Fault> {
        let (platform, place) = (std::sync::Arc::clone(&self.platform), secret_place(id));
        let (before, secret, known_headers) = self
            .platform
            .store
            .read(move |tx| {
                let endpoint = find(tx, view, id)?;
                let secret = platform.seal.open_text(tx, endpoint.workspace, place, &endpoint.secret)?;
                let headers = open_headers(tx, &platform, &endpoint)?;
                Ok((endpoint, secret, headers))
            })
            .await?;
        check_style(&ctx.caller, before.style)?;
        check_revision(&before, if_match)?;
        let mut after = before.clone();
        let moves = self.merge(&mut after, &patch)?;
        after.updated_at = ctx.now();
        let mut prepared =
            PreparedChange { before, after, headers: patch.headers, wished: patch.is_active, test: None };
        if moves && prepared.after.style == Style::Treasury {
            let outgoing = self.test_outgoing(&prepared.after, secret, known_headers);
            let outcome = outgoing.send(&self.platform, self.settings).await;
            check_withheld(&outcome)?;
            check_refusal(&outcome)?;
            prepared.test = Some((outgoing, outcome));
        }
        Ok(prepared)
    }

    /// Puts the wishes into an endpoint; true when its address is another one.
    fn merge(&self, endpoint: &mut Endpoint, patch: &Patch) -> Result<bool, Fault> {
        let mut problems = Vec::new();
        let style = endpoint.style;
        let url = patch.url.as_ref().filter(|url| **url != endpoint.url);
        if let Some(url) = url {
            rules::check_url(self, style, url, &mut problems);
            endpoint.url.clone_from(url);
        }
        if let Some(events) = &patch.events {
            endpoint.events = rules::check_events(style, events.clone(), &mut problems);
        }
        if let Some(mode) = patch.mode {
            rules::check_mode(style, mode, &mut problems);
            if style == Style::Treasury && mode != endpoint.mode {
                let message = "the mode of a webhook of style treasury cannot be changed";
                problems.push(FieldProblem::new("/mode", "value", message));
            }
            endpoint.mode = mode;
        }
        if let Some(headers) = &patch.headers {
            rules::check_headers(style, headers, &mut problems);
        }
        if let Some(name) = &patch.name {
            endpoint.name.clone_from(name);
        }
        rules::all_good(problems)?;
        if let Some(url) = url {
            rules::check_reach(self, style, url)?;
        }
        Ok(url.is_some())
    }

    /// Draws another secret.
    #[must_use]
    pub fn prepare_rotation(&self) -> PreparedRotation {
        PreparedRotation { random: self.platform.ids.secret() }
    }
}

impl PreparedChange {
    /// Writes the change and how the test went.
    ///
    /// # Errors
    /// 412 when somebody else changed the endpoint meanwhile.
    pub fn apply(&self, tx: &mut Tx<'_>, ctx: &Ctx) -> Result<Endpoint, Fault> {
        let (before, now) = (&self.before, ctx.now());
        let mut after = self.after.clone();
        // What attempts have changed meanwhile stays.
        let Some(stored) = rows::find(tx, before.workspace, before.id)? else {
            return Err(Fault::not_found("Webhook"));
        };
        after.counter = stored.counter;
        (after.is_active, after.disabled_reason) = (stored.is_active, stored.disabled_reason);
        if let Some(headers) = &self.headers {
            after.headers = seal_headers(tx, ctx, &after, headers)?;
        }
        let fresh = Counter { failures: 0, failing_since: None };
        match (self.wished, &self.test) {
            (Some(true), _) => {
                (after.is_active, after.disabled_reason, after.counter) = (true, None, fresh);
            }
            (Some(false), _) => (after.is_active, after.disabled_reason) = (false, Some(BY_PERSON.to_owned())),
            // A new address of an endpoint that is on: as at its making.
            (None, Some((_, outcome))) if stored.is_active => {
                take_test(&mut after, outcome, None);
                after.counter = fresh;
            }
            (None, _) => {}
        }
        if !rows::update(tx, &after, before.revision)? {
            return Err(stale());
        }
        if let Some((outgoing, outcome)) = &self.test {
            store_test(tx, ctx, outgoing, outcome)?;
            after.last_triggered_at = Some(outcome.at);
        }
        if stored.is_active && !after.is_active {
            deliveries::abandon(tx, after.id, now)?;
        }
        after.revision = before.revision + 1;
        self.note(tx, ctx, stored.is_active, &after)?;
        Ok(after)
    }

    fn note(&self, tx: &mut Tx<'_>, ctx: &Ctx, was_active: bool, after: &Endpoint) -> Result<(), Fault> {
        let id = after.id.to_string();
        let mut changed = Vec::new();
        let before = &self.before;
        for (name, differs) in [
            ("name", before.name != after.name),
            ("mode", before.mode != after.mode),
            ("url", before.url != after.url),
            ("events", before.events != after.events),
            ("headers", self.headers.is_some()),
        ] {
            if differs {
                changed.push(name);
            }
        }
        if !changed.is_empty() {
            let detail = json!({ "webhook_id": id, "changed": changed });
            trail::by_caller(tx, ctx, after, "updated_webhook", &detail)?;
        }
        match (was_active, after.is_active) {
            (true, false) => {
                let detail = json!({ "webhook_id": id, "reason": after.disabled_reason });
                trail::by_caller(tx, ctx, after, "disabled_webhook", &detail)
            }
            (false, true) => trail::by_caller(tx, ctx, after, "enabled_webhook", &json!({ "webhook_id": id })),
            _ => Ok(()),
        }
    }
}

impl PreparedRotation {
    /// Puts another secret in the place of the one until now, which signs along for `overlap_minutes` where the style knows more than one
    /// signature. Answers the endpoint and the text.
    ///
    /// # Errors
    /// 404; 403; 412.
    pub fn apply(
        &self,
        tx: &mut Tx<'_>,
        ctx: &Ctx,
        view: View,
        id: WebhookId,
        overlap_minutes: i64,
    ) -> Result<(Endpoint, String), Fault> {
        let mut endpoint = find(tx, view, id)?;
        check_style(&ctx.caller, endpoint.style)?;
        let (revision, now) = (endpoint.revision, ctx.now());
        let text = signature::secret_text(endpoint.style, &self.random);
        let sealed = ctx.seal.seal(tx, &ctx.ids, endpoint.workspace, secret_place(id), text.as_bytes())?;
        let old = std::mem::replace(&mut endpoint.secret, sealed);
        let overlaps = endpoint.style == Style::Standard && overlap_minutes > 0;
        endpoint.old_secret = overlaps.then(|| (old, now.plus_seconds(overlap_minutes * 60)));
        endpoint.updated_at = now;
        if !rows::rotate(tx, &endpoint, revision)? {
            return Err(stale());
        }
        endpoint.revision = revision + 1;
        let detail =
            json!({ "webhook_id": id.to_string(), "overlap_minutes": if overlaps { overlap_minutes } else { 0 } });
        trail::by_caller(tx, ctx, &endpoint, "rotated_webhook_secret", &detail)?;
        Ok((endpoint, text))
    }
}

/// Switches an endpoint on again and clears its counter.
///
/// # Errors
/// 404; 403; 412.
pub fn enable(tx: &mut Tx<'_>, ctx: &Ctx, view: View, id: WebhookId) -> Result<Endpoint, Fault> {
    let mut endpoint = find(tx, view, id)?;
    check_style(&ctx.caller, endpoint.style)?;
    let (revision, was_active) = (endpoint.revision, endpoint.is_active);
    (endpoint.is_active, endpoint.disabled_reason) = (true, None);
    endpoint.counter = Counter { failures: 0, failing_since: None };
    endpoint.updated_at = ctx.now();
    if !rows::update(tx, &endpoint, revision)? {
        return Err(stale());
    }
    endpoint.revision = revision + 1;
    if !was_active {
        trail::by_caller(tx, ctx, &endpoint, "enabled_webhook", &json!({ "webhook_id": id.to_string() }))?;
    }
    Ok(endpoint)
}

/// Deletes an endpoint; what waits for it ends.
///
/// # Errors
/// 404; 403; 412 for a stale `if_match`.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, view: View, id: WebhookId, if_match: Option<i64>) -> Result<(), Fault> {
    let endpoint = find(tx, view, id)?;
    check_style(&ctx.caller, endpoint.style)?;
    check_revision(&endpoint, if_match)?;
    rows::delete(tx, endpoint.workspace, id)?;
    deliveries::abandon(tx, id, ctx.now())?;
    if endpoint.style == Style::Standard {
        stream::end(tx)?;
    }
    trail::by_caller(tx, ctx, &endpoint, "deleted_webhook", &json!({ "webhook_id": id.to_string() }))
}

fn check_revision(endpoint: &Endpoint, if_match: Option<i64>) -> Result<(), Fault> {
    if if_match.is_none_or(|revision| revision == endpoint.revision) { Ok(()) } else { Err(stale()) }
}

fn stale() -> Fault {
    Fault::new(FaultKind::Stale, "stale_revision", "The webhook was changed meanwhile; read it again")
}
