//! Firing a trigger by a call: of the workflow API, of the console, or once more what came to its address (Workflow API contract, section
//! 8.6; console contract, section 5.3).

use std::sync::{Arc, Mutex, PoisonError};

use floe_model::flows::Level;
use floe_model::flows::trigger::{TriggerConfig, check_manual};
use floe_model::id::{RunId, TriggerId, TriggerRequestId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows;
use floe_store::flows::trigger_requests;
use floe_store::flows::triggers::{self, TriggerRow};
use serde_json::{Map, Value, json};

use super::fire::{Firing, Started, config_of, fire, warm};
use super::inbound::firing_of;
use super::requests::{Logged, log};
use crate::Flows;
use crate::definitions::{access_of, may};
use crate::execute::started_by;
use crate::runs::Plans;
use crate::workflows;

/// A trigger that somebody fires: made before the transaction, asked in it, and let go after it.
#[derive(Clone)]
pub struct ByHand {
    plans: Arc<Plans>,
    trigger: TriggerId,
    /// `api` or `dashboard`.
    source: &'static str,
    ip: Option<String>,
    /// What the transaction that was kept has started.
    started: Arc<Mutex<Option<Started>>>,
}

/// A run that was started by hand.
#[derive(Debug, Clone)]
pub struct FiredByHand {
    /// The run.
    pub run: RunId,
    /// The run in the spelling of the API that its automation belongs to.
    pub execution_id: String,
    /// The trigger as it is shown.
    pub trigger_id: String,
    /// The automation as the workflow API shows it.
    pub workflow_id: String,
    /// What the run gets.
    pub inputs: Map<String, Value>,
}

impl Flows {
    /// Makes ready to fire a trigger. `source` is `api` or `dashboard`.
    pub async fn by_hand(&self, ctx: &Ctx, trigger: TriggerId, source: &'static str, ip: Option<String>) -> ByHand {
        let workspace = ctx.caller.workspace;
        if let Ok(Some(row)) = ctx.store.read(move |tx| triggers::find(tx, workspace, trigger)).await {
            let _ = warm(&self.platform, &self.plans, workspace, row.flow).await;
        }
        ByHand { plans: Arc::clone(&self.plans), trigger, source, ip, started: Arc::default() }
    }

    /// Lets the run move, once the transaction is kept. Does nothing when none was started.
    pub fn let_go(&self, by_hand: &ByHand) {
        let started = by_hand.started.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(started) = started {
            self.take_up_started(&started);
        }
    }
}

impl ByHand {
    /// Starts a run with these inputs, in the mode of the caller. Of a manual trigger its own inputs lie under them.
    ///
    /// # Errors
    /// 404; 403 without the right to run; 409 `trigger_disabled`; 400 for inputs that the trigger refuses; those of a start.
    pub fn fire(&self, tx: &mut Tx<'_>, ctx: &Ctx, given: &Map<String, Value>) -> Result<FiredByHand, Fault> {
        let row = self.hold(tx, ctx)?;
        let inputs = match config_of(&row) {
            Ok(TriggerConfig::Manual(rules)) => check_manual(&rules, given.clone()).map_err(Fault::validation)?,
            _ => given.clone(),
        };
        let firing = Firing {
            source: self.source,
            trigger: Value::Object(inputs.clone()),
            inputs,
            mode: ctx.caller.mode,
            run: ctx.ids.next(),
            started_by: started_by(&ctx.caller),
            ip: self.ip.clone(),
            chain: Vec::new(),
        };
        self.start(tx, ctx, &row, firing)
    }

    /// Starts a run with what came to the address once before. That is logged as a call.
    ///
    /// # Errors
    /// As [`Self::fire`]; 409 for a call that was logged without its body.
    pub fn replay(&self, tx: &mut Tx<'_>, ctx: &Ctx, request: TriggerRequestId) -> Result<FiredByHand, Fault> {
        let row = self.hold(tx, ctx)?;
        let found = trigger_requests::find(tx, row.workspace, row.id, request)?;
        let found = found.ok_or_else(|| Fault::not_found("Request"))?;
        if !found.replayable {
            let message = "The caller did not prove himself, so the body was not kept";
            return Err(Fault::conflict("conflict", message));
        }
        let inputs: Map<String, Value> = serde_json::from_str(&found.inputs).map_err(Fault::internal)?;
        let firing = firing_of(ctx, &row, inputs.clone(), self.ip.clone());
        let fired = self.start(tx, ctx, &row, Firing { started_by: started_by(&ctx.caller), ..firing })?;
        let logged = Logged {
            method: found.method,
            ip: self.ip.clone(),
            status: 202,
            error: None,
            run: Some(fired.run),
            replay_of: Some(request),
            replayable: true,
            inputs,
        };
        log(tx, ctx, &row, &logged)?;
        Ok(fired)
    }

    fn hold(&self, tx: &mut Tx<'_>, ctx: &Ctx) -> Result<TriggerRow, Fault> {
        let missing = || Fault::not_found("Trigger");
        let row = triggers::hold(tx, ctx.caller.workspace, self.trigger)?.ok_or_else(missing)?;
        let flow = flows::find(tx, row.workspace, row.flow)?.ok_or_else(missing)?;
        let access = access_of(&flow)?;
        if !may(&ctx.caller, &access, Level::View) {
            return Err(missing());
        }
        if !may(&ctx.caller, &access, Level::Run) {
            let fault = Fault::forbidden("Your role does not allow starting workflows");
            return Err(fault.with_details(json!({ "required": "run" })));
        }
        if !row.enabled {
            return Err(Fault::conflict("trigger_disabled", "The trigger is disabled"));
        }
        Ok(row)
    }

    fn start(&self, tx: &mut Tx<'_>, ctx: &Ctx, row: &TriggerRow, firing: Firing) -> Result<FiredByHand, Fault> {
        let started = fire(tx, ctx, &self.plans, row, firing).map_err(startable)?;
        let fired = FiredByHand {
            run: started.run,
            execution_id: workflows::ids::run(row.engine, started.run),
            trigger_id: super::shown_id(row),
            workflow_id: workflows::shown_id(tx, row.workspace, row.flow)?,
            inputs: started.inputs.clone(),
        };
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = Some(started);
        Ok(fired)
    }
}

/// A definition that cannot be started is a state of the workflow, not a fault of the call.
fn startable(fault: Fault) -> Fault {
    match fault.kind() {
        FaultKind::Unprocessable => Fault::conflict("workflow_inactive", fault.message().to_owned()),
        _ => fault,
    }
}
