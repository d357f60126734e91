//! A platform with a clock that can be moved on, endpoints, and events of the treasury.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use floe_model::access::Caller;
use floe_model::id::{DeliveryId, WebhookId, WorkspaceId};
use floe_model::webhooks::Style;
use floe_model::{Mode, Scope, Timestamp};
use floe_runtime::ids::SystemRandom;
use floe_runtime::outside::{AllowList, Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ctx, Ids, Platform, Seal, SystemClock};
use floe_store::Change;
use floe_store::webhooks::attempts::{self, Attempt};
use floe_store::webhooks::deliveries::{self, Delivery, Filter};
use floe_store::webhooks::endpoints::Endpoint;
use floe_store::webhooks::{NewMessage, enqueue};
use floe_testkit::store::TestStore;
use floe_webhooks::endpoints::{Made, NewEndpoint, View};
use floe_webhooks::{Engine, Outcome, Settings, Webhooks};

pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId(1);
pub(crate) const LIVE: Scope = Scope { workspace: WORKSPACE, mode: Mode::Live };
pub(crate) const VIEW: View = View::Treasury(LIVE);
/// How long an attempt may take here.
pub(crate) const ATTEMPT_MS: u64 = 400;
/// After that a test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// The machine's clock, moved on by a test.
pub(crate) struct MovedClock(AtomicI64);

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.0.load(Ordering::Relaxed))
    }
}

pub(crate) struct World {
    pub(crate) platform: Arc<Platform>,
    pub(crate) webhooks: Webhooks,
    clock: Arc<MovedClock>,
    pub(crate) store: TestStore,
}

impl World {
    pub(crate) fn new(store: TestStore) -> Self {
        Self::with(store, Settings { attempt_ms: ATTEMPT_MS, ..Settings::default() })
    }

    pub(crate) fn with(store: TestStore, settings: Settings) -> Self {
        floe_runtime::outside::install_tls_provider();
        let clock = Arc::new(MovedClock(AtomicI64::new(0)));
        let allow = AllowList::parse("127.0.0.1").unwrap();
        let platform = Arc::new(Platform {
            store: (*store).clone(),
            clock: Arc::<MovedClock>::clone(&clock),
            ids: Ids::new(Arc::<MovedClock>::clone(&clock), Arc::new(SystemRandom)),
            outside: Outside::new(OutsideConfig { allow, ..OutsideConfig::default() }),
            sandbox: Sandbox::new(SandboxConfig::default()),
            seal: Seal::new([9; 32]),
        });
        let webhooks = Webhooks::new(Arc::clone(&platform), settings);
        Self { platform, webhooks, clock, store }
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine::start(self.webhooks.clone())
    }

    /// The server itself, which may do everything.
    pub(crate) fn ctx(&self) -> Ctx {
        let caller = Arc::new(Caller::system(WORKSPACE, Mode::Live));
        Ctx::new(Arc::clone(&self.platform), caller, self.platform.ids.next())
    }

    /// Moves the clock on and lets the engine look.
    pub(crate) async fn pass_seconds(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
        let looks = self.store.write(|tx| {
            tx.announce(Change::Many);
            Ok(())
        });
        looks.await.unwrap();
    }

    pub(crate) fn wanted(url: String, events: &[&str]) -> NewEndpoint {
        NewEndpoint {
            name: None,
            style: Style::Treasury,
            mode: Some(Mode::Live),
            url,
            events: events.iter().map(|name| (*name).to_owned()).collect(),
            headers: Vec::new(),
            is_active: None,
        }
    }

    /// An endpoint, its test sent.
    pub(crate) async fn make(&self, new: NewEndpoint) -> Made {
        let ctx = self.ctx();
        let prepared = self.webhooks.prepare(&ctx, new).await.unwrap();
        self.store.write(move |tx| prepared.apply(tx, &ctx)).await.unwrap()
    }

    /// An endpoint for both outcomes of payouts.
    pub(crate) async fn payouts(&self, url: String) -> Made {
        self.make(Self::wanted(url, &["payout.succeeded", "payout.failed"])).await
    }

    /// A payout has succeeded; `number` is in the data. Returns how many deliveries will be attempted.
    pub(crate) async fn succeed(&self, number: usize) -> usize {
        self.happen(LIVE, "treasury.payout.succeeded", number).await
    }

    pub(crate) async fn happen(&self, scope: Scope, kind: &'static str, number: usize) -> usize {
        let platform = Arc::clone(&self.platform);
        let write = self.store.write(move |tx| {
            let data = format!(r#"{{"number":{number},"amount":350000.00}}"#);
            let message = NewMessage { kind, subject_id: None, data: &data, at: platform.clock.now() };
            enqueue(tx, scope, &message, &mut || platform.ids.next_bits())
        });
        write.await.unwrap()
    }

    /// One more attempt, by hand.
    pub(crate) async fn redeliver(&self, delivery: DeliveryId) -> Attempt {
        let ctx = self.ctx();
        let sent = self.webhooks.redeliver(&ctx, VIEW, delivery).await.unwrap();
        self.store.write(move |tx| sent.apply(tx, &ctx)).await.unwrap()
    }

    /// A test; what came of it.
    pub(crate) async fn test(&self, id: WebhookId) -> Outcome {
        let ctx = self.ctx();
        let sent = self.webhooks.test(&ctx, VIEW, id).await.unwrap();
        let outcome = sent.outcome.clone();
        self.store.write(move |tx| sent.apply(tx, &ctx)).await.unwrap();
        outcome
    }

    pub(crate) async fn endpoint(&self, id: WebhookId) -> Endpoint {
        self.store.read(move |tx| floe_store::webhooks::endpoints::find(tx, WORKSPACE, id)).await.unwrap().unwrap()
    }

    /// The log of an endpoint, oldest first, without the test at its making.
    pub(crate) async fn log(&self, id: WebhookId) -> Vec<Attempt> {
        let mut log = self.store.read(move |tx| attempts::of_endpoint(tx, WORKSPACE, id, 0, 1_000)).await.unwrap();
        log.retain(|entry| entry.kind != "treasury.webhook.test");
        log.reverse();
        log
    }

    /// The deliveries of an endpoint, oldest first, without the test at its making.
    pub(crate) async fn deliveries(&self, id: WebhookId) -> Vec<Delivery> {
        let filter = Filter { endpoint: Some(id), ..Filter::default() };
        let mut list = self.store.read(move |tx| deliveries::list(tx, WORKSPACE, &filter, None, 1_000)).await.unwrap();
        list.retain(|delivery| delivery.kind != "treasury.webhook.test");
        list.reverse();
        list
    }

    /// Waits until the log of an endpoint has this many entries.
    pub(crate) async fn logged(&self, id: WebhookId, count: usize) -> Vec<Attempt> {
        for _ in 0..PATIENCE.as_millis() / 5 {
            let log = self.log(id).await;
            if log.len() >= count {
                return log;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{count} entries are expected in the log, it has {:#?}", self.log(id).await);
    }
}
