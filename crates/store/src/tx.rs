//! A transaction as its closure sees it.

use floe_model::{Fault, FaultKind};

use crate::{
    Change, Dialect, Row, Value,
    change::Changes,
    postgres::Session,
    sql::{BulkSql, Described, Sql, Statement},
    sqlite,
};

/// A transaction. Its writes are kept when its closure returns `Ok`, and undone otherwise.
///
/// After a statement failed, everything in the same transaction fails, on both databases; a closure that wants to meet a
/// duplicate writes `on conflict do nothing` and looks at the count.
pub struct Tx<'a> {
    inner: Inner<'a>,
    changes: &'a mut Changes,
    failed: Option<&'static str>,
    is_full: bool,
}

enum Inner<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a mut Session),
}

impl<'a> Tx<'a> {
    pub(crate) fn sqlite(connection: &'a rusqlite::Connection, changes: &'a mut Changes) -> Self {
        Self { inner: Inner::Sqlite(connection), changes, failed: None, is_full: false }
    }

    pub(crate) fn postgres(session: &'a mut Session, changes: &'a mut Changes) -> Self {
        Self { inner: Inner::Postgres(session), changes, failed: None, is_full: false }
    }

    /// The statement that failed, if one did.
    pub(crate) fn failed(&self) -> Option<&'static str> {
        self.failed
    }

    /// Whether a statement failed because there is no room left.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Which database this is, for the few decisions that need to know.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self.inner {
            Inner::Sqlite(_) => Dialect::Sqlite,
            Inner::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement without an answer and returns the number of rows that it wrote.
    ///
    /// # Errors
    /// A conflict with code `already_exists` for a duplicate key, an internal fault for anything else.
    pub fn execute(&mut self, sql: &'static Sql, params: &[Value<'_>]) -> Result<u64, Fault> {
        self.usable(sql.name)?;
        storable(params)?;
        let result = match &mut self.inner {
            Inner::Sqlite(connection) => sqlite::execute(connection, sql, params),
            Inner::Postgres(session) => session.execute(sql, params),
        };
        self.note(sql.name, result)
    }

    /// Runs a statement and maps every row of its answer.
    ///
    /// # Errors
    /// As [`Tx::execute`], and whatever `map` returns.
    pub fn rows<T>(
        &mut self,
        sql: &'static Sql,
        params: &[Value<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut list = Vec::new();
        self.each(sql, params, &mut |row| {
            list.push(map(row)?);
            Ok(())
        })?;
        Ok(list)
    }

    /// Runs a statement whose answer is at most one row; a second row is an internal fault.
    ///
    /// # Errors
    /// As [`Tx::rows`].
    pub fn row<T>(
        &mut self,
        sql: &'static Sql,
        params: &[Value<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let mut found = None;
        self.each(sql, params, &mut |row| {
            if found.is_some() {
                return Err(Fault::internal(StatementError::new(sql.name, "more than one row".to_owned())));
            }
            found = Some(map(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Writes many rows with one statement and returns how many were written. No rows is no statement.
    ///
    /// # Errors
    /// As [`Tx::execute`]; an internal fault when a row has another number of values than declared.
    pub fn bulk<'v, R: AsRef<[Value<'v>]>>(&mut self, sql: &'static BulkSql, rows: &[R]) -> Result<u64, Fault> {
        self.fits(sql, rows)?;
        if rows.is_empty() {
            return Ok(0);
        }
        let result = match &mut self.inner {
            Inner::Sqlite(connection) => sqlite::bulk(connection, sql, rows),
            Inner::Postgres(session) => session.bulk(sql, rows),
        };
        self.note(sql.name, result)
    }

    /// Runs a statement whose answer nobody needs: on PostgreSQL together with the next one, or with the commit. What is wrong with it may
    /// be found only then, and then the whole transaction fails with it.
    ///
    /// # Errors
    /// As [`Tx::execute`].
    pub fn execute_later(&mut self, sql: &'static Sql, params: &[Value<'_>]) -> Result<(), Fault> {
        self.usable(sql.name)?;
        storable(params)?;
        let result = match &mut self.inner {
            Inner::Sqlite(connection) => sqlite::execute(connection, sql, params).map(drop),
            Inner::Postgres(session) => session.execute_later(sql, params),
        };
        self.note(sql.name, result)
    }

    /// Writes many rows with one statement, as [`Tx::execute_later`] does. No rows is no statement.
    ///
    /// # Errors
    /// As [`Tx::bulk`].
    pub fn bulk_later<'v, R: AsRef<[Value<'v>]>>(&mut self, sql: &'static BulkSql, rows: &[R]) -> Result<(), Fault> {
        self.fits(sql, rows)?;
        if rows.is_empty() {
            return Ok(());
        }
        let result = match &mut self.inner {
            Inner::Sqlite(connection) => sqlite::bulk(connection, sql, rows).map(drop),
            Inner::Postgres(session) => session.bulk_later(sql, rows),
        };
        self.note(sql.name, result)
    }

    /// Says that no statement of this transaction needs what another one of it writes, or writes the same row. If all of them can wait
    /// ([`Tx::execute_later`], [`Tx::bulk_later`]), PostgreSQL takes them as one then, and needs no messages for beginning and end.
    pub fn at_once(&mut self) {
        match &mut self.inner {
            Inner::Sqlite(_) => {}
            Inner::Postgres(session) => session.at_once(),
        }
    }

    /// Tells the watchers of this process after the commit; told once however often it is announced.
    pub fn announce(&mut self, change: Change) {
        self.changes.add(change);
    }

    /// What the database says about a statement; for the statement test.
    ///
    /// # Errors
    /// An internal fault when the statement cannot be prepared.
    pub fn describe(&mut self, statement: &Statement) -> Result<Described, Fault> {
        match &mut self.inner {
            Inner::Sqlite(connection) => sqlite::describe(connection, statement),
            Inner::Postgres(session) => session.describe(statement),
        }
    }

    fn each(
        &mut self,
        sql: &'static Sql,
        params: &[Value<'_>],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.usable(sql.name)?;
        storable(params)?;
        let result = match &mut self.inner {
            Inner::Sqlite(connection) => sqlite::each(connection, sql, params, visit),
            Inner::Postgres(session) => session.each(sql, params, visit),
        };
        self.note(sql.name, result)
    }

    /// Whether a statement takes these rows.
    fn fits<'v, R: AsRef<[Value<'v>]>>(&self, sql: &'static BulkSql, rows: &[R]) -> Result<(), Fault> {
        self.usable(sql.name)?;
        if rows.iter().any(|row| row.as_ref().len() != sql.columns.len()) {
            return Err(Fault::internal(StatementError::new(sql.name, "a row of another length".to_owned())));
        }
        rows.iter().try_for_each(|row| storable(row.as_ref()))
    }

    fn usable(&self, name: &'static str) -> Result<(), Fault> {
        match self.failed {
            None => Ok(()),
            Some(failed) => {
                Err(Fault::internal(StatementError::new(name, format!("not run, because {failed} failed before"))))
            }
        }
    }

    fn note<T>(&mut self, name: &'static str, result: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(fault) = &result {
            self.failed = Some(name);
            self.is_full |= fault.kind() == FaultKind::StorageFull;
        }
        result
    }
}

/// A statement that went wrong, by its name. Never holds parameter values: they may be secret.
#[derive(Debug, thiserror::Error)]
#[error("statement {statement}: {problem}")]
pub(crate) struct StatementError {
    statement: &'static str,
    problem: String,
}

impl StatementError {
    /// A problem with a statement.
    pub(crate) fn new(statement: &'static str, problem: String) -> Self {
        Self { statement, problem }
    }
}

/// The fault for a key that is there already, on both databases.
pub(crate) fn duplicate() -> Fault {
    Fault::conflict("already_exists", "There is already a record with this key")
}

/// Refuses text that PostgreSQL cannot store, on both databases alike, before anything runs.
fn storable(params: &[Value<'_>]) -> Result<(), Fault> {
    let nul = params.iter().any(|value| matches!(value, Value::Text(text) if text.as_bytes().contains(&0)));
    if nul {
        return Err(Fault::new(FaultKind::Invalid, "validation_error", "A text must not contain the NUL character"));
    }
    Ok(())
}
