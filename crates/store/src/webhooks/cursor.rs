//! Table `webhook_cursor`: how far the stream of domain events was handed to endpoints that pick from all of it.

use floe_model::Fault;

use crate::{Row, Tx, params, platform::events::Cursor, statements};

statements! {
    /// Where it stands.
    PEEK = both("select commit_group, position from webhook_cursor where one = 1") -> [int, int];
    /// Where it stands; held, so that two nodes do not hand out the same.
    HOLD = split {
        sqlite: "select commit_group, position from webhook_cursor where one = 1",
        postgres: "select commit_group, position from webhook_cursor where one = 1 for update",
    } -> [int, int];
    /// Where it stands from now on.
    SET = both(
        "insert into webhook_cursor (one, commit_group, position) values (1, $1, $2)
         on conflict (one) do update set commit_group = excluded.commit_group, position = excluded.position"
    );
    /// Nobody listens to the stream.
    CLEAR = both("delete from webhook_cursor");
}

/// Where the handing out stands; none while nobody listens.
///
/// # Errors
/// Of the database.
pub fn peek(tx: &mut Tx<'_>) -> Result<Option<Cursor>, Fault> {
    tx.row(&PEEK, &[], cursor)
}

/// Where the handing out stands, held until the transaction ends; none while nobody listens.
///
/// # Errors
/// Of the database.
pub fn hold(tx: &mut Tx<'_>) -> Result<Option<Cursor>, Fault> {
    tx.row(&HOLD, &[], cursor)
}

fn cursor(row: &Row<'_>) -> Result<Cursor, Fault> {
    Ok(Cursor { group: row.int(0)?, position: row.int(1)? })
}

/// Moves it.
///
/// # Errors
/// Of the database.
pub fn set(tx: &mut Tx<'_>, cursor: Cursor) -> Result<(), Fault> {
    tx.execute(&SET, params![cursor.group, cursor.position]).map(drop)
}

/// Forgets it: the next who listens begins with what happens from then on.
///
/// # Errors
/// Of the database.
pub fn clear(tx: &mut Tx<'_>) -> Result<(), Fault> {
    tx.execute(&CLEAR, &[]).map(drop)
}
