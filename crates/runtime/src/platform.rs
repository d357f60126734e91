//! The services that every slice shares, and the context of one request or job.

use std::ops::Deref;
use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::access::Caller;
use floe_model::id::RequestId;
use floe_store::Store;

use crate::clock::Clock;
use crate::ids::Ids;
use crate::outside::Outside;
use crate::sandbox::Sandbox;
use crate::seal::Seal;

/// What the whole process shares. Built once at start.
pub struct Platform {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub ids: Ids,
    /// The guarded HTTP client: the only way out.
    pub outside: Outside,
    /// Child processes for user code.
    pub sandbox: Sandbox,
    /// Seals what is secret at rest.
    pub seal: Seal,
}

/// The context of one request or job: who calls, and the platform. Every service function takes it first.
#[derive(Clone)]
pub struct Ctx {
    /// Who calls, with which rights.
    pub caller: Arc<Caller>,
    /// The id under which the request log and every answer name this request.
    pub request_id: RequestId,
    platform: Arc<Platform>,
}

impl Ctx {
    /// The context of one call.
    #[must_use]
    pub fn new(platform: Arc<Platform>, caller: Arc<Caller>, request_id: RequestId) -> Self {
        Self { caller, request_id, platform }
    }

    /// The same call in the name of another caller, such as the same one in the other mode.
    #[must_use]
    pub fn with_caller(&self, caller: Arc<Caller>) -> Self {
        Self { caller, request_id: self.request_id, platform: Arc::clone(&self.platform) }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.platform.clock.now()
    }
}

impl Deref for Ctx {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        &self.platform
    }
}
