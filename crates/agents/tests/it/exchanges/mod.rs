//! Exchanges against a model server that says what is written down, over real HTTP.

mod answers;
mod durable;
mod nodes;
mod order;
mod sends;
mod tools;

use std::sync::Arc;

use floe_agents::Agents;
use floe_agents::exchanges::{Accepted, NewExchange, Outcome, Sink};
use floe_agents::models::ProviderKind;
use floe_agents::models::providers::NewProvider;
use floe_agents::models::records::{ModelPatch, NewModel, PricePatch};
use floe_model::agents::message::Message;
use floe_model::id::{AgentId, ExchangeId};
use floe_model::{Fault, Mode};
use floe_runtime::models::ModelKind;
use floe_store::access::{credit_entries, credits};
use floe_store::agents::activity::{self, Filter};
use floe_store::agents::{exchanges, messages, spans, threads};
use floe_testkit::models::{ModelServer, Turn};
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::world::{TEST, World};

/// A workspace with one model, whose answers a test writes down. It costs one credit a call, and a tenth a tool.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) server: ModelServer,
}

impl Stage {
    pub(crate) async fn open(store: TestStore) -> Self {
        let stage = Self { world: World::new(store), server: ModelServer::start().await };
        let (agents, ctx) = (Arc::clone(&stage.world.agents), stage.world.ctx(Mode::Test));
        let new = NewProvider {
            name: "scripted".to_owned(),
            kind: Some(ProviderKind::OpenaiCompatible),
            base_url: Some(stage.server.openai_url()),
            api_key: Some("sk-test".to_owned()),
            ..NewProvider::default()
        };
        stage
            .world
            .platform
            .store
            .write(move |tx| {
                let provider = agents.models.create_provider(tx, &ctx, &new)?;
                let price = PricePatch { per_call: Some(1_000), per_tool_call: Some(100), ..PricePatch::default() };
                let model = NewModel {
                    name: "m".to_owned(),
                    provider: provider.row.id,
                    upstream_model: "up".to_owned(),
                    kind: ModelKind::Chat,
                    set: ModelPatch { price, ..ModelPatch::default() },
                };
                agents.models.create_model(tx, &ctx, &model)
            })
            .await
            .unwrap();
        stage
    }

    /// An agent with these members beside the usual ones.
    pub(crate) async fn agent(&self, members: Value) -> AgentId {
        let mut body = json!({ "name": "Helper", "instructions": "Be brief.", "model": "m" });
        for (name, value) in members.as_object().unwrap() {
            body[name] = value.clone();
        }
        let (ctx, body) = (self.world.ctx(Mode::Test), body.as_object().unwrap().clone());
        let create = move |tx: &mut floe_store::Tx<'_>| floe_agents::agents::create(tx, &ctx, &body, None);
        self.world.platform.store.write(create).await.unwrap().id
    }

    pub(crate) async fn ask(&self, new: NewExchange) -> Result<Outcome, Fault> {
        self.ask_on(&self.world.agents, new, None).await
    }

    pub(crate) async fn ask_on(
        &self,
        agents: &Arc<Agents>,
        new: NewExchange,
        sink: Option<Sink>,
    ) -> Result<Outcome, Fault> {
        agents.exchange(&self.world.ctx(Mode::Test), new, sink).await
    }

    /// Accepts one that nobody waits for.
    pub(crate) async fn accept(&self, new: NewExchange) -> ExchangeId {
        let agents = Arc::clone(&self.world.agents);
        let ready = agents.prepare(&self.world.ctx(Mode::Test), new).await.unwrap();
        let accept = move |tx: &mut floe_store::Tx<'_>| agents.accept_in_background(tx, &ready);
        match self.world.platform.store.write(accept).await.unwrap() {
            Accepted::Taken(id) | Accepted::Known(id) => id,
            Accepted::Refused(outcome) => panic!("refused: {outcome:?}"),
        }
    }

    /// The messages of a thread that are not hidden, as `role: content`.
    pub(crate) async fn said(&self, agent: AgentId, thread: &str) -> Vec<String> {
        let thread = thread.to_owned();
        let read = move |tx: &mut floe_store::Tx<'_>| {
            let Some(found) = threads::by_name(tx, TEST, agent, &thread)? else { return Ok(Vec::new()) };
            let list = messages::last(tx, TEST.workspace, found.id, (0, i64::MAX), 500)?;
            assert_eq!(i64::try_from(list.len()).unwrap(), found.message_count);
            Ok(list)
        };
        let list = self.world.platform.store.read(read).await.unwrap();
        list.iter().map(|one| format!("{}: {}", one.role.as_str(), one.content.to_json())).collect()
    }

    /// The balance, and what is held of it, in thousandths.
    pub(crate) async fn balance(&self) -> (i64, i64) {
        let ledger = self.world.platform.store.read(|tx| credits::find(tx, TEST)).await.unwrap().unwrap();
        (ledger.account.balance, ledger.account.held)
    }

    /// Leaves the ledger with so much.
    pub(crate) async fn set_balance(&self, amount: i64) {
        let set = move |tx: &mut floe_store::Tx<'_>| credits::set_opening(tx, Mode::Test, amount);
        self.world.platform.store.write(set).await.unwrap();
    }

    /// What was taken for an exchange, in thousandths.
    pub(crate) async fn taken_for(&self, id: ExchangeId) -> Option<i64> {
        let reference = format!("exchange:{id}");
        let read = move |tx: &mut floe_store::Tx<'_>| credit_entries::of_reference(tx, TEST, &reference);
        self.world.platform.store.read(read).await.unwrap().map(|entry| -entry.amount)
    }

    /// What happened to an agent, oldest first, as `type status`.
    pub(crate) async fn activity(&self, agent: AgentId) -> Vec<String> {
        let read = move |tx: &mut floe_store::Tx<'_>| activity::list(tx, TEST, agent, &Filter::default(), None, 100);
        let mut list = self.world.platform.store.read(read).await.unwrap();
        list.sort_by_key(|one| one.id);
        list.iter().map(|one| format!("{} {}", one.kind.as_str(), one.status)).collect()
    }

    /// What happened inside an exchange, as `round kind name status`.
    pub(crate) async fn trace(&self, id: ExchangeId) -> Vec<String> {
        let list = self.world.platform.store.read(move |tx| spans::of(tx, TEST, id)).await.unwrap();
        list.iter()
            .map(|one| format!("{} {} {} {}", one.round, one.kind.as_str(), one.name, one.status.as_str()))
            .collect()
    }

    pub(crate) async fn row(&self, id: ExchangeId) -> exchanges::Exchange {
        self.world.platform.store.read(move |tx| exchanges::find(tx, TEST, id)).await.unwrap().unwrap()
    }

    /// What the model was told at its last call: roles and texts.
    pub(crate) fn told(&self) -> Vec<String> {
        let seen = self.server.seen();
        let list = seen.last().unwrap().body["messages"].as_array().unwrap().clone();
        list.iter().map(|one| format!("{}: {}", one["role"].as_str().unwrap(), one["content"])).collect()
    }
}

/// A message in a thread.
pub(crate) fn says(agent: AgentId, thread: &str, text: &str) -> NewExchange {
    NewExchange { thread: Some(thread.to_owned()), ..NewExchange::new(agent, vec![Message::user(text)]) }
}

pub(crate) fn say(text: &str) -> Turn {
    Turn::say(text)
}
