//! Table `write_probe`: one row that is written to see whether writing works.

use floe_model::{Fault, Timestamp};

use crate::{Tx, params, statements};

statements! {
    /// Writes the row.
    WRITE = both("insert into write_probe (one, at) values (1, $1) on conflict (one) do update set at = excluded.at");
}

/// Writes a little.
///
/// # Errors
/// `storage_full`, and others of the database.
pub fn write(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), Fault> {
    tx.execute(&WRITE, params![now]).map(drop)
}
