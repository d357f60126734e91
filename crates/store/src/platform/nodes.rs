//! Tables `nodes` and `ended_nodes`: who shares this database, and who does no longer.
//!
//! The database is the only referee, and its clock the only clock. A node is alive while its row is there; whoever finds
//! that its lease has run out, or that its session is gone, takes the row away. What the node wrote until then counts, what it tries to
//! write afterwards is refused: each of its writes holds the row ([`hold`]), and taking it away waits for those under way.

use floe_model::{Fault, FaultKind, id::NodeId};

use crate::{Tx, params, statements};

/// Runs claimed at a time at most.
pub const CLAIM_MAX: usize = 500;

statements! {
    /// A node begins to live.
    REGISTER = split {
        sqlite: "insert into nodes (id, role, lock_key, started_at, lease_until)
             values ($1, $2, $3, cast(unixepoch('subsec') * 1000000 as integer), cast(unixepoch('subsec') * 1000000 as integer) + $4)",
        postgres: "insert into nodes (id, role, lock_key, started_at, lease_until)
             values ($1, $2, $3, (extract(epoch from clock_timestamp()) * 1000000)::bigint,
                 (extract(epoch from clock_timestamp()) * 1000000)::bigint + $4)",
    };
    /// A node goes on living; a lease that ran out is not renewed.
    RENEW = split {
        sqlite: "update nodes set lease_until = cast(unixepoch('subsec') * 1000000 as integer) + $2
             where id = $1 and lease_until > cast(unixepoch('subsec') * 1000000 as integer)
             returning (select count(*) from nodes)",
        postgres: "update nodes set lease_until = (extract(epoch from clock_timestamp()) * 1000000)::bigint + $2
             where id = $1 and lease_until > (extract(epoch from clock_timestamp()) * 1000000)::bigint
             returning (select count(*) from nodes)",
    } -> [int];
    /// Nodes whose lease ran out, or whose session is gone.
    GONE = split {
        sqlite: "select id from nodes where id <> $1 and lease_until < cast(unixepoch('subsec') * 1000000 as integer)",
        postgres: "select id from nodes where id <> $1 and (
                 lease_until < (extract(epoch from clock_timestamp()) * 1000000)::bigint or pg_try_advisory_xact_lock(lock_key))",
    } -> [id];
    /// Takes a node's row away; waits for what it is just writing.
    REMOVE = both("delete from nodes where id = $1");
    /// Notes what is left to be taken over.
    NOTE_ENDED = split {
        sqlite: "insert into ended_nodes (id, ended_at) values ($1, cast(unixepoch('subsec') * 1000000 as integer)) on conflict do nothing",
        postgres: "insert into ended_nodes (id, ended_at) values ($1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
             on conflict do nothing",
    };
    /// Gives back what a node had claimed.
    RELEASE_JOBS = both("update jobs set lease_until = null, ready_at = due_at, node_id = null where node_id = $1");
    /// Gives back letters that a node had taken and not answered.
    RELEASE_MAIL = both("update node_mail set taken_by = null, to_node = null where (taken_by = $1 or to_node = $1) and answer is null");
    /// Nodes that were ended.
    ENDED = both("select id from ended_nodes order by id limit 100") -> [id];
    /// Nothing is owned by a node any more.
    FORGET_ENDED = both(
        "delete from ended_nodes where id = $1
             and not exists (select 1 from runs where runs.node_id = $1 and status in ('queued', 'running'))"
    );
    /// The row of a living node, held against being taken away until the transaction ends.
    HOLD = split {
        sqlite: "select id from nodes where id = $1",
        postgres: "select id from nodes where id = $1
             and lease_until > (extract(epoch from clock_timestamp()) * 1000000)::bigint for key share",
    } -> [id];
    /// The same, failing when the node is dead: then it divides by zero.
    REQUIRE = split {
        sqlite: "delete from nodes where id = $1 and 1 = 0",
        postgres: "delete from nodes where 1 / (select count(*) from (select id from nodes where id = $1
             and lease_until > (extract(epoch from clock_timestamp()) * 1000000)::bigint for key share) held) = 0",
    };
    /// Whether a node is alive.
    IS_ALIVE = both("select id from nodes where id = $1") -> [id];
}

/// Lets a node live for `lease_ms`; `lock_key` is the number of the session lock that its process holds.
///
/// # Errors
/// Of the database.
pub fn register(tx: &mut Tx<'_>, node: NodeId, role: &str, lock_key: i64, lease_ms: i64) -> Result<(), Fault> {
    tx.execute(&REGISTER, params![node, role, lock_key, lease_ms * 1_000])?;
    Ok(())
}

/// Lets a node live for `lease_ms` more. Returns how many nodes there are, itself counted; `None` when it is dead.
///
/// # Errors
/// Of the database.
pub fn renew(tx: &mut Tx<'_>, node: NodeId, lease_ms: i64) -> Result<Option<u64>, Fault> {
    let count = tx.row(&RENEW, params![node, lease_ms * 1_000], |row| row.int(0))?;
    Ok(count.map(i64::unsigned_abs))
}

/// Nodes other than `own` whose lease ran out or whose process is gone.
///
/// # Errors
/// Of the database.
pub fn gone(tx: &mut Tx<'_>, own: NodeId) -> Result<Vec<NodeId>, Fault> {
    tx.rows(&GONE, params![own], |row| row.id(0).map(NodeId))
}

/// Ends a node: nothing that it tries to write as the owner of runs counts from now on. False when it was ended before.
///
/// # Errors
/// Of the database.
pub fn end(tx: &mut Tx<'_>, node: NodeId) -> Result<bool, Fault> {
    if tx.execute(&REMOVE, params![node])? == 0 {
        return Ok(false);
    }
    tx.execute(&NOTE_ENDED, params![node])?;
    tx.execute(&RELEASE_JOBS, params![node])?;
    tx.execute(&RELEASE_MAIL, params![node])?;
    Ok(true)
}

/// Nodes that were ended and may still own runs.
///
/// # Errors
/// Of the database.
pub fn ended(tx: &mut Tx<'_>) -> Result<Vec<NodeId>, Fault> {
    tx.rows(&ENDED, &[], |row| row.id(0).map(NodeId))
}

/// Forgets an ended node that owns no run any more; false when it does.
///
/// # Errors
/// Of the database.
pub fn forget(tx: &mut Tx<'_>, node: NodeId) -> Result<bool, Fault> {
    Ok(tx.execute(&FORGET_ENDED, params![node])? == 1)
}

/// Keeps a node alive until this transaction ends; false when it is dead, and then nothing may be written in its name.
///
/// # Errors
/// Of the database.
pub fn hold(tx: &mut Tx<'_>, node: NodeId) -> Result<bool, Fault> {
    Ok(tx.row(&HOLD, params![node], |row| row.id(0))?.is_some())
}

/// As [`hold`], without an answer: when the node is dead, the transaction fails with [`ended_fault`]. It costs no round trip.
///
/// # Errors
/// Of the database.
pub fn require(tx: &mut Tx<'_>, node: NodeId) -> Result<(), Fault> {
    tx.execute_later(&REQUIRE, params![node])
}

/// Code of the fault when the node in whose name a write is made was ended.
pub const ENDED_CODE: &str = "node_ended";

/// The fault for a write of a node that was ended.
#[must_use]
pub fn ended_fault() -> Fault {
    Fault::new(FaultKind::Overloaded, ENDED_CODE, "This node was taken for gone and begins anew").with_retry_after(1)
}

/// Whether a node is alive.
///
/// # Errors
/// Of the database.
pub fn is_alive(tx: &mut Tx<'_>, node: NodeId) -> Result<bool, Fault> {
    Ok(tx.row(&IS_ALIVE, params![node], |row| row.id(0))?.is_some())
}
