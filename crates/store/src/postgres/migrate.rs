//! Migrations of a PostgreSQL database.

use tokio_postgres::{Client, Transaction};

use super::guard::unreachable;
use crate::{
    Dialect, OpenError,
    migrate::{Applied, CREATE_TABLE, checksum, expand, pending},
    migrations::Migration,
};

/// Number of the lock that one migration holds, beside the session lock of the node.
const LOCK_NUMBER: i64 = 0x666c_6f65_0002;

/// Brings the schema up to date, each migration in a transaction of its own.
pub(super) async fn migrate(client: &mut Client, known: &[Migration]) -> Result<(), OpenError> {
    while step(client, known).await? {}
    Ok(())
}

/// Applies the first pending migration; false when there was none.
async fn step(client: &mut Client, known: &[Migration]) -> Result<bool, OpenError> {
    let transaction = client.transaction().await.map_err(unreachable)?;
    transaction.execute("select pg_advisory_xact_lock($1)", &[&LOCK_NUMBER]).await.map_err(unreachable)?;
    let applied = applied(&transaction).await?;
    let Some(migration) = pending(&applied, known)?.first() else { return Ok(false) };
    if applied.is_empty() {
        transaction.batch_execute(&expand(CREATE_TABLE, Dialect::Postgres)).await.map_err(unreachable)?;
    }
    transaction.batch_execute(&expand(migration.text, Dialect::Postgres)).await.map_err(unreachable)?;
    transaction
        .execute(
            "insert into schema_migrations (number, name, checksum) values ($1, $2, $3)",
            &[&i64::from(migration.number), &migration.name, &checksum(migration)],
        )
        .await
        .map_err(unreachable)?;
    transaction.commit().await.map_err(unreachable)?;
    Ok(true)
}

async fn applied(transaction: &Transaction<'_>) -> Result<Vec<Applied>, OpenError> {
    let there = transaction
        .query_one("select to_regclass('schema_migrations') is not null", &[])
        .await
        .and_then(|row| row.try_get::<_, bool>(0))
        .map_err(unreachable)?;
    if !there {
        return Ok(Vec::new());
    }
    let rows = transaction
        .query("select number, checksum from schema_migrations order by number", &[])
        .await
        .map_err(unreachable)?;
    rows.iter()
        .map(|row| {
            let number: i64 = row.try_get(0).map_err(unreachable)?;
            let checksum = row.try_get(1).map_err(unreachable)?;
            Ok(Applied { number: u32::try_from(number).unwrap_or(u32::MAX), checksum })
        })
        .collect()
}
