//! Calls of the address of a trigger, `/webhooks/{id}` (Workflow API contract, section 11).
//!
//! Each call is logged with what it came to. What a run gets of it holds no secret: headers that prove the caller are masked.

use std::sync::Arc;

use bytes::Bytes;
use floe_model::flows::Engine;
use floe_model::flows::trigger::{Format, TriggerConfig, TriggerKind, WebhookRules, body_of_request, object_of_pairs};
use floe_model::id::{FlowId, RunId, TriggerId};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::flows::flows;
use floe_store::flows::triggers::{self, TriggerRow};
use serde_json::{Map, Value, json};

use super::fire::{Firing, Started, config_of, fire, warm, with_body_members};
use super::proof::{self, Refused};
use super::requests::{Logged, log};
use super::secret_place;
use crate::Flows;
use crate::definitions::latest_text;
use crate::runs::Plans;
use crate::workflows::ids::{self, is_given_text};

/// Headers whose values nobody needs but whoever checks them.
const MASKED: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "x-api-key", "set-cookie"];
/// What stands for them.
const MASK: &str = "***";
/// What a trigger takes that takes every method.
const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
/// Who started the runs of addresses.
const STARTED_BY: &str = "webhook";

/// A call of an address.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// What the address names: a trigger, or a workflow with one.
    pub id: String,
    /// Its method, in capitals.
    pub method: String,
    /// Its headers, names in lower case, values as text.
    pub headers: Vec<(String, String)>,
    /// Its query.
    pub query: Vec<(String, String)>,
    /// Its body, as it came.
    pub body: Bytes,
    /// Address of the caller.
    pub ip: Option<String>,
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundAnswer {
    /// Status of the answer: 202 for a run, else why there is none.
    pub status: u16,
    /// How the trigger wants it said.
    pub format: Format,
    /// The run, in the spelling of the API that its automation belongs to.
    pub execution: Option<String>,
    /// For people.
    pub message: String,
    /// The method that is taken, when another one came.
    pub allow: Option<String>,
}

/// What is known of the address before anything is written.
struct Found {
    row: TriggerRow,
    secret: Option<String>,
    /// Whether a published version holds what the address belongs to.
    is_held: bool,
}

impl Inbound {
    /// The first value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What a run gets of it.
    fn inputs(&self, row: &TriggerRow, now: Timestamp, with_body: bool) -> Map<String, Value> {
        let masked = self.headers.iter().map(|(name, value)| {
            let value = if MASKED.contains(&name.as_str()) { MASK } else { value };
            (name.clone(), value.to_owned())
        });
        let form = |body: &[u8]| url::form_urlencoded::parse(body).into_owned().collect();
        let body = match with_body {
            true => body_of_request(self.header("content-type"), &self.body, form),
            false => Value::Null,
        };
        let inputs = json!({
            "headers": object_of_pairs(masked.collect()),
            "body": body,
            "query": object_of_pairs(self.query.clone()),
            "method": self.method,
            "timestamp": now,
            "triggerId": super::shown_id(row),
        });
        match inputs {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

impl Flows {
    /// Takes a call of an address: starts the run of its trigger, or says why not. Either is logged.
    ///
    /// # Errors
    /// 404 for an address that names nothing; of the database; `overloaded`. Then nothing was started.
    pub async fn inbound(&self, call: Inbound) -> Result<InboundAnswer, Fault> {
        let (platform, id) = (Arc::clone(&self.platform), call.id.clone());
        let found = self.platform.store.read(move |tx| find(tx, &platform, &id)).await?;
        let found = found.ok_or_else(|| Fault::not_found("Trigger"))?;
        let rules = match config_of(&found.row) {
            Ok(TriggerConfig::Webhook(rules)) => rules,
            _ => return Err(Fault::not_found("Trigger")),
        };
        if let Some(answer) = self.refuse(&call, &found, &rules).await? {
            return Ok(answer);
        }
        let _ = warm(&self.platform, &self.plans, found.row.workspace, found.row.flow).await;
        let (platform, plans, row, call) =
            (Arc::clone(&self.platform), Arc::clone(&self.plans), found.row.clone(), Arc::new(call));
        let take = move |tx: &mut Tx<'_>| take(tx, &platform, &plans, &row, &call);
        let taken = self.platform.store.write(take).await?;
        Ok(match taken {
            Ok(started) => {
                self.take_up_started(&started);
                accepted(&found.row, &rules, started.run)
            }
            Err((status, message)) => refusal(status, message, &rules),
        })
    }

    /// The answer to a call that may not fire, when it may not; logged without its body unless the trigger is only switched off.
    async fn refuse(
        &self,
        call: &Inbound,
        found: &Found,
        rules: &WebhookRules,
    ) -> Result<Option<InboundAnswer>, Fault> {
        let checked = proof::check(rules, found.secret.as_deref(), call);
        let is_off = !found.row.enabled || !found.is_held;
        let (status, message) = match checked {
            // Who may not call is not told whether the trigger is on.
            Err(refused) => (refused.status(), refused.message()),
            Ok(()) if is_off => (403, "The trigger is disabled"),
            Ok(()) => return Ok(None),
        };
        let inputs = call.inputs(&found.row, self.platform.clock.now(), checked.is_ok());
        let logged = Logged {
            method: call.method.clone(),
            ip: call.ip.clone(),
            status,
            error: Some(message.to_owned()),
            run: None,
            replay_of: None,
            replayable: checked.is_ok(),
            inputs,
        };
        let (platform, row) = (Arc::clone(&self.platform), found.row.clone());
        self.platform.store.write(move |tx| log(tx, &platform, &row, &logged)).await?;
        let mut answer = refusal(status, message.to_owned(), rules);
        if checked == Err(Refused::Method) {
            answer.allow = Some(rules.method.clone().unwrap_or_else(|| METHODS.to_owned()));
        }
        Ok(Some(answer))
    }
}

/// Starts the run of a call and logs it, in one transaction. The inner error is a status and why, which is logged as well.
fn take(
    tx: &mut Tx<'_>,
    platform: &Platform,
    plans: &Plans,
    known: &TriggerRow,
    call: &Inbound,
) -> Result<Result<Started, (u16, String)>, Fault> {
    let row = triggers::hold(tx, known.workspace, known.id)?.ok_or_else(|| Fault::not_found("Trigger"))?;
    let inputs = call.inputs(&row, platform.clock.now(), true);
    let firing = firing_of(platform, &row, inputs.clone(), call.ip.clone());
    let outcome = if row.enabled { fire(tx, platform, plans, &row, firing) } else { Err(disabled()) };
    let (started, status, error) = match outcome {
        Ok(started) => (Some(started), 202, None),
        Err(fault) => {
            let (status, message) = refused_by(fault)?;
            (None, status, Some(message))
        }
    };
    let logged = Logged {
        method: call.method.clone(),
        ip: call.ip.clone(),
        status,
        error: error.clone(),
        run: started.as_ref().map(|started| started.run),
        replay_of: None,
        replayable: true,
        inputs,
    };
    log(tx, platform, &row, &logged)?;
    Ok(started.ok_or((status, error.unwrap_or_default())))
}

/// What a run gets of a call. A flow of steps sees the body as the data of its trigger (Flow API contract, section 6.4).
pub(super) fn firing_of(
    platform: &Platform,
    row: &TriggerRow,
    inputs: Map<String, Value>,
    ip: Option<String>,
) -> Firing {
    let (inputs, trigger) = match row.engine {
        Engine::Workflow => (with_body_members(&inputs), Value::Object(inputs)),
        Engine::Flow => (Map::new(), inputs.get("body").cloned().unwrap_or_default()),
    };
    Firing {
        source: "webhook",
        inputs,
        trigger,
        mode: row.mode,
        run: platform.ids.next(),
        started_by: STARTED_BY.to_owned(),
        ip,
        chain: Vec::new(),
    }
}

fn disabled() -> Fault {
    Fault::conflict("trigger_disabled", "The trigger is disabled")
}

/// What a fault means for a caller: what he can do nothing about is no fault of the server.
pub(super) fn refused_by(fault: Fault) -> Result<(u16, String), Fault> {
    match fault.kind() {
        FaultKind::Conflict => Ok((403, "The trigger is disabled".to_owned())),
        FaultKind::NotFound => Ok((404, "There is nothing at this address".to_owned())),
        FaultKind::Invalid | FaultKind::Unprocessable => Ok((500, "The workflow cannot be started".to_owned())),
        _ => Err(fault),
    }
}

fn accepted(row: &TriggerRow, rules: &WebhookRules, run: RunId) -> InboundAnswer {
    InboundAnswer {
        status: 202,
        format: rules.format,
        execution: Some(ids::run(row.engine, run)),
        message: "Workflow started".to_owned(),
        allow: None,
    }
}

fn refusal(status: u16, message: String, rules: &WebhookRules) -> InboundAnswer {
    InboundAnswer { status, format: rules.format, execution: None, message, allow: None }
}

/// The trigger of an address: named itself, or by the workflow whose only enabled one it is.
fn find(tx: &mut Tx<'_>, platform: &Platform, text: &str) -> Result<Option<Found>, Fault> {
    let bits = TriggerId::parse(text).ok();
    let mut row = match bits {
        Some(id) => triggers::by_id(tx, id)?,
        None => None,
    };
    if row.is_none() && is_given_text(text) {
        row = triggers::by_alias(tx, text)?;
    }
    if row.is_none() {
        row = only_one_of(tx, text)?;
    }
    let Some(row) = row.filter(|row| row.kind == TriggerKind::Webhook) else { return Ok(None) };
    let Some(flow) = flows::find(tx, row.workspace, row.flow)? else { return Ok(None) };
    let secret = match &row.secret {
        Some(sealed) => Some(platform.seal.open_text(tx, row.workspace, secret_place(row.id), sealed)?),
        None => None,
    };
    let is_held = match (row.engine, &row.node) {
        (Engine::Flow, Some(step)) => latest_text(tx, &flow)?.is_some_and(|text| holds_hook(&text, step)),
        _ => true,
    };
    Ok(Some(Found { row, secret, is_held }))
}

fn only_one_of(tx: &mut Tx<'_>, text: &str) -> Result<Option<TriggerRow>, Fault> {
    let flow = match FlowId::parse(text) {
        Ok(id) => Some(id),
        Err(_) if is_given_text(text) => triggers::workflow_named(tx, text)?,
        Err(_) => None,
    };
    let Some(flow) = flow else { return Ok(None) };
    let mut all = triggers::of_flow(tx, flow)?;
    all.retain(|row| row.kind == TriggerKind::Webhook && row.enabled);
    Ok(if all.len() == 1 { all.pop() } else { None })
}

/// Whether a definition of steps has this step, and it is one with an address.
fn holds_hook(definition: &str, step: &str) -> bool {
    let definition: Value = serde_json::from_str(definition).unwrap_or_default();
    let mut steps = definition.get("steps").and_then(Value::as_array).into_iter().flatten();
    steps.any(|one| {
        let is_hook = one.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("webhook."));
        is_hook && one.get("id").is_some_and(|id| id == step)
    })
}
