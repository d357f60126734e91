//! Who has which open exchange of table `exchanges`: turns, owners, and those that are to stop.

use floe_model::{
    Fault, Scope, Timestamp,
    id::{ExchangeId, ThreadId},
};

use super::exchanges::{CANCEL_ASKED, CLAIM_MAX, Exchange, KIND, WORK, exchange, exchange_columns};
use crate::{Change, Tx, params, statements};

/// Open, in its turn, and had by nobody who lives.
macro_rules! claimable {
    ($left:literal, $limit:literal) => {
        concat!(
            "select workspace_id, mode, id from exchanges free
             where finished_at is null and ",
            $left,
            " and not exists (select 1 from exchanges earlier
                 where earlier.agent_id = free.agent_id and earlier.thread_id = free.thread_id and earlier.finished_at is null
                     and earlier.arrival < free.arrival)
             order by accepted_at ", $limit
        )
    };
}

statements! {
    /// It begins, when it is its turn.
    START = both(
        "update exchanges set state = 'running', epoch = epoch + 1, started_at = coalesce(started_at, $4)
         where workspace_id = $1 and mode = $2 and id = $3 and state = 'waiting' and owner = $5
             and not exists (select 1 from exchanges earlier
                 where earlier.agent_id = exchanges.agent_id and earlier.thread_id = exchanges.thread_id
                     and earlier.finished_at is null and earlier.arrival < exchanges.arrival)"
    );
    /// It is taken back before it began.
    WITHDRAW = both(
        "delete from exchanges where workspace_id = $1 and mode = $2 and id = $3 and state = 'waiting' and owner = $4"
    );
    /// Whoever took it last gives it back.
    RELEASE = both(
        "update exchanges set state = 'waiting', owner = null
         where workspace_id = $1 and mode = $2 and id = $3 and epoch = $4 and finished_at is null"
    );
    /// Those that nobody has, or another life of this process had.
    CLAIM = split {
        sqlite: concat!(
            "update exchanges set state = 'running', owner = $1, epoch = epoch + 1, started_at = coalesce(started_at, $2)
             where (workspace_id, mode, id) in (", claimable!("(owner is null or owner <> $1)", "limit $3"), ") returning ",
            exchange_columns!()
        ),
        postgres: concat!(
            "with taken as materialized (", claimable!("(owner is null or owner <> $1)", "limit $3"),
            " for update skip locked)
             update exchanges set state = 'running', owner = $1, epoch = epoch + 1, started_at = coalesce(started_at, $2) from taken
             where exchanges.workspace_id = taken.workspace_id and exchanges.mode = taken.mode and exchanges.id = taken.id
             returning ", exchange_columns!()
        ),
    } -> [id, text, id, id, id, text, int, text, opt id, int, bool, text, opt text, id, json, int, int, opt json, json, opt text, int,
        bool, time, opt time, opt int, opt text, opt text, opt json, opt text, int, int, int, int, int, opt time];
    /// Those that nobody has, or a node that is no more had.
    CLAIM_AMONG_NODES = split {
        sqlite: concat!(
            "update exchanges set state = 'running', owner = $1, epoch = epoch + 1, started_at = coalesce(started_at, $2)
             where (workspace_id, mode, id) in (",
            claimable!("(owner is null or not exists (select 1 from nodes where nodes.id = free.owner))", "limit $3"), ") returning ",
            exchange_columns!()
        ),
        postgres: concat!(
            "with taken as materialized (",
            claimable!("(owner is null or not exists (select 1 from nodes where nodes.id = free.owner))", "limit $3"),
            " for update skip locked)
             update exchanges set state = 'running', owner = $1, epoch = epoch + 1, started_at = coalesce(started_at, $2) from taken
             where exchanges.workspace_id = taken.workspace_id and exchanges.mode = taken.mode and exchanges.id = taken.id
             returning ", exchange_columns!()
        ),
    } -> [id, text, id, id, id, text, int, text, opt id, int, bool, text, opt text, id, json, int, int, opt json, json, opt text, int,
        bool, time, opt time, opt int, opt text, opt text, opt json, opt text, int, int, int, int, int, opt time];
    /// Whether there is one that nobody has, or that another life of this process had.
    HAS_FREE = both(claimable!("(owner is null or owner <> $1)", "limit 1")) -> [id, text, id];
    /// Whether there is one that nobody has, or that a node that is no more had.
    HAS_FREE_AMONG_NODES = both(claimable!(
        "(owner is null or not exists (select 1 from nodes where nodes.id = free.owner))", "limit 1"
    )) -> [id, text, id];
    /// The owner of the next open one of a thread.
    NEXT = both(
        "select owner from exchanges
         where agent_id = $1 and thread_id = $2 and finished_at is null and arrival > $3 order by arrival limit 1"
    ) -> [opt id];
    /// Whoever took it last still has it; kept so until the transaction ends.
    KEEP = both(
        "update exchanges set epoch = epoch
         where workspace_id = $1 and mode = $2 and id = $3 and epoch = $4 and finished_at is null returning cancel_asked"
    ) -> [bool];
    /// Somebody wants it to stop.
    CANCEL = both(
        "update exchanges set cancel_asked = $4 where workspace_id = $1 and mode = $2 and id = $3 and finished_at is null"
    );
    /// The same, for all of a thread.
    CANCEL_OF_THREAD = split {
        // By itself SQLite would read every exchange of the workspace.
        sqlite: "update exchanges indexed by exchanges_of_thread set cancel_asked = $3
             where workspace_id = $1 and thread_id = $2 and finished_at is null",
        postgres: "update exchanges set cancel_asked = $3 where workspace_id = $1 and thread_id = $2 and finished_at is null",
    };
    /// Open ones that are to stop.
    TO_CANCEL = both("select id from exchanges where finished_at is null and cancel_asked limit $1") -> [id];
}

/// Lets a waiting exchange of this owner begin; false while others of its thread come first, and when it waits no more.
///
/// # Errors
/// Of the database.
pub fn start(tx: &mut Tx<'_>, scope: Scope, id: ExchangeId, owner: u128, now: Timestamp) -> Result<bool, Fault> {
    let begun = tx.execute(&START, params![scope.workspace, scope.mode, id, now, owner])? == 1;
    if begun {
        tx.announce(Change::Record { workspace: scope.workspace, kind: KIND, id: id.0 });
    }
    Ok(begun)
}

/// Takes back an exchange that this owner let wait, as if it had never come; false when it waits no more.
///
/// # Errors
/// Of the database.
pub fn withdraw(tx: &mut Tx<'_>, scope: Scope, id: ExchangeId, owner: u128) -> Result<bool, Fault> {
    let gone = tx.execute(&WITHDRAW, params![scope.workspace, scope.mode, id, owner])? == 1;
    tx.announce(Change::Record { workspace: scope.workspace, kind: KIND, id: id.0 });
    Ok(gone)
}

/// Gives back an exchange that was taken at `epoch`, for anyone to take.
///
/// # Errors
/// Of the database.
pub fn release(tx: &mut Tx<'_>, scope: Scope, id: ExchangeId, epoch: i64) -> Result<(), Fault> {
    tx.execute(&RELEASE, params![scope.workspace, scope.mode, id, epoch])?;
    tx.announce(Change::Record { workspace: scope.workspace, kind: WORK, id: id.0 });
    Ok(())
}

/// Takes up to `limit` ([`CLAIM_MAX`] at most) open exchanges of all workspaces whose turn it is and that nobody has: those that
/// were accepted for the background, and those of owners that are no more (`among_nodes`: nodes that ended; otherwise every other
/// owner, since one process has the database).
///
/// # Errors
/// Of the database.
pub fn claim(
    tx: &mut Tx<'_>,
    owner: u128,
    among_nodes: bool,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Exchange>, Fault> {
    let statement = if among_nodes { &CLAIM_AMONG_NODES } else { &CLAIM };
    let mut claimed = tx.rows(statement, params![owner, now, limit.min(CLAIM_MAX)], exchange)?;
    claimed.sort_by_key(|exchange| exchange.id);
    Ok(claimed)
}

/// Whether [`claim`] would take anything.
///
/// # Errors
/// Of the database.
pub fn has_free(tx: &mut Tx<'_>, owner: u128, among_nodes: bool) -> Result<bool, Fault> {
    let found = if among_nodes {
        tx.row(&HAS_FREE_AMONG_NODES, &[], |row| row.id(2))?
    } else {
        tx.row(&HAS_FREE, params![owner], |row| row.id(2))?
    };
    Ok(found.is_some())
}

/// Tells those who take exchanges when the next one of the same thread is nobody's.
///
/// # Errors
/// Of the database.
pub fn announce_next(tx: &mut Tx<'_>, after: &Exchange) -> Result<(), Fault> {
    let Exchange { scope, agent, thread, arrival, .. } = after;
    let next = tx.row(&NEXT, params![*agent, *thread, *arrival], |row| row.opt_id(0))?;
    if next == Some(None) {
        tx.announce(Change::Record { workspace: scope.workspace, kind: WORK, id: thread.0 });
    }
    Ok(())
}

/// Makes sure that whoever took an exchange at `epoch` still has it, until the transaction ends: whether it is to stop; none when it
/// is over or somebody else has it, and then nothing may be written in its name.
///
/// # Errors
/// Of the database.
pub fn keep(tx: &mut Tx<'_>, scope: Scope, id: ExchangeId, epoch: i64) -> Result<Option<bool>, Fault> {
    tx.row(&KEEP, params![scope.workspace, scope.mode, id, epoch], |row| row.bool(0))
}

/// Asks for an open exchange to stop; false when there is none.
///
/// # Errors
/// Of the database.
pub fn cancel(tx: &mut Tx<'_>, scope: Scope, id: ExchangeId) -> Result<bool, Fault> {
    let asked = tx.execute(&CANCEL, params![scope.workspace, scope.mode, id, true])? == 1;
    tx.announce(Change::Record { workspace: scope.workspace, kind: CANCEL_ASKED, id: id.0 });
    Ok(asked)
}

/// Asks for all open exchanges of a thread to stop; tells how many there are.
///
/// # Errors
/// Of the database.
pub fn cancel_of_thread(tx: &mut Tx<'_>, scope: Scope, thread: ThreadId) -> Result<u64, Fault> {
    let asked = tx.execute(&CANCEL_OF_THREAD, params![scope.workspace, thread, true])?;
    tx.announce(Change::Record { workspace: scope.workspace, kind: CANCEL_ASKED, id: thread.0 });
    Ok(asked)
}

/// Open exchanges of all workspaces that are to stop, a bounded number.
///
/// # Errors
/// Of the database.
pub fn to_cancel(tx: &mut Tx<'_>) -> Result<Vec<ExchangeId>, Fault> {
    tx.rows(&TO_CANCEL, params![CLAIM_MAX], |row| row.id(0).map(ExchangeId))
}
