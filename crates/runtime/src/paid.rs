//! One call of a model that is paid for: credits are held before it and settled with what it used (console contract, section 5.6).
//!
//! For callers that keep no record of their own between the two. The reference names the call and stays the same when the call is
//! made again after a crash, so that it is charged once; a caller that is dropped half-way leaves a hold, which ends by itself.

use std::sync::Arc;

use floe_model::id::FlowId;
use floe_model::{Fault, Scope};
use floe_store::access::credit_entries::Origin;

use crate::Platform;
use crate::credits::{self, Spent};
use crate::models::{
    ChatMessage, Deltas, EmbedCall, Embedded, ModelCall, ModelFailure, ModelFault, ModelReply, Models, Part, Price,
    Usage,
};

/// Characters that count as a token when the price of a call is put aside.
const CHARS_A_TOKEN: usize = 4;

/// What a call is charged as.
#[derive(Debug, Clone)]
pub struct Bill {
    /// Names the call, the same on each repeat; at most 500 bytes.
    pub reference: String,
    /// What it is for; the model is filled in.
    pub origin: Origin,
    /// The flow that it belongs to, for the sums of usage.
    pub flow: Option<FlowId>,
}

/// An answer and what it took.
#[derive(Debug, Clone)]
pub struct Paid {
    /// The answer.
    pub reply: ModelReply,
    /// Credits taken, in thousandths.
    pub credits: i64,
}

/// Why there is no answer; nothing was charged then.
#[derive(Debug)]
pub enum Unpaid {
    /// There are not enough credits; the model was not called.
    NoCredits,
    /// The model.
    Model(ModelFailure),
    /// The database.
    Fault(Fault),
}

impl From<Fault> for Unpaid {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Makes a call and pays for it. With `deltas` the text is given out as it comes.
///
/// # Errors
/// See [`Unpaid`].
pub async fn call(
    platform: &Arc<Platform>,
    models: &dyn Models,
    scope: Scope,
    bill: &Bill,
    call: &ModelCall,
    deltas: Option<&dyn Deltas>,
) -> Result<Paid, Unpaid> {
    let Some(model) = models.find(scope, call.model.as_deref()).await? else {
        return Err(unknown(call.model.as_deref()));
    };
    let most_out = call.max_output_tokens.map_or(model.max_output_tokens, |most| {
        most.saturating_add(call.thinking_tokens.unwrap_or(0)).min(model.max_output_tokens)
    });
    hold(platform, scope, &bill.reference, expected(model.price, call, most_out)).await?;
    match models.call(scope, call, deltas).await {
        Ok(reply) => {
            let credits = settle(platform, scope, bill, (&reply.model, reply.price, reply.usage)).await?;
            Ok(Paid { reply, credits })
        }
        Err(failure) => {
            release(platform, scope, bill).await?;
            Err(Unpaid::Model(failure))
        }
    }
}

/// Makes vectors and pays for them.
///
/// # Errors
/// See [`Unpaid`].
pub async fn embed(
    platform: &Arc<Platform>,
    models: &dyn Models,
    scope: Scope,
    bill: &Bill,
    call: &EmbedCall,
) -> Result<Embedded, Unpaid> {
    let found = models.find_embedding(scope, call.model.as_deref()).await?;
    let Some(model) = found else { return Err(unknown(call.model.as_deref())) };
    let chars: usize = call.texts.iter().map(String::len).sum();
    hold(platform, scope, &bill.reference, at_most(model.price, chars, 0)).await?;
    match models.embed(scope, call).await {
        Ok(embedded) => {
            settle(platform, scope, bill, (&embedded.model, embedded.price, embedded.usage)).await?;
            Ok(embedded)
        }
        Err(failure) => {
            release(platform, scope, bill).await?;
            Err(Unpaid::Model(failure))
        }
    }
}

fn unknown(model: Option<&str>) -> Unpaid {
    let fault = match model {
        None | Some("" | crate::models::DEFAULT_MODEL) => ModelFault::NotConfigured,
        Some(name) => ModelFault::UnknownModel(name.to_owned()),
    };
    Unpaid::Model(fault.into())
}

async fn hold(platform: &Arc<Platform>, scope: Scope, reference: &str, amount: i64) -> Result<(), Unpaid> {
    let (own, reference) = (Arc::clone(platform), reference.to_owned());
    let held = platform.store.write(move |tx| credits::hold(tx, &own, scope, &reference, amount)).await?;
    held.map_err(|_| Unpaid::NoCredits)
}

async fn release(platform: &Arc<Platform>, scope: Scope, bill: &Bill) -> Result<(), Fault> {
    let (own, reference) = (Arc::clone(platform), bill.reference.clone());
    platform.store.write(move |tx| credits::release(tx, &own, scope, &reference)).await
}

/// Takes what a call has used: the model that answered, its price, and its tokens.
async fn settle(
    platform: &Arc<Platform>,
    scope: Scope,
    bill: &Bill,
    (model, price, usage): (&str, Price, Usage),
) -> Result<i64, Fault> {
    let spent = Spent {
        credits: price.of(usage, 0).min(floe_model::access::credits::AMOUNT_MAX),
        calls: 1,
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        origin: Origin { model: Some(model.to_owned()), ..bill.origin.clone() },
        flow: bill.flow,
    };
    let (own, reference) = (Arc::clone(platform), bill.reference.clone());
    platform.store.write(move |tx| credits::settle(tx, &own, scope, &reference, &spent)).await
}

/// What a call costs at most, as far as that can be told before it.
fn expected(price: Price, call: &ModelCall, most_out: u32) -> i64 {
    let chars = call.system.as_ref().map_or(0, String::len) + call.messages.iter().map(length).sum::<usize>();
    at_most(price, chars, most_out)
}

fn at_most(price: Price, chars: usize, most_out: u32) -> i64 {
    let input_tokens = i64::try_from(chars / CHARS_A_TOKEN).unwrap_or(i64::MAX);
    let usage = Usage { input_tokens, output_tokens: i64::from(most_out) };
    price.of(usage, 0).min(floe_model::access::credits::AMOUNT_MAX)
}

fn length(message: &ChatMessage) -> usize {
    match message {
        ChatMessage::System { text } => text.len(),
        ChatMessage::User { parts } => {
            parts.iter().map(|part| if let Part::Text(text) = part { text.len() } else { 0 }).sum()
        }
        ChatMessage::Assistant { text, .. } => text.len(),
        ChatMessage::Tool { content, .. } => content.len(),
    }
}
