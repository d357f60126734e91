//! Reading the log.

use floe_model::access::Caller;
use floe_model::id::RequestId;
use floe_model::{Fault, Scope};
use floe_store::access::requests;
use floe_store::platform::audit_chain::{self, Sealed};
use floe_store::platform::events::{self, Event};

use super::{Filter, Page, Request};
use crate::service::Access;

/// Events among which those that a request caused are looked for: the newest ones.
const EVENTS_LOOKED_AT: usize = 1_000;

/// A request with what it caused.
pub struct Found {
    /// The request.
    pub request: Request,
    /// Audit entries, oldest first.
    pub entries: Vec<Sealed>,
    /// Domain events of its run and of what its entries name, newest first.
    pub events: Vec<Event>,
}

impl Access {
    /// A page of the requests of the caller's workspace, newest first. A page can be shorter than its limit and have a next one.
    ///
    /// # Errors
    /// Of the database.
    pub async fn request_page(
        &self,
        caller: &Caller,
        filter: Filter,
        before: Option<RequestId>,
        limit: usize,
    ) -> Result<Page, Fault> {
        let workspace = caller.workspace;
        self.platform.store.read(move |tx| requests::list(tx, workspace, &filter, before, limit)).await
    }

    /// One request of the caller's workspace.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn request(&self, caller: &Caller, id: RequestId) -> Result<Found, Fault> {
        let workspace = caller.workspace;
        let reading = self.platform.store.read(move |tx| {
            let Some(request) = requests::find(tx, workspace, id)? else { return Ok(None) };
            let entries = audit_chain::of_request(tx, workspace, id)?;
            let mut subjects: Vec<u128> =
                entries.iter().filter_map(|sealed| sealed.entry.target.as_ref()?.id).collect();
            subjects.extend(request.run_id.map(|run| run.0));
            let mut events = events::latest(tx, Scope { workspace, mode: request.mode }, None, EVENTS_LOOKED_AT)?;
            events.retain(|event| {
                event.created_at >= request.at && event.subject_id.is_some_and(|subject| subjects.contains(&subject))
            });
            Ok(Some(Found { request, entries, events }))
        });
        reading.await?.ok_or_else(|| Fault::not_found("Request"))
    }
}
