//! Table `node_mail`: what nodes ask of each other about runs.
//!
//! A letter is a row, so that it outlives whoever was to read it: when its reader ends, the letter is given back and another node that
//! moves runs takes it. A letter to a node that has ended is for any node from the start, and a node that has ended takes none: both would lie
//! there until their sender gives up.

use floe_model::{
    Fault, Timestamp,
    id::{NodeId, RunId, WorkspaceId},
};

use super::nodes;
use crate::{Change, Tx, params, statements};

/// Letters taken at a time at most.
const TAKE_MAX: usize = 64;

/// A letter.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its id.
    pub id: u128,
    /// Who asks.
    pub from: NodeId,
    /// Whose run it is about.
    pub workspace: WorkspaceId,
    /// Which run.
    pub run: RunId,
    /// What is asked, as JSON.
    pub text: String,
}

statements! {
    /// Adds a letter.
    SEND = both(
        "insert into node_mail (id, from_node, to_node, workspace_id, run_id, letter, created_at) values ($1, $2, $3, $4, $5, $6, $7)"
    );
    /// Letters for a node, or for any.
    TAKE = split {
        sqlite: "update node_mail set taken_by = $1
             where id in (select id from node_mail where taken_by is null and (to_node = $1 or to_node is null) order by id limit $2)
             returning id, from_node, workspace_id, run_id, letter",
        postgres: "with mine as materialized (
                 select id from node_mail where taken_by is null and (to_node = $1 or to_node is null) order by id limit $2
                 for update skip locked)
             update node_mail set taken_by = $1 from mine where node_mail.id = mine.id
             returning node_mail.id, from_node, workspace_id, run_id, letter",
    } -> [id, id, id, id, json];
    /// Whether there are letters for a node, or for any.
    IS_WAITING = both("select id from node_mail where taken_by is null and (to_node = $1 or to_node is null) limit 1") -> [id];
    /// Answers a letter.
    ANSWER = both("update node_mail set answer = $2 where id = $1 and taken_by = $3");
    /// The answer to a letter.
    ANSWERED = both("select answer from node_mail where id = $1") -> [opt json];
    /// Takes a letter away.
    REMOVE = both("delete from node_mail where id = $1");
    /// Letters that nobody waits for any more.
    PURGE = both("delete from node_mail where created_at < $1");
}

/// Sends a letter, to one node or to any that moves runs. One to a node that has ended meanwhile is for any, too.
///
/// # Errors
/// Of the database.
pub fn send(tx: &mut Tx<'_>, letter: &Letter, to: Option<NodeId>, now: Timestamp) -> Result<(), Fault> {
    let Letter { id, from, workspace, run, text } = letter;
    // Who ends the node waits for this transaction, and then gives the letter back.
    let to = match to {
        Some(node) if nodes::hold(tx, node)? => Some(node),
        _ => None,
    };
    tx.execute(&SEND, params![*id, *from, to, *workspace, *run, text, now])?;
    tx.announce(Change::Mail { to });
    Ok(())
}

/// Takes letters to a node, oldest first; none when it has ended.
///
/// # Errors
/// Of the database.
pub fn take(tx: &mut Tx<'_>, node: NodeId) -> Result<Vec<Letter>, Fault> {
    // Looks before it locks, so that a node without letters writes nothing.
    if tx.row(&IS_WAITING, params![node], |_| Ok(()))?.is_none() || !nodes::hold(tx, node)? {
        return Ok(Vec::new());
    }
    let mut letters = tx.rows(&TAKE, params![node, TAKE_MAX], |row| {
        Ok(Letter {
            id: row.id(0)?,
            from: NodeId(row.id(1)?),
            workspace: WorkspaceId(row.id(2)?),
            run: RunId(row.id(3)?),
            text: row.string(4)?,
        })
    })?;
    letters.sort_by_key(|letter| letter.id);
    Ok(letters)
}

/// Answers a letter; false when it was given back meanwhile.
///
/// # Errors
/// Of the database.
pub fn answer(tx: &mut Tx<'_>, node: NodeId, letter: &Letter, answer: &str) -> Result<bool, Fault> {
    let written = tx.execute(&ANSWER, params![letter.id, answer, node])? == 1;
    if written {
        tx.announce(Change::Mail { to: Some(letter.from) });
    }
    Ok(written)
}

/// What was answered to a letter, and whether it is still there.
///
/// # Errors
/// Of the database.
pub fn answered(tx: &mut Tx<'_>, letter: u128) -> Result<Option<Option<String>>, Fault> {
    tx.row(&ANSWERED, params![letter], |row| row.opt_string(0))
}

/// Takes a letter away.
///
/// # Errors
/// Of the database.
pub fn remove(tx: &mut Tx<'_>, letter: u128) -> Result<(), Fault> {
    tx.execute(&REMOVE, params![letter])?;
    Ok(())
}

/// Removes letters that were sent before an instant; returns how many.
///
/// # Errors
/// Of the database.
pub fn purge(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, Fault> {
    tx.execute(&PURGE, params![before])
}
