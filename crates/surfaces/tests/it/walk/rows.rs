//! One line for each route: how it is called well. Everything else about a route is in the table.

mod agents;
mod agents_whatsapp;
mod console;
mod conversations;
mod experiments;
mod flows;
mod knowledge;
mod models;
mod money;
mod payment_runs;
mod placements;
mod placements_assets;
mod placements_events;
mod placements_serving;
mod targeting;
mod threads;
mod transfer;
mod treasury;
mod triggers;
mod workflows;
mod workflows_console;

use serde_json::Value;

/// What the parameters of a path name; `things.rs` makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    None,
    /// A flow with a draft.
    Flow,
    /// A flow with version 1 published and no draft.
    Published,
    /// A flow with versions 1 to 3, of which 1 and 2 are published; `version` is 1.
    Versions,
    /// A flow with three runs.
    Ran,
    /// A run that ended.
    Run,
    /// A run that waits for an approval.
    Waiting,
    /// Its item in the inbox.
    Item,
    Key,
    Token,
    /// A session of the same member, besides the one that calls.
    Session,
    /// A run that failed.
    Failed,
    /// A run that ended and the `span_id` of its first step.
    Span,
    /// The `token` of a share link.
    Link,
    File,
    Variable,
    Connection,
    Group,
    Invite,
    /// A member besides the owner.
    Member,
    /// A job that runs many runs again.
    Job,
    AuditEntry,
    /// An entry of the request log.
    Request,
    /// Credits that were granted.
    Grant,
    /// A saved recipient of the treasury.
    Recipient,
    /// An approval rule of the treasury.
    ApprovalRule,
    /// An entry of the treasury's blocklist.
    Block,
    /// A key of the treasury.
    TreasuryKey,
    /// A payment run with two candidates that nobody planned yet; `candidate_id` is one of them.
    PaymentRun,
    /// Such a run that waits for approval.
    PaymentRunWaiting,
    /// Such a run that was cancelled.
    PaymentRunEnded,
    /// A schedule of payment runs.
    ScheduledRun,
    /// Money in the wallet, and a payout that is under way; `id` is its transaction.
    Transaction,
    /// A webhook of style treasury with two entries in its log; `delivery_id` is one of them.
    TreasuryWebhook,
    /// An app of placements: `appId`.
    App,
    /// A user of an app of placements: `appId`, `userId`.
    Reporter,
    /// A key of placements.
    PlacementsKey,
    /// A screen flow that nobody published, in an app of two: `appId`, `flowId`.
    ScreenFlow,
    /// A version of a screen flow of three: `appId`, `flowId`, `versionId`, and `other`, the version after it.
    ScreenVersion,
    /// A placement with a published version, in an app of two: `appId`, `key`, `versionId`.
    Placement,
    /// A draft of an experiment, in an app of two: `appId`, `id`, `key`, `versionId`, `other`, `variantId`.
    Experiment,
    /// One that runs, with a user who was assigned a variant and is forced to it: also `userId`.
    ExperimentRunning,
    /// One that pauses.
    ExperimentPaused,
    /// A saved audience that nothing uses, in an app of two: `appId`, `id`.
    Audience,
    /// A font file of an app of placements, one of two: `appId`, `id`, and of its address `workspaceId`, `file`.
    Font,
    /// The same of a media file.
    Media,
    /// An agent with two versions: `id` and `agent_id`, `n`, and `aid`, something that happened to it.
    Agent,
    /// Something that happened to an agent: `agent_id`, `id`.
    AgentEntry,
    /// An agent with a WhatsApp connection: `id`, `agent_id`.
    Connected,
    /// A knowledge base without documents.
    KnowledgeBase,
    /// A document of a knowledge base of three: `id` of the base, `doc_id`.
    KnowledgeDocument,
    /// A provider of models without any.
    ModelProvider,
    /// A model that is not the default one.
    Model,
    /// A webhook of style standard.
    Webhook,
    /// A delivery to it.
    Delivery,
    /// A domain event.
    Event,
    /// A thread in the hands of a person: `id`, `thread_id`, `agent_id`, and `message_id` of a message of the agent.
    Thread,
    /// A thread of the workflow API with a reply: `id`.
    Conversation,
    /// An agent with another such thread: `id`.
    Conversations,
    /// One such thread with another message: `id`.
    Said,
    /// An agent that remembers something of another person: `id`, `user_id`.
    Memory,
    /// A workflow of three nodes that only compute.
    Workflow,
    /// A workflow with a draft beside version 1: `id`, `n`.
    WorkflowDraft,
    /// An execution that ended: `id`.
    Execution,
    /// An execution that waits for a review of the node `ask`: `id`.
    Reviewed,
    /// A trigger of a workflow that has an address: `id`.
    Trigger,
    /// A call of such an address: `id` of the trigger, `request_id`.
    TriggerRequest,
    /// A webhook of style workflow.
    WorkflowWebhook,
}

pub use agents::make as agent;
pub use agents_whatsapp::make as connected_agent;
pub use conversations::make as conversation;
pub use experiments::make as experiment;
pub use knowledge::make as knowledge;
pub use models::make as model;
pub use payment_runs::run as payment_run;
pub use placements::make as placements_thing;
pub use placements_assets::make as placements_file;
pub use targeting::make as targeting_thing;
pub use threads::make as thread;
pub use triggers::make as trigger;
pub use workflows::make as workflow;
pub use workflows_console::make as workflow_draft;

/// How a route is called well.
pub struct Row {
    pub method: &'static str,
    pub path: &'static str,
    pub thing: Thing,
    /// What fills the list.
    pub lists: Thing,
    /// Why its list is not walked page by page here.
    pub not_walked: &'static str,
    pub body: Option<fn(&Value) -> Value>,
    /// Another body as good as the first.
    pub other: Option<fn(&Value) -> Value>,
    /// Fields whose problems are told under the name of another one.
    pub told_elsewhere: &'static [&'static str],
    /// Calling it well ends the session that calls.
    pub ends_session: bool,
    /// Why it cannot be called well here; another test does it then.
    pub cannot_succeed: &'static str,
}

fn row(method: &'static str, path: &'static str, thing: Thing) -> Row {
    Row {
        method,
        path,
        thing,
        lists: Thing::None,
        not_walked: "",
        body: None,
        other: None,
        told_elsewhere: &[],
        ends_session: false,
        cannot_succeed: "",
    }
}

impl Row {
    fn body(self, body: fn(&Value) -> Value) -> Self {
        Self { body: Some(body), ..self }
    }

    fn other(self, other: fn(&Value) -> Value) -> Self {
        Self { other: Some(other), ..self }
    }

    fn lists(self, thing: Thing) -> Self {
        Self { lists: thing, ..self }
    }

    /// A list that is not walked.
    fn fixed(self, why: &'static str) -> Self {
        Self { not_walked: why, ..self }
    }

    fn told_elsewhere(self, fields: &'static [&'static str]) -> Self {
        Self { told_elsewhere: fields, ..self }
    }

    fn ends_session(self) -> Self {
        Self { ends_session: true, cannot_succeed: "it ends the session", ..self }
    }

    fn cannot_succeed(self, why: &'static str) -> Self {
        Self { cannot_succeed: why, ..self }
    }
}

/// Every row.
pub fn rows() -> Vec<Row> {
    [
        root(),
        agents::all(),
        knowledge::all(),
        agents_whatsapp::all(),
        console::all(),
        conversations::all(),
        experiments::all(),
        flows::all(),
        treasury::all(),
        models::all(),
        money::all(),
        payment_runs::all(),
        placements::all(),
        placements_assets::all(),
        placements_events::all(),
        placements_serving::all(),
        targeting::all(),
        threads::all(),
        transfer::all(),
        triggers::all(),
        workflows::all(),
        workflows_console::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const METRICS: &str = "only for this machine or with a token; see operation.rs";

fn root() -> Vec<Row> {
    use Thing::None;
    vec![
        row("GET", "/health/live", None),
        row("GET", "/health/ready", None),
        row("GET", "/openapi.json", None),
        row("GET", "/openapi.yaml", None),
        row("GET", "/openapi/{document}", None).cannot_succeed("needs a name; see documents.rs"),
        row("GET", "/", None),
        row("GET", "/favicon.ico", None),
        row("GET", "/api/v1/health/live", None),
        row("GET", "/api/v1/health/ready", None),
        row("GET", "/metrics", None).cannot_succeed(METRICS),
        row("GET", "/api/v1/metrics", None).cannot_succeed(METRICS),
        row("GET", "/ui/", None),
        row("GET", "/ui/account.js", None),
        row("GET", "/ui/icon.svg", None),
        row("GET", "/ui/invite", None),
        row("GET", "/ui/link", None),
        row("GET", "/ui/reset", None),
        row("GET", "/ui/setup", None),
        row("GET", "/ui/setup.css", None),
        row("GET", "/ui/setup.js", None),
    ]
}
