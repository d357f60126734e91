//! An installation on a store of its own, with a clock that the test sets.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use floe_model::access::Caller;
use floe_model::id::{EventId, WorkspaceId};
use floe_model::{Mode, Scope, Timestamp};
use floe_operation::secret::Secret;
use floe_operation::{Config, Operation};
use floe_runtime::ids::SystemRandom;
use floe_runtime::outside::{Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ctx, Ids, Platform, Seal};
use floe_store::platform::events::{self, NewEvent};
use floe_testkit::store::{TestFolder, TestStore};

/// The secret of every installation here.
pub(crate) const SECRET: [u8; 32] = [5; 32];

pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

pub(crate) struct World {
    pub(crate) store: TestStore,
    pub(crate) folder: TestFolder,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) platform: Arc<Platform>,
    pub(crate) operation: Arc<Operation>,
}

impl World {
    pub(crate) fn new(store: TestStore) -> Self {
        Self::with_secret(store, SECRET)
    }

    pub(crate) fn with_secret(store: TestStore, secret: [u8; 32]) -> Self {
        let folder = TestFolder::create();
        let clock = Arc::new(TestClock(AtomicI64::new(1_800_000_000_000_000)));
        let ids = Ids::new(Arc::<TestClock>::clone(&clock), Arc::new(SystemRandom));
        let platform = Arc::new(Platform {
            store: (*store).clone(),
            clock: Arc::<TestClock>::clone(&clock),
            ids,
            outside: Outside::new(OutsideConfig::default()),
            sandbox: Sandbox::new(SandboxConfig::default()),
            seal: Seal::new([9; 32]),
        });
        let operation = Operation::new(Arc::clone(&platform), config(folder.path().to_owned(), secret));
        Self { store, folder, clock, platform, operation: Arc::new(operation) }
    }

    /// The server itself.
    pub(crate) fn ctx(&self) -> Ctx {
        let caller = Arc::new(Caller::system(WorkspaceId(1), Mode::Live));
        Ctx::new(Arc::clone(&self.platform), caller, self.platform.ids.next())
    }

    pub(crate) fn pass_seconds(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    /// Writes one domain event with some text in it; its id.
    pub(crate) async fn event(&self, data: &str) -> EventId {
        let id: EventId = self.platform.ids.next();
        let event = NewEvent {
            id,
            kind: "test.happened",
            subject_id: None,
            data: format!("{data:?}"),
            created_at: self.clock.now(),
        };
        let scope = Scope { workspace: WorkspaceId(1), mode: Mode::Live };
        self.platform.store.write(move |tx| events::publish(tx, scope, &event)).await.expect("an event");
        id
    }
}

fn config(folder: PathBuf, secret: [u8; 32]) -> Config {
    Config {
        version: "0.0.0",
        backup_dir: folder.join("backups"),
        data_dir: folder,
        backup_cron: "15 3 * * *".to_owned(),
        backup_keep: 2,
        run_retention_days: 30,
        secret: Secret::new(secret),
        listen: "127.0.0.1:8700".parse().expect("an address"),
        public_url: "http://127.0.0.1:8700".to_owned(),
        serves_tls: false,
        behind_proxy: false,
        metrics_token: None,
        settings: Vec::new(),
        more_checks: Vec::new(),
    }
}
