//! A workspace with a member of each role, and the services of definitions in their names.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use floe_engine::catalog::Catalog;
use floe_flows::definitions::{self, Autosave, Content, NewFlow, Publish, Record, Saved, VersionRecord};
use floe_model::access::{Caller, Credential, Member, Role, TreasuryRole};
use floe_model::flows::{FlowSettings, Visibility};
use floe_model::id::{FlowId, MemberId, RequestId, SessionId, WorkspaceId};
use floe_model::{Fault, Mode, Timestamp};
use floe_runtime::ids::SystemRandom;
use floe_runtime::outside::{Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ctx, Ids, Platform};
use floe_store::access::{members, memberships};
use floe_store::platform::audit;
use floe_store::{Store, Tx};
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

/// The workspace of every test.
pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId(0x0190_0000_0000_7000_8000_0000_0000_0001);

/// Members; the id is the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Owner = 1,
    Admin = 2,
    /// A builder, who owns the flows of the tests.
    Ann = 3,
    /// Another builder.
    Bob = 4,
    Approver = 5,
    Viewer = 6,
}

impl Who {
    pub(crate) const ALL: [Self; 6] = [Self::Owner, Self::Admin, Self::Ann, Self::Bob, Self::Approver, Self::Viewer];

    pub(crate) fn id(self) -> MemberId {
        MemberId(0x0190_0000_0000_7000_8000_0000_0000_0100 + self as u128)
    }

    const fn role(self) -> Role {
        match self {
            Self::Owner => Role::Owner,
            Self::Admin => Role::Admin,
            Self::Ann | Self::Bob => Role::Builder,
            Self::Approver => Role::Approver,
            Self::Viewer => Role::Viewer,
        }
    }
}

/// A clock that goes on by a second whenever it is read.
struct StepClock(AtomicI64);

impl Clock for StepClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1_000_000, Ordering::Relaxed))
    }
}

#[derive(Clone)]
pub(crate) struct Office {
    pub(crate) platform: Arc<Platform>,
    pub(crate) catalog: Arc<Catalog>,
}

impl Office {
    pub(crate) async fn open(store: &TestStore) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(StepClock(AtomicI64::new(1_760_000_000_000_000)));
        let platform = Arc::new(Platform {
            store: Store::clone(store),
            ids: Ids::new(Arc::clone(&clock), Arc::new(SystemRandom)),
            clock,
            outside: Outside::new(OutsideConfig::default()),
            sandbox: Sandbox::new(SandboxConfig::default()),
            seal: floe_runtime::Seal::new([9; 32]),
        });
        let office = Self { platform, catalog: Arc::new(Catalog::builtin()) };
        office
            .platform
            .store
            .write(move |tx| Who::ALL.into_iter().try_for_each(|who| enrol(tx, who)))
            .await
            .expect("members");
        office
    }

    pub(crate) fn ctx(&self, who: Who) -> Ctx {
        let (name, email) = (format!("{who:?}"), format!("{who:?}@floe.test"));
        let member = Member {
            id: who.id(),
            name,
            email,
            role: who.role(),
            treasury_role: TreasuryRole::of_role(who.role()),
            groups: Vec::new(),
        };
        let caller = Caller {
            workspace: WORKSPACE,
            mode: Mode::Live,
            credential: Credential::Session(SessionId(1)),
            name: member.name.clone(),
            member: Some(member),
            scopes: None,
            agents: None,
        };
        Ctx::new(Arc::clone(&self.platform), Arc::new(caller), RequestId(7))
    }

    /// Runs a service in a transaction of its own.
    pub(crate) async fn act<T: Send + 'static>(
        &self,
        who: Who,
        mut act: impl FnMut(&mut Tx<'_>, &Ctx, &Catalog) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (ctx, catalog) = (self.ctx(who), Arc::clone(&self.catalog));
        self.platform.store.write(move |tx| act(tx, &ctx, &catalog)).await
    }

    /// A new flow of Ann's with the starter definition.
    pub(crate) async fn flow(&self, visibility: Visibility) -> FlowId {
        let new = NewFlow { visibility, ..new_flow("Renewal", self.content(&starter())) };
        self.create(Who::Ann, new).await.expect("a flow").flow.id
    }

    pub(crate) async fn create(&self, who: Who, new: NewFlow) -> Result<Record, Fault> {
        self.act(who, move |tx, ctx, _| definitions::create(tx, ctx, &new)).await
    }

    pub(crate) async fn get(&self, who: Who, id: FlowId) -> Result<Record, Fault> {
        self.act(who, move |tx, ctx, _| definitions::get(tx, ctx, id)).await
    }

    pub(crate) async fn autosave(&self, who: Who, id: FlowId, save: Autosave) -> Result<Saved, Fault> {
        self.act(who, move |tx, ctx, catalog| definitions::autosave(tx, ctx, catalog, id, &save)).await
    }

    pub(crate) async fn publish(&self, who: Who, id: FlowId, publish: Publish) -> Result<VersionRecord, Fault> {
        self.act(who, move |tx, ctx, catalog| definitions::publish(tx, ctx, catalog, id, &publish)).await
    }

    pub(crate) fn content(&self, definition: &Value) -> Content {
        Content::take(definition, &self.catalog).expect("a definition")
    }

    /// Actions of the audit log about a flow, oldest first.
    pub(crate) async fn audited(&self, id: FlowId) -> Vec<String> {
        let filter = audit::Filter { target_id: Some(id.0), ..audit::Filter::default() };
        let entries = self.platform.store.read(move |tx| audit::list(tx, WORKSPACE, &filter, None, 1_000)).await;
        entries.expect("entries").into_iter().rev().map(|entry| entry.action).collect()
    }
}

/// The current draft, as it is.
pub(crate) const CURRENT: Publish = Publish { version: None, summary: None, set_latest: true };

pub(crate) fn new_flow(name: &str, content: Content) -> NewFlow {
    NewFlow {
        name: name.to_owned(),
        description: String::new(),
        icon: None,
        tags: Vec::new(),
        content,
        visibility: Visibility::Private,
        settings: FlowSettings::default(),
    }
}

/// A definition that can be published.
pub(crate) fn starter() -> Value {
    numbered(0)
}

/// A definition that can be published, different for each number.
pub(crate) fn numbered(number: u64) -> Value {
    json!({ "steps": [
        { "id": "start", "type": "api", "data": {}, "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": { "number": number } } },
    ] })
}

fn enrol(tx: &mut Tx<'_>, who: Who) -> Result<(), Fault> {
    let now = Timestamp(1_760_000_000_000_000);
    let member = members::Member {
        id: who.id(),
        name: format!("{who:?}"),
        email: format!("{who:?}@floe.test").to_lowercase(),
        password_hash: None,
        preferences: "{}".to_owned(),
        revision: 1,
        created_at: now,
    };
    members::insert(tx, &member)?;
    memberships::insert(tx, WORKSPACE, who.id(), who.role(), now)
}
