//! Attempts that somebody asks for: a test, one delivery once more.

use std::sync::Arc;

use floe_model::id::{DeliveryId, WebhookId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::webhooks::attempts::{self, Attempt};
use floe_store::webhooks::{deliveries, endpoints as rows};

use crate::attempt::{Outcome, Outgoing, open_headers, secret_place};
use crate::endpoints::{View, check_style, find};
use crate::record::{Turn, record, store_test};
use crate::{Webhooks, log};

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// The attempt, as it stands in the log.
    pub delivery: DeliveryId,
    /// What came of it.
    pub outcome: Outcome,
}

impl Webhooks {
    /// Sends the test event to an endpoint, whether it is on or off. It counts for nothing (treasury contract, section 10.6).
    ///
    /// # Errors
    /// 404; 403.
    pub async fn test(&self, ctx: &Ctx, view: View, id: WebhookId) -> Result<Tested, Fault> {
        let platform = Arc::clone(&self.platform);
        let (endpoint, secret, headers) = self
            .platform
            .store
            .read(move |tx| {
                let endpoint = find(tx, view, id)?;
                let place = secret_place(id);
                let secret = platform.seal.open_text(tx, endpoint.workspace, place, &endpoint.secret)?;
                let headers = open_headers(tx, &platform, &endpoint)?;
                Ok((endpoint, secret, headers))
            })
            .await?;
        check_style(&ctx.caller, endpoint.style)?;
        let outgoing = self.test_outgoing(&endpoint, secret, headers);
        let outcome = outgoing.send(&self.platform, self.settings).await;
        check_withheld(&outcome)?;
        let (platform, sent, came) = (Arc::clone(&self.platform), outgoing.clone(), outcome.clone());
        self.platform.store.write(move |tx| store_test(tx, &platform, &sent, &came)).await?;
        Ok(Tested { delivery: outgoing.delivery, outcome })
    }

    /// Makes one more attempt of a delivery, with the same event id, also to an endpoint that is off; returns it. A success settles the
    /// delivery and clears the counter, a failure changes nothing.
    ///
    /// # Errors
    /// 404; 403.
    pub async fn redeliver(&self, ctx: &Ctx, view: View, delivery: DeliveryId) -> Result<Attempt, Fault> {
        let platform = Arc::clone(&self.platform);
        let begun = self.platform.store.write({
            let ctx = ctx.clone();
            move |tx| {
                let found = log::find(tx, view, delivery)?;
                let endpoint = rows::find(tx, found.workspace, found.endpoint)?;
                let endpoint = endpoint.ok_or_else(|| Fault::not_found("Delivery"))?;
                log::check_rights(&ctx.caller, &endpoint)?;
                let number = deliveries::begin(tx, found.workspace, delivery)?;
                let number = number.ok_or_else(|| Fault::not_found("Delivery"))?;
                let numbers = (delivery, platform.ids.next_bits(), number);
                let outgoing = Outgoing::load(tx, &platform, endpoint, found.event, numbers)?;
                outgoing.ok_or_else(|| Fault::not_found("Delivery"))
            }
        });
        let outgoing = begun.await?;
        let outcome = outgoing.send(&self.platform, self.settings).await;
        check_withheld(&outcome)?;
        let platform = Arc::clone(&self.platform);
        let write = self.platform.store.write(move |tx| {
            record(tx, &platform, &outgoing, &outcome, Turn::ByHand)?;
            attempts::find(tx, outgoing.endpoint.workspace, outgoing.id)
        });
        write.await?.ok_or_else(|| Fault::internal("an attempt that was just recorded is gone"))
    }
}

/// A node that may make no calls now says so instead of counting a failure.
fn check_withheld(outcome: &Outcome) -> Result<(), Fault> {
    if outcome.withheld {
        let fault = Fault::new(FaultKind::Overloaded, "overloaded", "This server may make no calls now; try again");
        return Err(fault.with_retry_after(1));
    }
    Ok(())
}
