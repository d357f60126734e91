//! Attempts that somebody asks for: a test, one delivery once more.

use std::sync::Arc;

use floe_model::id::{DeliveryId, WebhookId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::webhooks::attempts::{self, Attempt};
use floe_store::webhooks::deliveries;

use crate::attempt::{Outcome, Outgoing, open_headers, secret_place};
use crate::callbacks::target;
use crate::endpoints::{View, check_style, find};
use crate::record::{Turn, record, store_test};
use crate::{Webhooks, log};

/// A test that was sent, to be recorded.
#[derive(Clone)]
pub struct Tested {
    outgoing: Outgoing,
    /// What came of it.
    pub outcome: Outcome,
}

/// One more attempt that was made, to be recorded.
#[derive(Clone)]
pub struct Redelivered {
    outgoing: Outgoing,
    outcome: Outcome,
}

impl Tested {
    /// Writes it into the log.
    ///
    /// # Errors
    /// Of the database.
    pub fn apply(&self, tx: &mut Tx<'_>, ctx: &Ctx) -> Result<DeliveryId, Fault> {
        store_test(tx, ctx, &self.outgoing, &self.outcome)?;
        Ok(self.outgoing.delivery)
    }
}

impl Redelivered {
    /// Writes it into the log. A success settles the delivery and clears the counter, a failure changes nothing.
    ///
    /// # Errors
    /// Of the database.
    pub fn apply(&self, tx: &mut Tx<'_>, ctx: &Ctx) -> Result<Attempt, Fault> {
        record(tx, ctx, &self.outgoing, &self.outcome, Turn::ByHand)?;
        let written = attempts::find(tx, self.outgoing.endpoint.workspace, self.outgoing.id)?;
        written.ok_or_else(|| Fault::internal("an attempt that was just recorded is gone"))
    }
}

impl Webhooks {
    /// Sends the test event to an endpoint, whether it is on or off. It counts for nothing (treasury contract, section 10.6).
    ///
    /// # Errors
    /// 404; 403.
    pub async fn test(&self, ctx: &Ctx, view: View, id: WebhookId) -> Result<Tested, Fault> {
        let platform = Arc::clone(&self.platform);
        let load = move |tx: &mut Tx<'_>| {
            let endpoint = find(tx, view, id)?;
            let place = secret_place(id);
            let secret = platform.seal.open_text(tx, endpoint.workspace, place, &endpoint.secret)?;
            let headers = open_headers(tx, &platform, &endpoint)?;
            Ok((endpoint, secret, headers))
        };
        let (endpoint, secret, headers) = self.platform.store.read(load).await?;
        check_style(&ctx.caller, endpoint.style)?;
        let outgoing = self.test_outgoing(&endpoint, secret, headers);
        let outcome = outgoing.send(&self.platform, self.settings).await;
        check_withheld(&outcome)?;
        Ok(Tested { outgoing, outcome })
    }

    /// Makes one more attempt of a delivery, with the same event id, also to an endpoint that is off.
    ///
    /// # Errors
    /// 404; 403.
    pub async fn redeliver(&self, ctx: &Ctx, view: View, delivery: DeliveryId) -> Result<Redelivered, Fault> {
        let ctx = ctx.clone();
        let begin = move |tx: &mut Tx<'_>| {
            let missing = || Fault::not_found("Delivery");
            let found = log::find(tx, view, delivery)?;
            let endpoint = target(tx, &found)?.ok_or_else(missing)?;
            log::check_rights(&ctx.caller, &endpoint)?;
            let number = deliveries::begin(tx, found.workspace, delivery)?.ok_or_else(missing)?;
            let numbers = (delivery, ctx.ids.next_bits(), number);
            Outgoing::load(tx, &ctx, endpoint, found.event, numbers)?.ok_or_else(missing)
        };
        let outgoing = self.platform.store.write(begin).await?;
        let outcome = outgoing.send(&self.platform, self.settings).await;
        check_withheld(&outcome)?;
        Ok(Redelivered { outgoing, outcome })
    }
}

/// A node that may make no calls now says so instead of counting a failure.
pub(crate) fn check_withheld(outcome: &Outcome) -> Result<(), Fault> {
    if outcome.withheld {
        let fault = Fault::new(FaultKind::Overloaded, "overloaded", "This server may make no calls now; try again");
        return Err(fault.with_retry_after(1));
    }
    Ok(())
}
