//! The agent *Shop helper*: its handbook, its tool that asks a person first, and what people have asked it (console contract, section 9).

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use floe_agents::Agents;
use floe_agents::agents;
use floe_agents::exchanges::{NewExchange, Outcome};
use floe_agents::knowledge::bases::{self, NewBase};
use floe_agents::knowledge::documents::{self, About, NewDocument};
use floe_agents::threads::{self, Turn};
use floe_model::Fault;
use floe_model::agents::embedding;
use floe_model::agents::envelope::Finish;
use floe_model::agents::message::Message;
use floe_model::id::{AgentId, FlowId, KnowledgeBaseId, WorkspaceId};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::knowledge_documents::{self as rows, Page};
use serde_json::{Map, Value, json};

use super::people::People;

/// Its name.
pub(super) const NAME: &str = "Shop helper";
/// What it knows.
pub(super) const HANDBOOK: &str = "Shop handbook";
/// What the printed line asks.
pub(super) const QUESTION: &str = "When are you open on Sunday?";
/// The tool, by the words in which people ask for it.
const TOOL: &str = "refund_request";

/// The handbook.
const DOCUMENTS: [(&str, &str); 6] = [
    ("opening-hours.md", include_str!("handbook/opening-hours.md")),
    ("delivery.md", include_str!("handbook/delivery.md")),
    ("returns.md", include_str!("handbook/returns.md")),
    ("warranty.md", include_str!("handbook/warranty.md")),
    ("payment.md", include_str!("handbook/payment.md")),
    ("account.md", include_str!("handbook/account.md")),
];

/// Who asked what: the thread and its questions.
const ANSWERED: (&str, [&str; 2]) =
    ("visitor-118", ["How long do I have to return a parcel?", "And does the warranty cover a broken lamp?"]);
const WAITING: (&str, &str) =
    ("order-4711", "Please file a refund request for \"Bola Adeyemi\" over 180, the reason is \"arrived broken\".");
const HANDED_OVER: (&str, &str) =
    ("visitor-121", "I need an invoice with the name of my company. Can a person help me?");
/// What the colleague noted when she took the thread over.
const NOTE: &str = "Wants an invoice for an order of last year; look it up by hand.";

/// Longest wait for the handbook to be searchable.
const READY_MAX: Duration = Duration::from_secs(30);

/// What was made.
pub(super) struct Support {
    pub(super) agent: AgentId,
    pub(super) base: KnowledgeBaseId,
    pub(super) documents: usize,
    /// Threads by what came of them: answered, waiting for an approval, handed over.
    pub(super) threads: [&'static str; 3],
}

/// Makes the agent with its handbook, and lets people ask it. The flow becomes its tool.
pub(super) async fn make(agents: &Arc<Agents>, people: &People, flow: FlowId) -> anyhow::Result<Support> {
    let owner = &people.as_owner;
    let base = fill(owner).await.context("the handbook")?;
    let body = agent(base, flow);
    let ctx = owner.clone();
    let made = owner.store.write(move |tx| agents::create(tx, &ctx, &body, None)).await.context("the agent")?;
    until_searchable(owner, base).await?;
    let support =
        Support { agent: made.id, base, documents: DOCUMENTS.len(), threads: [ANSWERED.0, WAITING.0, HANDED_OVER.0] };
    talk(agents, people, made.id).await?;
    Ok(support)
}

fn agent(base: KnowledgeBaseId, flow: FlowId) -> Map<String, Value> {
    let body = json!({
        "name": NAME,
        "description": "Answers customers of the shop from its handbook, and asks for refunds in their name.",
        "instructions": "You help customers of a shop for lamps and speakers. Answer from the handbook only and say where it stands. \
                         A refund is asked for with the tool; a person decides about it.",
        "model": "offline",
        "tools": [
            { "type": "knowledge", "knowledge_base_ids": [base.prefixed()], "top_k": 3 },
            { "type": "flow", "flow_id": flow.to_string(), "name": TOOL, "description": "Asks for a refund for a customer.",
              "requires_approval": true },
        ],
    });
    let Value::Object(body) = body else { unreachable!("an object was written") };
    body
}

/// Makes the base with its documents; jobs read them.
async fn fill(owner: &Ctx) -> anyhow::Result<KnowledgeBaseId> {
    let base = NewBase {
        id: None,
        name: HANDBOOK.to_owned(),
        description: Some("What the staff of the shop goes by".to_owned()),
        embedding_model: embedding::NAME.to_owned(),
        chunk_size: None,
        chunk_overlap: None,
    };
    let documents = DOCUMENTS.iter().map(|(name, text)| {
        let about = About { file_name: (*name).to_owned(), ..About::default() };
        NewDocument::read(about, "content", text.as_bytes().to_vec())
    });
    let documents: Vec<NewDocument> = documents.collect::<Result<_, Fault>>()?;
    let ctx = owner.clone();
    let making = owner.store.write(move |tx| {
        let base = bases::create(tx, &ctx, &base)?.base.id;
        for document in &documents {
            documents::add(tx, &ctx, &base.prefixed(), document)?;
        }
        Ok(base)
    });
    Ok(making.await?)
}

/// Waits until every document can be searched: each step of the work on them is a change that the store tells of.
async fn until_searchable(owner: &Ctx, base: KnowledgeBaseId) -> anyhow::Result<()> {
    let workspace = owner.caller.workspace;
    let waiting = async {
        let mut changes = owner.store.watch();
        loop {
            let states = owner.store.read(move |tx| states(tx, workspace, base)).await?;
            if let Some(failed) = states.iter().find(|state| *state == "failed") {
                bail!("a document of the handbook is {failed}");
            }
            if states.iter().all(|state| state == "ready") {
                return Ok(());
            }
            // Changes that were missed are looked at all the same: everything is read anew.
            let _ = changes.recv().await;
        }
    };
    tokio::time::timeout(READY_MAX, waiting).await.context("the handbook is not searchable")?
}

fn states(tx: &mut Tx<'_>, workspace: WorkspaceId, base: KnowledgeBaseId) -> Result<Vec<String>, Fault> {
    let page = Page { limit: DOCUMENTS.len(), ..Page::default() };
    Ok(rows::list(tx, workspace, base, &page)?.into_iter().map(|document| document.status).collect())
}

/// Three conversations: one is answered, one waits for an approval, one is taken over by the colleague.
async fn talk(agents: &Arc<Agents>, people: &People, agent: AgentId) -> anyhow::Result<()> {
    let program = &people.as_support;
    for question in ANSWERED.1 {
        let outcome = ask(agents, program, agent, ANSWERED.0, question).await?;
        ensure!(outcome.text.contains(".md"), "an answer names no document: {}", outcome.text);
    }
    let outcome = ask(agents, program, agent, WAITING.0, WAITING.1).await?;
    ensure!(outcome.finish == Some(Finish::Approval), "the refund was not asked for: {}", outcome.text);
    ask(agents, program, agent, HANDED_OVER.0, HANDED_OVER.1).await?;
    let ctx = people.as_colleague.clone();
    let handing = people.as_colleague.store.write(move |tx| {
        let turn = Turn::of(&ctx);
        let thread = threads::named(tx, turn.scope, agent, HANDED_OVER.0)?;
        threads::hand_over(tx, &ctx, &turn, thread.id, Some(NOTE.to_owned()))
    });
    handing.await.context("a thread is not handed over")?;
    Ok(())
}

async fn ask(agents: &Arc<Agents>, ctx: &Ctx, agent: AgentId, thread: &str, question: &str) -> anyhow::Result<Outcome> {
    let new = NewExchange { thread: Some(thread.to_owned()), ..NewExchange::new(agent, vec![Message::user(question)]) };
    let outcome = agents.exchange(ctx, new, None).await?;
    ensure!(outcome.code == 200, "{question} is answered with {}", outcome.envelope);
    Ok(outcome)
}
