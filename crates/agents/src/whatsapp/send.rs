//! Sending a template: written down, sent once, and told (Agents contract, sections 4.2 and 4.3).

use std::sync::Arc;

use floe_model::agents::activity::Kind;
use floe_model::agents::exchange::Channel;
use floe_model::agents::message::{Content, Role};
use floe_model::agents::whatsapp::{Judgement, TemplateMessage};
use floe_model::id::{AgentId, to_base32};
use floe_model::{Fault, Mode, Scope};
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::agents::activity::{self, NewActivity};
use floe_store::agents::contacts;
use floe_store::agents::whatsapp_connections::ConnectionRow;
use floe_store::platform::jobs::{self, Job, NewJob};
use serde_json::{Value, json};

use super::GraphSettings;
use super::connection::{self, learn};
use super::graph::{self, Outcome};
use crate::threads::{self, Addition};

/// Name of the job that tells of sends whose process was killed.
const JOB: &str = "agents.whatsapp_left_behind";
/// Seconds after which a send that nobody has finished is told as unknown: longer than any send takes.
const LEFT_BEHIND_S: i64 = 300;

/// A send that is written down and not made yet.
#[derive(Clone)]
pub struct Ready {
    id: u128,
    scope: Scope,
    agent: AgentId,
    connection: ConnectionRow,
    /// None in test mode: nothing is sent then.
    token: Option<String>,
}

/// What came of a send.
#[derive(Debug, Clone)]
pub enum Sent {
    /// The network took it; its answer as it came.
    Taken {
        /// The answer.
        answer: Value,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// The network refused it, or nobody knows.
    Judged {
        /// What it means.
        judgement: Judgement,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// No byte of it has left.
    NotSent {
        /// Why, in words that hold no secret.
        reason: String,
    },
}

/// Writes a send down. It has to be made after this transaction, once.
///
/// # Errors
/// 404 for an agent without a connection.
pub fn begin(tx: &mut Tx<'_>, ctx: &Ctx, agent: AgentId, message: &TemplateMessage) -> Result<Ready, Fault> {
    let scope = ctx.caller.scope();
    let connection = connection::find(tx, scope.workspace, agent)?;
    let token = match scope.mode {
        Mode::Live => Some(connection::open(tx, ctx, &connection)?),
        Mode::Test => None,
    };
    let (id, now) = (ctx.ids.next_bits(), ctx.now());
    let job = NewJob {
        id: ctx.ids.next(),
        workspace: scope.workspace,
        mode: Some(scope.mode),
        kind: JOB,
        subject_id: Some(id),
        payload: json!({ "agent": agent, "request": ctx.request_id, "about": about(message) }).to_string(),
        due_at: now.plus_seconds(LEFT_BEHIND_S),
        created_at: now,
    };
    jobs::enqueue(tx, &job)?;
    Ok(Ready { id, scope, agent, connection, token })
}

/// Makes a send. Not to be given up half-way: whoever calls it does so in a task of its own.
pub async fn perform(platform: &Platform, settings: &GraphSettings, ready: &Ready, message: &TemplateMessage) -> Sent {
    let Some(token) = &ready.token else {
        let answer = message.test_answer(&to_base32(ready.id));
        return Sent::Taken { answer, duration_ms: 0 };
    };
    let number = &ready.connection.phone_number_id;
    let answered = graph::send(platform, settings, number, token, &message.payload()).await;
    let duration_ms = answered.duration_ms;
    match answered.outcome {
        Outcome::Taken(answer) => Sent::Taken { answer, duration_ms },
        Outcome::Judged(judgement) => Sent::Judged { judgement, duration_ms },
        Outcome::NotSent { reason, .. } => Sent::NotSent { reason },
    }
}

/// Writes down what came of a send: contact and thread, activity, and what was learned of the connection.
///
/// # Errors
/// Of the database.
pub fn finish(tx: &mut Tx<'_>, ctx: &Ctx, ready: &Ready, message: &TemplateMessage, sent: &Sent) -> Result<(), Fault> {
    // What was left for so long that it was told already is not told again.
    if !jobs::cancel(tx, JOB, ready.id)? {
        return Ok(());
    }
    let mut told = NewActivity::new(ctx.ids.next(), ready.agent, Kind::WhatsappFailed, ctx.now());
    told.thread = Some(message.thread_alias());
    told.request = Some(ctx.request_id);
    told.channel = Some("whatsapp".to_owned());
    let mut detail = about(message);
    match sent {
        Sent::Taken { answer, duration_ms } => {
            told.kind = Kind::WhatsappSent;
            told.execution_ms = i64::try_from(*duration_ms).ok();
            detail["message_id"] = answer.pointer("/messages/0/id").cloned().unwrap_or_default();
            detail["message_status"] = answer.pointer("/messages/0/message_status").cloned().unwrap_or_default();
            keep(tx, ctx, ready, message)?;
        }
        Sent::Judged { judgement, duration_ms } => {
            judgement.meaning.activity_status().clone_into(&mut told.status);
            told.execution_ms = i64::try_from(*duration_ms).ok();
            told.error = Some(judgement.error.message.clone());
            detail["code"] = json!(judgement.error.code);
            if judgement.meaning.needs_attention() {
                learn(tx, &ready.connection, Some(judgement.error.message.clone()), ctx)?;
            }
        }
        Sent::NotSent { reason } => {
            "error".clone_into(&mut told.status);
            told.error = Some(reason.clone());
        }
    }
    told.detail = Some(detail.to_string());
    activity::add(tx, ready.scope, &told)
}

/// The contact, and the message in its thread (Agents contract, section 4.3).
fn keep(tx: &mut Tx<'_>, ctx: &Ctx, ready: &Ready, message: &TemplateMessage) -> Result<(), Fault> {
    let name = message.customer_name.as_deref();
    contacts::meet(tx, ready.scope, ctx.ids.next_bits(), &message.to, name, ctx.now())?;
    let thread = threads::open_or_make(tx, ctx, ready.scope, ready.agent, &message.thread_alias(), Channel::Whatsapp)?;
    let content = Content::Text(message.shown());
    let addition = Addition { role: Role::Assistant, content, author: None };
    threads::append(tx, ctx, ready.scope, thread.id, addition).map(drop)
}

/// What activity tells of a message.
fn about(message: &TemplateMessage) -> Value {
    json!({ "recipient": message.to, "template": message.template, "language": message.language })
}

/// Tells of sends that nobody has finished: the process was killed while it waited for the answer.
pub(super) struct LeftBehind;

impl JobHandler for LeftBehind {
    fn kind(&self) -> &'static str {
        JOB
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let (Some(id), Some(mode)) = (job.subject_id, job.mode) else { return Ok(()) };
            let scope = Scope { workspace: job.workspace, mode };
            let payload: Value = serde_json::from_str(&job.payload).map_err(Fault::internal)?;
            let own = Arc::clone(platform);
            platform.store.write(move |tx| tell_unknown(tx, &own, scope, id, &payload)).await
        })
    }
}

fn tell_unknown(tx: &mut Tx<'_>, platform: &Platform, scope: Scope, id: u128, payload: &Value) -> Result<(), Fault> {
    let agent = payload["agent"].as_str().and_then(|text| AgentId::parse(text).ok());
    let Some(agent) = agent else { return Ok(()) };
    if !jobs::cancel(tx, JOB, id)? {
        return Ok(());
    }
    let about = &payload["about"];
    let mut told = NewActivity::new(platform.ids.next(), agent, Kind::WhatsappFailed, platform.clock.now());
    "unknown".clone_into(&mut told.status);
    told.thread = about["recipient"].as_str().map(|number| format!("wa:{number}"));
    told.request = payload["request"].as_str().and_then(|text| floe_model::id::RequestId::parse(text).ok());
    told.channel = Some("whatsapp".to_owned());
    told.error = Some("The server was stopped while the message was being sent".to_owned());
    told.detail = Some(about.to_string());
    activity::add(tx, scope, &told)
}
