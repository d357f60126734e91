//! Migrations of a PostgreSQL database: all pending ones in one transaction, so that the schema is the old one or the new one.

use std::time::Instant;

use tokio_postgres::{Client, Transaction};

use super::connect::{Address, Link, runtime, unreachable};
use crate::{
    Dialect, OpenError, Step, Upgrade,
    migrate::{Applied, CREATE_TABLE, checksum, expand, pending},
    migrations::Migration,
};

/// Number of the lock that one migration holds.
const LOCK_NUMBER: i64 = 0x666c_6f65_0002;

/// Brings the schema up to date over a connection of its own, or only tries to.
pub(crate) fn upgrade(url: &str, known: &[Migration], rehearse: bool) -> Result<Upgrade, OpenError> {
    connected(url, async |link| attempt(&mut link.client, known, rehearse).await)
}

/// What a database's migrations are.
pub(crate) fn inspect(url: &str) -> Result<Vec<Applied>, OpenError> {
    connected(url, async |link| {
        let transaction = link.client.transaction().await.map_err(unreachable)?;
        applied(&transaction).await
    })
}

fn connected<T>(url: &str, act: impl AsyncFnOnce(&mut Link) -> Result<T, OpenError>) -> Result<T, OpenError> {
    let address = Address::parse(url)?;
    let runtime = runtime().map_err(|source| OpenError::Io { path: "PostgreSQL".to_owned(), source })?;
    runtime.block_on(async {
        let mut link = Link::connect(&address).await.map_err(unreachable)?;
        act(&mut link).await
    })
}

async fn attempt(client: &mut Client, known: &[Migration], rehearse: bool) -> Result<Upgrade, OpenError> {
    let transaction = client.transaction().await.map_err(unreachable)?;
    transaction.execute("select pg_advisory_xact_lock($1)", &[&LOCK_NUMBER]).await.map_err(unreachable)?;
    let applied = applied(&transaction).await?;
    let from = applied.last().map_or(0, |last| last.number);
    if applied.is_empty() {
        transaction.batch_execute(&expand(CREATE_TABLE, Dialect::Postgres)).await.map_err(unreachable)?;
    }
    let mut steps = Vec::new();
    for migration in pending(&applied, known)? {
        steps.push(step(&transaction, migration).await?);
    }
    // An upgrade that is not committed is undone by the server, also when this process is killed.
    if rehearse {
        transaction.rollback().await.map_err(unreachable)?;
    } else {
        transaction.commit().await.map_err(unreachable)?;
    }
    Ok(Upgrade { from, to: steps.last().map_or(from, |last: &Step| last.number), steps })
}

#[expect(clippy::disallowed_methods, reason = "measures how long each step took, for the person who upgrades")]
async fn step(transaction: &Transaction<'_>, migration: &Migration) -> Result<Step, OpenError> {
    let started = Instant::now();
    transaction.batch_execute(&expand(migration.text, Dialect::Postgres)).await.map_err(unreachable)?;
    transaction
        .execute(
            "insert into schema_migrations (number, name, checksum) values ($1, $2, $3)",
            &[&i64::from(migration.number), &migration.name, &checksum(migration)],
        )
        .await
        .map_err(unreachable)?;
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Step { number: migration.number, name: migration.name, millis })
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
