//! Messages as the workflow API shows them: a question, or a reply with the calls of tools that led to it folded into one message
//! (Workflow API contract, section 8.5).

use std::collections::HashMap;

use floe_model::agents::message::{Content, Message as Says, Part, Role};
use floe_model::id::{ExchangeId, MessageId};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::agents::exchanges::Exchange;
use floe_store::agents::message_list::{self as rows, REPLY_ROWS_MAX};
use floe_store::agents::messages::Message;
use floe_store::agents::thread_exchanges;
use floe_store::agents::threads::Thread;
use serde_json::Value;

use crate::exchanges::follow::BETWEEN_ROUNDS;
use crate::exchanges::questions;

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its id.
    pub id: MessageId,
    /// Who it is from; never a tool.
    pub role: Role,
    /// Its text.
    pub text: String,
    /// Calls of tools, in order.
    pub calls: Vec<ShownCall>,
    /// How often the model was asked for it.
    pub rounds: usize,
    /// The exchange that it came with.
    pub exchange: Option<ExchangeId>,
    /// When it was stored, or came.
    pub created_at: Timestamp,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownCall {
    /// Names it within its thread.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub arguments: Value,
    /// What it gave; null while it waits for a person.
    pub result: Value,
}

impl Shown {
    /// Rows of one message, in order, at least one.
    #[must_use]
    pub fn of(rows: &[&Message]) -> Self {
        let mut shown = Self {
            id: MessageId(0),
            role: Role::Assistant,
            text: String::new(),
            calls: Vec::new(),
            rounds: 0,
            exchange: None,
            created_at: Timestamp(0),
        };
        let mut results: HashMap<&str, &Value> = HashMap::new();
        for row in rows {
            (shown.exchange, shown.created_at) = (row.exchange, row.created_at);
            for part in parts(&row.content) {
                match part {
                    Part::ToolCall { id, name, args } => shown.calls.push(ShownCall {
                        id: id.clone(),
                        name: name.clone(),
                        arguments: args.clone(),
                        result: Value::Null,
                    }),
                    Part::ToolResult { id, result, .. } => drop(results.insert(id, result)),
                    Part::Text { .. } | Part::Image { .. } => {}
                }
            }
            if row.role == Role::Tool {
                continue;
            }
            (shown.id, shown.role) = (row.id, row.role);
            shown.rounds += 1;
            let text = row.content.plain_text();
            if !shown.text.is_empty() && !text.is_empty() {
                shown.text.push_str(BETWEEN_ROUNDS);
            }
            shown.text.push_str(&text);
        }
        for call in &mut shown.calls {
            call.result = results.get(call.id.as_str()).map(|result| (*result).clone()).unwrap_or_default();
        }
        shown
    }

    fn waiting(exchange: &Exchange, id: MessageId, says: &Says) -> Self {
        Self {
            id,
            role: says.role,
            text: says.content.plain_text(),
            calls: Vec::new(),
            rounds: 0,
            exchange: Some(exchange.id),
            created_at: exchange.accepted_at,
        }
    }
}

fn parts(content: &Content) -> &[Part] {
    match content {
        Content::Text(_) => &[],
        Content::Parts(parts) => parts,
    }
}

/// Up to `limit` messages of a thread behind the first `offset`, oldest first, and how many there are. The questions of exchanges that are
/// still under way stand at the end.
///
/// # Errors
/// Of the database.
pub fn listed(
    tx: &mut Tx<'_>,
    scope: Scope,
    thread: &Thread,
    limit: usize,
    offset: u64,
) -> Result<(Vec<Shown>, u64), Fault> {
    let stored = u64::try_from(rows::count(tx, scope.workspace, thread.id)?).unwrap_or(0);
    let waiting = waiting(tx, thread)?;
    let total = stored + waiting.len() as u64;
    let heads = match i64::try_from(offset) {
        Ok(offset) if (offset as u64) < stored => rows::page(tx, scope.workspace, thread.id, limit, offset)?,
        _ => Vec::new(),
    };
    let mut list = whole(tx, scope, thread, &heads)?;
    let skipped = usize::try_from(offset.saturating_sub(stored)).unwrap_or(usize::MAX);
    let room = limit.saturating_sub(list.len());
    if offset + list.len() as u64 >= stored {
        list.extend(waiting.into_iter().skip(skipped).take(room));
    }
    Ok((list, total))
}

/// How many messages [`listed`] has over all pages.
///
/// # Errors
/// Of the database.
pub fn shown_count(tx: &mut Tx<'_>, scope: Scope, thread: &Thread) -> Result<u64, Fault> {
    let stored = u64::try_from(rows::count(tx, scope.workspace, thread.id)?).unwrap_or(0);
    Ok(stored + waiting(tx, thread)?.len() as u64)
}

/// The questions of a thread that are under way.
fn waiting(tx: &mut Tx<'_>, thread: &Thread) -> Result<Vec<Shown>, Fault> {
    let mut list = Vec::new();
    for exchange in thread_exchanges::open(tx, thread)? {
        let asked = questions(&exchange)?;
        list.extend(asked.iter().map(|(id, says)| Shown::waiting(&exchange, *id, says)));
    }
    Ok(list)
}

/// The messages that these rows stand for.
fn whole(tx: &mut Tx<'_>, scope: Scope, thread: &Thread, heads: &[Message]) -> Result<Vec<Shown>, Fault> {
    let (Some(first), Some(last)) = (heads.first(), heads.last()) else { return Ok(Vec::new()) };
    let is_reply = |row: &Message| matches!(row.role, Role::Assistant | Role::Tool);
    let rows = if heads.iter().any(is_reply) {
        rows::between(tx, scope.workspace, thread.id, (first.seq - REPLY_ROWS_MAX, last.seq))?
    } else {
        Vec::new()
    };
    let one = |head: &Message| {
        if !is_reply(head) || head.exchange.is_none() {
            return Shown::of(&[head]);
        }
        let upto = rows.partition_point(|row| row.seq <= head.seq);
        let of_reply = |row: &&Message| row.exchange == head.exchange && is_reply(row);
        let count = rows[..upto].iter().rev().take_while(of_reply).count();
        let group: Vec<&Message> = rows[upto - count..upto].iter().collect();
        if group.is_empty() { Shown::of(&[head]) } else { Shown::of(&group) }
    };
    Ok(heads.iter().map(one).collect())
}

/// The reply of an exchange that was answered; none when it is not there any more.
pub(crate) fn reply(tx: &mut Tx<'_>, exchange: &Exchange) -> Result<Option<Shown>, Fault> {
    let Some(ended) = &exchange.ended else { return Ok(None) };
    let workspace = exchange.scope.workspace;
    let rows = rows::between(tx, workspace, exchange.thread, (ended.last_seq - REPLY_ROWS_MAX, ended.last_seq))?;
    let is_of_reply =
        |row: &&Message| row.exchange == Some(exchange.id) && matches!(row.role, Role::Assistant | Role::Tool);
    let count = rows.iter().rev().take_while(is_of_reply).count();
    let group: Vec<&Message> = rows[rows.len() - count..].iter().collect();
    Ok((!group.is_empty()).then(|| Shown::of(&group)))
}

#[cfg(test)]
mod tests;
