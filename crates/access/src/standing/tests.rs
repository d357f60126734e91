//! On both databases; a closed store stands for a database that is stopped.

use std::net::Ipv4Addr;
use std::sync::atomic::AtomicI64;

use floe_model::access::{KeyKind, make_key_text};
use floe_model::id::{KeyId, WorkspaceId};
use floe_runtime::ids::SystemRandom;
use floe_runtime::outside::{Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ids, Platform, Seal};
use floe_store::Store;
use floe_store::access::keys::Key;

use super::*;
use crate::secret::ServerSecret;
use crate::service::AccessSettings;

struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

struct House {
    access: Access,
    clock: Arc<SetClock>,
}

impl House {
    fn new(store: Store) -> Self {
        let clock = Arc::new(SetClock(AtomicI64::new(1_800_000_000_000_000)));
        let ids = Ids::new(Arc::<SetClock>::clone(&clock), Arc::new(SystemRandom));
        let platform = Arc::new(Platform {
            store,
            clock: Arc::<SetClock>::clone(&clock),
            ids,
            outside: Outside::new(OutsideConfig::default()),
            sandbox: Sandbox::new(SandboxConfig::default()),
            seal: Seal::new([9; 32]),
        });
        let access = Access::new(platform, &ServerSecret::new([7; 32]), AccessSettings::default());
        Self { access, clock }
    }

    /// Adds a key of a kind in live mode; its text.
    async fn add(&self, kind: KeyKind, number: u8) -> (KeyId, String) {
        let text = make_key_text(kind, Mode::Live, &[number; 64]);
        let now = self.clock.now();
        let key = Key {
            workspace: WorkspaceId(1),
            id: KeyId(u128::from(number)),
            kind,
            mode: kind.has_mode().then_some(Mode::Live),
            hash: self.access.hashers.key.hash(&text),
            name: "SDK".to_owned(),
            prefix: "fp_live_".to_owned(),
            scopes: "[]".to_owned(),
            agent_ids: None,
            per_minute: 0,
            per_day: 0,
            is_active: true,
            revision: 1,
            created_by: None,
            created_at: now,
            expires_at: None,
            last_used_at: Some(now),
            last_used_ip: None,
            revoked_at: None,
            rotated_to: None,
        };
        let id = key.id;
        self.access.platform.store.write(move |tx| keys::insert(tx, &key)).await.expect("a key");
        (id, text)
    }

    async fn opens(&self, text: &str) -> Result<WorkspaceId, &'static str> {
        let proven = self.access.authenticate_sdk(text, Mode::Live, Ipv4Addr::LOCALHOST.into()).await;
        proven.map(|identity| identity.caller.workspace).map_err(|fault| fault.code())
    }

    fn pass_ms(&self, millis: i64) {
        self.clock.0.fetch_add(millis * 1_000, Ordering::Relaxed);
    }
}

floe_testkit::on_both! {
    async fn a_revoked_key_is_dead_at_once(store: TestStore) {
        let house = House::new((*store).clone());
        let (id, text) = house.add(KeyKind::PlacementsSdk, 1).await;
        assert_eq!(house.opens(&text).await, Ok(WorkspaceId(1)));
        let now = house.clock.now();
        store.write(move |tx| keys::revoke(tx, WorkspaceId(1), id, now)).await.expect("revoked");
        assert_eq!(house.opens(&text).await, Err("unauthenticated"));
    }

    async fn keys_of_other_kinds_and_strangers_are_unknown(store: TestStore) {
        let house = House::new((*store).clone());
        let (_, management) = house.add(KeyKind::PlacementsManagement, 2).await;
        assert_eq!(house.opens(&management).await, Err("unauthenticated"));
        let stranger = make_key_text(KeyKind::PlacementsSdk, Mode::Live, &[3; 64]);
        assert_eq!(house.opens(&stranger).await, Err("unauthenticated"));
    }

    async fn a_known_key_opens_while_the_database_is_stopped(store: TestStore) {
        let house = House::new((*store).clone());
        let (_, used) = house.add(KeyKind::PlacementsSdk, 4).await;
        let (_, unused) = house.add(KeyKind::PlacementsSdk, 5).await;
        let (_, warm) = house.add(KeyKind::PlacementsSdk, 6).await;
        assert_eq!(house.opens(&used).await, Ok(WorkspaceId(1)));
        assert_eq!(house.access.warm_sdk_keys().await.expect("read"), 3);
        house.access.standing.entries.remove(&house.access.hashers.key.hash(&unused));
        store.close().await;
        for (passed_ms, announced) in [(0, false), (900, false), (60_000, false), (0, true), (3_600_000, true)] {
            house.pass_ms(passed_ms);
            if announced {
                house.access.forget();
            }
            assert_eq!(house.opens(&used).await, Ok(WorkspaceId(1)), "{passed_ms} ms");
            assert_eq!(house.opens(&warm).await, Ok(WorkspaceId(1)), "{passed_ms} ms");
        }
        assert_eq!(house.opens(&unused).await, Err("overloaded"));
    }

    async fn what_was_announced_is_asked_for_before_the_next_request(store: TestStore) {
        let house = House::new((*store).clone());
        let (id, revoked) = house.add(KeyKind::PlacementsSdk, 7).await;
        let (_, other) = house.add(KeyKind::PlacementsSdk, 8).await;
        for text in [&revoked, &other] {
            assert_eq!(house.opens(text).await, Ok(WorkspaceId(1)));
        }
        let now = house.clock.now();
        store.write(move |tx| keys::revoke(tx, WorkspaceId(1), id, now)).await.expect("revoked");
        house.access.prove_standing_again().await.expect("asked");
        store.close().await;
        assert_eq!(house.opens(&other).await, Ok(WorkspaceId(1)));
        assert_eq!(house.opens(&revoked).await, Err("overloaded"), "nothing is left that could open");
    }
}
