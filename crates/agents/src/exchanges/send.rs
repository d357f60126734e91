//! Messages that are answered behind the call that brought them: the caller may wait for the answer, follow it, or come back for it
//! (Workflow API contract, section 8.5).

use std::sync::Arc;

use floe_model::agents::exchange::ExchangeState;
use floe_model::id::{ExchangeId, MessageId, ThreadId};
use floe_model::{Fault, Scope};
use floe_runtime::Ctx;
use floe_store::agents::exchanges;

use super::accept::{Taken, Way, accept};
use super::asked::Asked;
use super::direct::{Known, carry_out};
use super::{NewExchange, Outcome, Ready};
use crate::Agents;

/// A message that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// Its exchange.
    pub exchange: ExchangeId,
    /// Its thread.
    pub thread: ThreadId,
    /// Id of the message in which the answer will be.
    pub answer: MessageId,
    /// What came of it, where that is known already: there were no credits, or a person answers in the thread.
    pub outcome: Option<Outcome>,
}

impl Agents {
    /// Takes a message. It is answered at once when nothing else is under way in its thread, else in its turn; whether the caller stays
    /// changes nothing. A message under a known key is the one that was taken before.
    ///
    /// # Errors
    /// Of [`Agents::prepare`]; the conflict `thread_closed`; of the database.
    pub async fn send(self: &Arc<Self>, ctx: &Ctx, new: NewExchange) -> Result<Sent, Fault> {
        let ready = self.prepare(ctx, new).await?;
        let agents = Arc::clone(self);
        // A caller who goes away between the row and its beginning leaves nothing behind.
        let task = tokio::spawn(async move { agents.take(ready).await });
        task.await.unwrap_or_else(|error| Err(Fault::internal(error)))
    }

    async fn take(self: &Arc<Self>, ready: Ready) -> Result<Sent, Fault> {
        let (owner, _) = self.exchanges.owner(&self.platform)?;
        // Where this process has no room, any node takes it up.
        let room = Arc::clone(&self.exchanges.direct).try_acquire_owned().ok();
        let way = if room.is_some() { Way::Eager(owner) } else { Way::Background };
        let ready = Arc::new(ready);
        let (platform, wanted) = (Arc::clone(&self.platform), Arc::clone(&ready));
        let taken = self.platform.store.write(move |tx| accept(tx, &platform, &wanted, way)).await?;
        let (exchange, thread) = match taken {
            Taken::Over(outcome) | Taken::Refused(outcome) => return sent_of(*outcome),
            Taken::Known(id) => return self.sent(ready.scope, id).await,
            Taken::New { exchange, thread } => (*exchange, *thread),
        };
        let sent = sent(&exchange)?;
        if exchange.state == ExchangeState::Running {
            let known = Known {
                config: Arc::clone(&ready.config),
                caller: Arc::clone(&ready.caller),
                model: ready.model.clone(),
            };
            let fresh = Some(thread).filter(|thread| thread.last_seq == 0);
            let agents = Arc::clone(self);
            tokio::spawn(async move {
                let id = exchange.id;
                if let Err(fault) = carry_out(&agents, exchange, Some(known), None, fresh).await {
                    tracing::warn!(exchange = %id, %fault, "an exchange could not be ended; it is taken up again");
                }
                drop(room);
            });
        }
        Ok(sent)
    }

    /// A message that was taken before.
    ///
    /// # Errors
    /// Not found; of the database.
    pub async fn sent(&self, scope: Scope, id: ExchangeId) -> Result<Sent, Fault> {
        let read = move |tx: &mut floe_store::Tx<'_>| exchanges::find(tx, scope, id);
        let found = self.platform.store.read(read).await?.ok_or_else(|| Fault::not_found("Exchange"))?;
        Ok(Sent { outcome: self.outcome(scope, id).await?, ..sent(&found)? })
    }
}

fn sent(exchange: &exchanges::Exchange) -> Result<Sent, Fault> {
    let answer = Asked::read(&exchange.asked)?.answer;
    let answer = answer.ok_or_else(|| Fault::internal("an exchange has no id for its answer"))?;
    Ok(Sent { exchange: exchange.id, thread: exchange.thread, answer, outcome: None })
}

fn sent_of(outcome: Outcome) -> Result<Sent, Fault> {
    Ok(Sent {
        exchange: outcome.exchange,
        thread: outcome.thread_id,
        // What was refused has none, and nothing will be said under it.
        answer: outcome.answer.unwrap_or(MessageId(outcome.exchange.0)),
        outcome: Some(outcome),
    })
}
