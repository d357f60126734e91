//! What agents remember of the people who talk to them, and finding again what was said (Workflow API contract, section 8.4).
//!
//! The text about a person is the caller's to write, and the model is told it in the threads whose metadata name the person. A search looks at the newest messages of an agent's threads; their vectors are made
//! by the built-in embedding when they are asked for, so that there is nothing to keep in step.

use std::cmp::Ordering;

use floe_model::agents::embedding::hash_256;
use floe_model::agents::message::Role;
use floe_model::id::{AgentId, ExchangeId};
use floe_model::{Fault, Scope};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::memory as rows;
use floe_store::agents::messages::{self, Message};
use floe_store::agents::thread_list::{self, Filter};
use floe_store::agents::threads::Thread;
use serde_json::{Map, Value, json};

use crate::trail::{self, Note, Who};

pub use rows::{Memory, PAGE_MAX};

/// Threads that a search looks at, those that were busy last.
const THREADS_MAX: usize = 200;
/// Messages that a search looks at.
const MESSAGES_MAX: usize = 5_000;
/// Messages of one thread that a search looks at, the newest.
const THREAD_MESSAGES_MAX: usize = 200;
/// Messages around a hit that are shown with it, on each side.
const AROUND: usize = 2;

/// A question to what was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// What is looked for.
    pub query: String,
    /// Hits at most.
    pub top_k: usize,
    /// Least similarity, 0 to 1.
    pub threshold: f64,
    /// Only threads whose metadata name this person.
    pub user: Option<String>,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// It.
    pub said: Said,
    /// Cosine of question and message, 0 to 1.
    pub similarity: f64,
    /// The exchange that it came with.
    pub exchange: Option<ExchangeId>,
    /// What was said before, oldest first.
    pub before: Vec<Said>,
    /// What was said after.
    pub after: Vec<Said>,
}

/// Who said what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub role: Role,
    /// What.
    pub text: String,
}

/// What was said in a thread, each with the exchange that it came with.
pub type Conversation = Vec<(Said, Option<ExchangeId>)>;

/// A page of what an agent remembers, and how much it is in all.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    scope: Scope,
    agent: AgentId,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Memory>, i64), Fault> {
    Ok((rows::list(tx, scope, agent, limit, offset)?, rows::count(tx, scope, agent)?))
}

/// What an agent remembers of a person.
///
/// # Errors
/// 404.
pub fn require(tx: &mut Tx<'_>, scope: Scope, agent: AgentId, user: &str) -> Result<Memory, Fault> {
    rows::find(tx, scope, agent, user)?.ok_or_else(missing)
}

/// Writes what an agent remembers of a person, in the place of what was before.
///
/// # Errors
/// Of the database.
pub fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    agent: AgentId,
    user: &str,
    text: &str,
    metadata: &Map<String, Value>,
) -> Result<Memory, Fault> {
    let scope = ctx.caller.scope();
    let metadata = serde_json::to_string(metadata).map_err(Fault::internal)?;
    let memory = rows::put(tx, scope, agent, user, (text, &metadata), ctx.now())?;
    note(tx, ctx, "changed_agent_memory", agent, user)?;
    Ok(memory)
}

/// Forgets what an agent remembers of a person.
///
/// # Errors
/// 404.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, agent: AgentId, user: &str) -> Result<(), Fault> {
    if !rows::delete(tx, ctx.caller.scope(), agent, user)? {
        return Err(missing());
    }
    note(tx, ctx, "deleted_agent_memory", agent, user)
}

/// How many texts an agent remembers, and how many messages a search looks at.
///
/// # Errors
/// Of the database.
pub fn stats(tx: &mut Tx<'_>, scope: Scope, agent: AgentId) -> Result<(i64, usize), Fault> {
    let heard = heard(tx, scope, agent, None)?;
    Ok((rows::count(tx, scope, agent)?, heard.iter().map(Vec::len).sum()))
}

/// What was said in the newest threads of an agent, a list for each; reads only, so that [`search`] need not hold the database.
///
/// # Errors
/// Of the database.
pub fn heard(tx: &mut Tx<'_>, scope: Scope, agent: AgentId, user: Option<&str>) -> Result<Vec<Conversation>, Fault> {
    let filter = Filter { agent: Some(agent), ..Filter::default() };
    let threads = thread_list::list(tx, scope, &filter, None, THREADS_MAX)?;
    let (mut all, mut left) = (Vec::new(), MESSAGES_MAX);
    for thread in threads.iter().filter(|thread| is_with(thread, user)) {
        let most = left.min(THREAD_MESSAGES_MAX);
        if most == 0 {
            break;
        }
        let found = messages::last(tx, scope.workspace, thread.id, (0, thread.last_seq), most)?;
        let said: Vec<_> = found.iter().filter_map(said).collect();
        left -= said.len().min(left);
        all.push(said);
    }
    Ok(all)
}

/// The messages that are nearest to a question, the nearest first.
#[must_use]
pub fn search(heard: &[Conversation], asked: &Asked) -> Vec<Found> {
    let question = hash_256(&asked.query);
    let mut near: Vec<(f64, usize, usize)> = Vec::new();
    for (thread, list) in heard.iter().enumerate() {
        for (at, (said, _)) in list.iter().enumerate() {
            let cosine: f64 =
                question.iter().zip(hash_256(&said.text)).map(|(one, other)| f64::from(*one) * f64::from(other)).sum();
            let similarity = cosine.clamp(0.0, 1.0);
            if similarity >= asked.threshold && similarity > 0.0 {
                near.push((similarity, thread, at));
            }
        }
    }
    near.sort_by(|one, other| other.0.partial_cmp(&one.0).unwrap_or(Ordering::Equal));
    let found = |(similarity, thread, at): (f64, usize, usize)| {
        let list = &heard[thread];
        let some = |range: &[(Said, Option<ExchangeId>)]| range.iter().map(|(said, _)| said.clone()).collect();
        Found {
            said: list[at].0.clone(),
            similarity,
            exchange: list[at].1,
            before: some(&list[at.saturating_sub(AROUND)..at]),
            after: some(&list[at + 1..list.len().min(at + 1 + AROUND)]),
        }
    };
    near.into_iter().take(asked.top_k).map(found).collect()
}

fn said(message: &Message) -> Option<(Said, Option<ExchangeId>)> {
    let is_heard = matches!(message.role, Role::User | Role::Assistant);
    let text = message.content.plain_text();
    (is_heard && !text.trim().is_empty()).then_some((Said { role: message.role, text }, message.exchange))
}

/// The person whose thread it is, where its metadata say so.
pub(crate) fn person_of(thread: &Thread) -> Option<String> {
    if thread.metadata == "{}" {
        return None;
    }
    let metadata: Map<String, Value> = serde_json::from_str(&thread.metadata).unwrap_or_default();
    let named = ["user_id", "userId"].iter().find_map(|key| metadata.get(*key)?.as_str());
    named.filter(|user| !user.is_empty()).map(str::to_owned)
}

fn is_with(thread: &Thread, user: Option<&str>) -> bool {
    user.is_none_or(|user| person_of(thread).as_deref() == Some(user))
}

fn note(tx: &mut Tx<'_>, ctx: &Ctx, action: &'static str, agent: AgentId, user: &str) -> Result<(), Fault> {
    let name = agents_name(tx, ctx, agent)?;
    trail::note(tx, ctx, &Who::caller(ctx), Note::new(action, "agent", agent.0, &name, json!({ "user_id": user })))
}

fn agents_name(tx: &mut Tx<'_>, ctx: &Ctx, agent: AgentId) -> Result<String, Fault> {
    let found = floe_store::agents::agents::find(tx, ctx.caller.workspace, agent)?;
    Ok(found.map(|agent| agent.name).unwrap_or_default())
}

fn missing() -> Fault {
    Fault::not_found("Agent memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> (Said, Option<ExchangeId>) {
        (Said { role: Role::User, text: text.to_owned() }, Some(ExchangeId(1)))
    }

    #[test]
    fn the_nearest_messages_come_first_with_what_stands_around_them() {
        let heard = vec![
            vec![user("one"), user("two"), user("the blue mug is broken"), user("three"), user("four"), user("five")],
            vec![user("my blue mug"), user("bananas")],
        ];
        let asked = |threshold| Asked { query: "blue mug".to_owned(), top_k: 10, threshold, user: None };
        let found = search(&heard, &asked(0.1));
        let texts: Vec<&str> = found.iter().map(|one| one.said.text.as_str()).collect();
        assert_eq!(texts, ["my blue mug", "the blue mug is broken"]);
        assert!(found[0].similarity > found[1].similarity && found[0].similarity <= 1.0);
        let around = |list: &[Said]| list.iter().map(|said| said.text.clone()).collect::<Vec<_>>();
        assert_eq!(
            (around(&found[1].before), around(&found[1].after)),
            (vec!["one".to_owned(), "two".to_owned()], vec!["three".to_owned(), "four".to_owned()])
        );
        assert!(found[0].before.is_empty() && around(&found[0].after) == ["bananas"]);
        assert!(search(&heard, &asked(0.99)).len() <= 1);
        assert_eq!(search(&heard, &Asked { top_k: 1, ..asked(0.1) }).len(), 1);
    }
}
