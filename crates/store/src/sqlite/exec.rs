//! Statements on a SQLite connection.

use floe_model::Fault;
use rusqlite::{CachedStatement, Connection, ErrorCode, ffi};

use crate::{
    Row, Value,
    row::RowInner,
    sql::{BulkSql, Described, Sql, Statement},
    tx::StatementError,
};

/// Runs a statement without an answer; the number of rows written.
pub(crate) fn execute(connection: &Connection, sql: &Sql, params: &[Value<'_>]) -> Result<u64, Fault> {
    let run = || -> rusqlite::Result<usize> {
        let mut statement = prepare(connection, sql.sqlite, params)?;
        statement.raw_execute()
    };
    run().map(|count| count as u64).map_err(|error| fault(sql.name, error))
}

/// Runs a statement and visits each row of its answer.
pub(crate) fn each(
    connection: &Connection,
    sql: &Sql,
    params: &[Value<'_>],
    visit: &mut dyn FnMut(&Row<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let failed = |error| fault(sql.name, error);
    let mut statement = prepare(connection, sql.sqlite, params).map_err(failed)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        visit(&Row { statement: sql.name, inner: RowInner::Sqlite(row) })?;
    }
    Ok(())
}

/// Runs a prepared statement once for each row.
pub(crate) fn bulk<'v, R: AsRef<[Value<'v>]>>(
    connection: &Connection,
    sql: &BulkSql,
    rows: &[R],
) -> Result<u64, Fault> {
    let run = || -> rusqlite::Result<u64> {
        let mut statement = connection.prepare_cached(sql.sqlite)?;
        let mut written = 0;
        for row in rows {
            bind(&mut statement, row.as_ref())?;
            written += statement.raw_execute()? as u64;
        }
        Ok(written)
    };
    run().map_err(|error| fault(sql.name, error))
}

/// What SQLite says about a statement.
pub(crate) fn describe(connection: &Connection, statement: &Statement) -> Result<Described, Fault> {
    let (name, text) = match statement {
        Statement::One(sql) => (sql.name, sql.sqlite),
        Statement::Bulk(sql) => (sql.name, sql.sqlite),
    };
    let prepared = connection.prepare(text).map_err(|error| fault(name, error))?;
    Ok(Described {
        parameters: vec![None; prepared.parameter_count()],
        columns: prepared.column_names().map(|column| (column.to_owned(), None)).collect(),
        unknown: Vec::new(),
    })
}

fn prepare<'c>(connection: &'c Connection, text: &str, params: &[Value<'_>]) -> rusqlite::Result<CachedStatement<'c>> {
    let mut statement = connection.prepare_cached(text)?;
    let expected = statement.parameter_count();
    if expected != params.len() {
        return Err(rusqlite::Error::InvalidParameterCount(params.len(), expected));
    }
    bind(&mut statement, params)?;
    Ok(statement)
}

fn bind(statement: &mut CachedStatement<'_>, params: &[Value<'_>]) -> rusqlite::Result<()> {
    for (index, value) in params.iter().enumerate() {
        let at = index + 1;
        match *value {
            Value::Null => statement.raw_bind_parameter(at, rusqlite::types::Null)?,
            Value::Int(value) => statement.raw_bind_parameter(at, value)?,
            Value::Float(value) => statement.raw_bind_parameter(at, value)?,
            Value::Bool(value) => statement.raw_bind_parameter(at, value)?,
            Value::Text(value) => statement.raw_bind_parameter(at, value)?,
            Value::Id(value) => statement.raw_bind_parameter(at, value.to_be_bytes())?,
            Value::Bytes(value) => statement.raw_bind_parameter(at, value)?,
        }
    }
    Ok(())
}

/// Whether there is no room left: on the disk, within a quota, or for the file that readers and writers share.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    let rusqlite::Error::SqliteFailure(cause, _) = error else { return false };
    cause.code == ErrorCode::DiskFull || cause.extended_code == ffi::SQLITE_IOERR_SHMSIZE
}

fn fault(name: &'static str, error: rusqlite::Error) -> Fault {
    if is_full(&error) {
        return Fault::storage_full();
    }
    if let rusqlite::Error::SqliteFailure(cause, _) = &error
        && cause.code == ErrorCode::ConstraintViolation
        && matches!(
            cause.extended_code,
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID
        )
    {
        return crate::tx::duplicate();
    }
    Fault::internal(StatementError::new(name, error.to_string()))
}
