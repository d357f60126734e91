//! One paid call of a model for a step, and what its failures mean to a flow.

use std::sync::Arc;

use floe_engine::event::StepError;
use floe_model::Fault;
use floe_runtime::effect::{EffectCall, Progress};
use floe_runtime::models::{Deltas, ModelCall, ModelFailure, ModelFault, ModelFuture, Usage};
use floe_runtime::paid::{self, Bill, Paid, Unpaid};
use floe_store::access::credit_entries::Origin;
use serde_json::{Value, json};

use crate::Agents;

/// Time for one attempt, in milliseconds (Flow API contract, section 6.5).
pub(super) const TIMEOUT_MS: u64 = 120_000;

/// Makes a call. `part` tells apart the calls of one attempt. With `deltas` the text is given out as it comes, and a call that began to
/// answer is not tried again.
pub(super) async fn ask(
    agents: &Arc<Agents>,
    call: &EffectCall,
    part: usize,
    asked: &ModelCall,
    deltas: Option<&dyn Deltas>,
) -> Result<Paid, StepError> {
    let bill = bill(agents, call, "flows", part).await.map_err(|fault| unpaid(Unpaid::Fault(fault)))?;
    paid::call(&agents.platform, agents.models.as_ref(), call.scope, &bill, asked, deltas).await.map_err(unpaid)
}

/// What a call of a step or node is charged as. `part` tells apart the calls of one attempt.
///
/// # Errors
/// Of the database.
pub(crate) async fn bill(
    agents: &Agents,
    call: &EffectCall,
    product: &'static str,
    part: usize,
) -> Result<Bill, Fault> {
    let (workspace, run) = (call.scope.workspace, call.run);
    let flow = agents.platform.store.read(move |tx| super::flow_of(tx, workspace, run)).await?;
    Ok(Bill {
        // Another attempt is another call; the same one made again after a crash is not.
        reference: format!("step:{}:{}:{part}", call.key, call.attempt),
        origin: Origin {
            product: Some(product.to_owned()),
            run_id: Some(run),
            step_id: Some(call.step_id.clone()),
            ..Origin::default()
        },
        flow,
    })
}

/// Gives the text of an answer to those who follow the run.
pub(crate) struct Pieces<'p>(pub(crate) &'p dyn Progress);

impl Deltas for Pieces<'_> {
    fn text<'a>(&'a self, piece: &'a str) -> ModelFuture<'a, ()> {
        self.0.text(piece);
        Box::pin(std::future::ready(()))
    }
}

/// Why there is no answer, in the words of a flow.
fn unpaid(unpaid: Unpaid) -> StepError {
    match unpaid {
        Unpaid::NoCredits => no_credits(),
        Unpaid::Model(failure) => model_error(&failure),
        Unpaid::Fault(fault) => {
            tracing::error!(%fault, source = ?std::error::Error::source(&fault), "a call of a model cannot be paid for");
            StepError::retryable("internal_error", "The step broke off")
        }
    }
}

/// There is nothing to pay with.
pub(super) fn no_credits() -> StepError {
    StepError::new("no_credits", "There are no credits left")
}

fn model_error(failure: &ModelFailure) -> StepError {
    let message = sentence(&failure.to_string());
    let details = json!({ "reason": failure.fault.code(), "tries": failure.tries });
    let error = match &failure.fault {
        ModelFault::RateLimited => StepError::retryable("model_rate_limited", message),
        fault if fault.is_busy() => StepError::retryable("model_error", message),
        _ => StepError::new("model_error", message),
    };
    error.with_details(details)
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Tokens as results show them.
pub(super) fn usage(usage: Usage) -> Value {
    json!({ "inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens })
}

/// The sum of two calls.
pub(super) fn both(one: Usage, other: Usage) -> Usage {
    Usage {
        input_tokens: one.input_tokens + other.input_tokens,
        output_tokens: one.output_tokens + other.output_tokens,
    }
}
