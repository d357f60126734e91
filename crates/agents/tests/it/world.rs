//! The slice on a platform whose clock a test can move on. It may call loopback, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use floe_agents::{Agents, Settings};
use floe_model::access::Caller;
use floe_model::id::WorkspaceId;
use floe_model::{Mode, Scope, Timestamp};
use floe_runtime::ids::SystemRandom;
use floe_runtime::outside::{AllowList, Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ctx, Ids, Platform, Seal, SystemClock};
use floe_testkit::store::TestStore;

pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId(1);
pub(crate) const TEST: Scope = Scope { workspace: WORKSPACE, mode: Mode::Test };

/// The machine's clock, moved on by a test.
pub(crate) struct MovedClock(AtomicI64);

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.0.load(Ordering::Relaxed))
    }
}

pub(crate) struct World {
    pub(crate) platform: Arc<Platform>,
    pub(crate) agents: Arc<Agents>,
    clock: Arc<MovedClock>,
    pub(crate) store: TestStore,
}

impl World {
    pub(crate) fn new(store: TestStore) -> Self {
        Self::allowing(store, "127.0.0.1")
    }

    /// With another list of addresses that may be called.
    pub(crate) fn allowing(store: TestStore, allow: &str) -> Self {
        floe_runtime::outside::install_tls_provider();
        let clock = Arc::new(MovedClock(AtomicI64::new(0)));
        let allow = AllowList::parse(allow).unwrap();
        let platform = Arc::new(Platform {
            store: (*store).clone(),
            clock: Arc::<MovedClock>::clone(&clock),
            ids: Ids::new(Arc::<MovedClock>::clone(&clock), Arc::new(SystemRandom)),
            outside: Outside::new(OutsideConfig { allow, ..OutsideConfig::default() }),
            sandbox: Sandbox::new(SandboxConfig::default()),
            seal: Seal::new([9; 32]),
        });
        let agents = Arc::new(Agents::new(Arc::clone(&platform), Settings::default()));
        Self { platform, agents, clock, store }
    }

    /// The server itself, which may do everything, in a mode.
    pub(crate) fn ctx(&self, mode: Mode) -> Ctx {
        let caller = Arc::new(Caller::system(WORKSPACE, mode));
        Ctx::new(Arc::clone(&self.platform), caller, self.platform.ids.next())
    }

    pub(crate) fn pass_seconds(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}
