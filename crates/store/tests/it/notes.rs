//! A scratch table for the tests of transactions.

use floe_model::Fault;
use floe_store::{Column, Kind, Sql, Store, Tx, Value};

const fn sql(name: &'static str, sqlite: &'static str, postgres: &'static str) -> Sql {
    Sql { name, sqlite, postgres, columns: &[] }
}

static CREATE: Sql = sql(
    "notes::CREATE",
    "create table notes (id BLOB not null primary key, number INTEGER not null) strict",
    "create table notes (id uuid not null primary key, number bigint not null)",
);
static INSERT: Sql = sql(
    "notes::INSERT",
    "insert into notes (id, number) values (?1, ?2)",
    "insert into notes (id, number) values ($1, $2)",
);
static ADD: Sql = sql(
    "notes::ADD",
    "update notes set number = number + ?2 where id = ?1",
    "update notes set number = number + $2 where id = $1",
);
static NUMBER: Sql = Sql {
    name: "notes::NUMBER",
    sqlite: "select number from notes where id = ?1",
    postgres: "select number from notes where id = $1",
    columns: &[Column { kind: Kind::Int, nullable: false }],
};
static PLACE: Sql = sql(
    "notes::PLACE",
    "create table if not exists filling (id INTEGER primary key, text TEXT not null)",
    "create table if not exists filling (id bigint primary key, text text not null)",
);
static FILL: Sql = sql(
    "notes::FILL",
    "insert into filling (id, text) values (1, ?1) on conflict (id) do update set text = excluded.text",
    "insert into filling (id, text) values (1, $1) on conflict (id) do update set text = excluded.text",
);
static COUNT: Sql = Sql {
    name: "notes::COUNT",
    sqlite: "select count(*) from notes",
    postgres: "select count(*) from notes",
    columns: &[Column { kind: Kind::Int, nullable: false }],
};

static BAD: Sql = sql("notes::BAD", "select nothing from nowhere", "select nothing from nowhere");

/// A statement that cannot even be prepared.
pub(crate) fn bad(tx: &mut Tx<'_>) -> Result<Option<i64>, Fault> {
    tx.row(&BAD, &[], |row| row.int(0))
}

/// Makes the table.
pub(crate) async fn create(store: &Store) {
    store.write(|tx| tx.execute(&CREATE, &[])).await.expect("the table is new");
}

/// Writes a text of so many bytes over the last one.
pub(crate) fn fill(tx: &mut Tx<'_>, bytes: usize) -> Result<u64, Fault> {
    tx.execute(&PLACE, &[])?;
    tx.execute(&FILL, &[Value::Text(&"x".repeat(bytes))])
}

pub(crate) fn insert(tx: &mut Tx<'_>, id: u128, number: i64) -> Result<u64, Fault> {
    tx.execute(&INSERT, &[Value::Id(id), Value::Int(number)])
}

pub(crate) fn insert_later(tx: &mut Tx<'_>, id: u128, number: i64) -> Result<(), Fault> {
    tx.execute_later(&INSERT, &[Value::Id(id), Value::Int(number)])
}

pub(crate) fn add(tx: &mut Tx<'_>, id: u128, number: i64) -> Result<u64, Fault> {
    tx.execute(&ADD, &[Value::Id(id), Value::Int(number)])
}

pub(crate) fn number(tx: &mut Tx<'_>, id: u128) -> Result<Option<i64>, Fault> {
    tx.row(&NUMBER, &[Value::Id(id)], |row| row.int(0))
}

pub(crate) fn count_in(tx: &mut Tx<'_>) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, &[], |row| row.int(0))?.unwrap_or(0))
}

pub(crate) async fn count(store: &Store) -> i64 {
    store.read(count_in).await.expect("counting works")
}
