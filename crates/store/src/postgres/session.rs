//! A connection in the hands of one thread, and the transaction that runs on it.
//!
//! A statement whose answer nobody needs is not sent at once: it goes out together with the next one, or with the commit, and the
//! server works them off in order. A transaction that only writes costs one round trip so.

mod later;
pub(super) mod together;

use floe_model::Fault;
use tokio::runtime::Runtime;
use tokio_postgres::{
    Error, Statement as Prepared,
    error::SqlState,
    types::{ToSql, Type},
};

use self::later::{Queued, Unsent};
use super::{
    connect::{Address, Link},
    values::kind_of,
};
use crate::{
    Row, Value,
    platform::nodes,
    row::RowInner,
    sql::{BulkSql, Described, Sql, Statement},
    store::overloaded,
    tx::StatementError,
};

/// What went wrong in a transaction, as far as it decides about trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Serialization failure or deadlock: the same closure may succeed now.
    Contention,
    /// The connection is gone.
    Lost,
    /// The statement itself.
    Statement,
}

/// A thread's connection, made when it is needed.
pub(crate) struct Session {
    runtime: Runtime,
    address: Address,
    link: Option<Link>,
    /// Sent together with the first statement, which saves a round trip.
    begin: Option<&'static str>,
    /// Which statements may wait for the next one.
    defers: Defers,
    /// Whether those that wait may be put together.
    at_once: bool,
    /// Statements that wait.
    queue: Vec<Queued>,
    trouble: Option<Trouble>,
}

/// What of a transaction may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defers {
    /// Nothing.
    None,
    /// Statements whose answer nobody needs.
    Statements,
    /// And nothing is open on the connection, so that they need no beginning when there is nothing else.
    All,
}

/// Why a transaction was not committed.
pub(super) enum Uncommitted {
    /// One of its statements failed, so it was undone.
    Statement(Fault),
    /// The connection ended before the server took the commit, so it was undone; another run may succeed.
    Undone,
    /// The commit failed; of some troubles it is not known whether it did.
    Commit(Trouble, Error),
}

impl Session {
    /// A session that is not connected yet.
    pub(super) fn new(runtime: Runtime, address: Address) -> Self {
        Self {
            runtime,
            address,
            link: None,
            begin: None,
            defers: Defers::None,
            at_once: false,
            queue: Vec::new(),
            trouble: None,
        }
    }

    /// Connects unless it is.
    pub(super) fn connect(&mut self) -> Result<(), Error> {
        if self.link.is_some() {
            self.catch_up();
        }
        if let Some(link) = self.link.as_mut().filter(|link| !link.client.is_closed())
            && self.runtime.block_on(link.renew_plans()).is_ok()
        {
            return Ok(());
        }
        self.disconnect();
        let address = &self.address;
        self.link = Some(self.runtime.block_on(async { Link::connect(address).await?.limit().await })?);
        Ok(())
    }

    /// Lets the connection see what came while this thread waited for nothing: above all that the server has ended it. A write whose
    /// statements all wait for its commit would learn of it only there, where it is not known any more what was committed.
    fn catch_up(&self) {
        self.runtime.block_on(async {
            // The first turn looks at the socket, the second one lets the connection read it.
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        });
    }

    /// Forgets the connection; the next transaction makes a new one.
    pub(super) fn disconnect(&mut self) {
        let _inside = self.runtime.enter();
        self.link = None;
    }

    /// Says how the next transaction begins; nothing is sent before its first statement. One that `defers` must be ended by
    /// [`Session::commit`] or [`Session::forget`].
    pub(super) fn begin(&mut self, text: &'static str, defers: Defers) {
        self.begin = Some(text);
        self.defers = defers;
        self.at_once = false;
        self.queue.clear();
        self.trouble = None;
    }

    /// Lets statements that wait be put together, since none of them needs what another one does.
    pub(crate) fn at_once(&mut self) {
        self.at_once = true;
    }

    /// Whether the transaction has sent anything.
    pub(super) fn begun(&self) -> bool {
        self.begin.is_none()
    }

    /// Whether there is anything to commit.
    pub(super) fn has_work(&self) -> bool {
        self.begun() || !self.queue.is_empty()
    }

    /// Drops what was not sent.
    pub(super) fn forget(&mut self) {
        self.queue.clear();
    }

    /// Sends what waits, and the commit behind it.
    pub(super) fn commit(&mut self) -> Result<(), Uncommitted> {
        let Some(link) = &self.link else {
            return Err(Uncommitted::Statement(overloaded("The database cannot be reached")));
        };
        if link.client.is_closed() {
            return Err(Uncommitted::Undone);
        }
        if self.at_once && self.defers == Defers::All && !self.begun() && self.queue.len() <= together::PARTS_MAX {
            return self.commit_together();
        }
        let (begin, queue) = (self.begin.take(), std::mem::take(&mut self.queue));
        let (sent, committed) = self.runtime.block_on(async {
            // All are on their way before the first is answered. Behind a failed statement the server undoes instead of committing.
            tokio::join!(biased; later::send(&link.client, begin, &queue), link.client.batch_execute("commit"))
        });
        match (sent, committed) {
            (Err(unsent), _) => Err(self.uncommitted(unsent)),
            (Ok(()), Err(error)) if is_end_by_server(&error) => Err(Uncommitted::Undone),
            (Ok(()), Err(error)) => Err(Uncommitted::Commit(trouble(&error), error)),
            (Ok(()), Ok(())) => Ok(()),
        }
    }

    /// Sends what waits as one statement, which is a transaction by itself.
    fn commit_together(&mut self) -> Result<(), Uncommitted> {
        let Some(link) = &mut self.link else { return Err(Uncommitted::Undone) };
        self.begin = None;
        let queue = std::mem::take(&mut self.queue);
        let statement = match self.runtime.block_on(later::put_together(link, &queue)) {
            Ok(statement) => statement,
            // Nothing was carried out, whatever became of the connection.
            Err(Unsent { error, .. }) if trouble(&error) == Trouble::Lost => return Err(Uncommitted::Undone),
            Err(unsent) => return Err(self.uncommitted(unsent)),
        };
        let sent = self.runtime.block_on(later::send_together(&link.client, &statement, &queue));
        sent.map_err(|unsent| self.uncommitted(unsent))
    }

    /// What a statement means for its transaction that failed on the way to the commit.
    fn uncommitted(&mut self, Unsent { name, error }: Unsent) -> Uncommitted {
        if is_end_by_server(&error) {
            return Uncommitted::Undone;
        }
        let trouble = trouble(&error);
        self.trouble = Some(trouble);
        match trouble {
            Trouble::Lost => Uncommitted::Commit(trouble, error),
            _ => Uncommitted::Statement(fault(name, trouble, error)),
        }
    }

    /// What went wrong since [`Session::begin`].
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }

    /// Ends the transaction with `commit` or `rollback`.
    pub(super) fn end(&mut self, text: &'static str) -> Result<(), (Trouble, Error)> {
        let Some(link) = &self.link else { return Ok(()) };
        self.runtime.block_on(link.client.batch_execute(text)).map_err(|error| (trouble(&error), error))
    }

    /// Runs a statement without an answer; the number of rows written.
    pub(crate) fn execute(&mut self, sql: &Sql, params: &[Value<'_>]) -> Result<u64, Fault> {
        let params = references(params);
        self.run(sql.name, sql.postgres, async |link, statement| link.client.execute(&statement, &params).await)
    }

    /// Runs a statement without an answer, with the next one; what is wrong with it is found then.
    pub(crate) fn execute_later(&mut self, sql: &Sql, params: &[Value<'_>]) -> Result<(), Fault> {
        if self.defers == Defers::None {
            return self.execute(sql, params).map(drop);
        }
        let params = references(params);
        self.later(sql.name, sql.postgres, &params)
    }

    /// Runs a statement and visits each row of its answer.
    pub(crate) fn each(
        &mut self,
        sql: &Sql,
        params: &[Value<'_>],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let params = references(params);
        let rows =
            self.run(sql.name, sql.postgres, async |link, statement| link.client.query(&statement, &params).await)?;
        rows.iter().try_for_each(|row| visit(&Row { statement: sql.name, inner: RowInner::Postgres(row) }))
    }

    /// Sends many rows as one array a column, with the next statement.
    pub(crate) fn bulk_later<'v, R: AsRef<[Value<'v>]>>(&mut self, sql: &BulkSql, rows: &[R]) -> Result<(), Fault> {
        if self.defers == Defers::None {
            return self.bulk(sql, rows).map(drop);
        }
        let columns = columns(sql, rows);
        let params: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
        self.later(sql.name, sql.postgres, &params)
    }

    /// Sends many rows as one array a column.
    pub(crate) fn bulk<'v, R: AsRef<[Value<'v>]>>(&mut self, sql: &BulkSql, rows: &[R]) -> Result<u64, Fault> {
        let columns = columns(sql, rows);
        let params: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
        self.run(sql.name, sql.postgres, async |link, statement| link.client.execute(&statement, &params).await)
    }

    /// What PostgreSQL says about a statement.
    pub(crate) fn describe(&mut self, statement: &Statement) -> Result<Described, Fault> {
        let (name, text, bulk) = match statement {
            Statement::One(sql) => (sql.name, sql.postgres, false),
            Statement::Bulk(sql) => (sql.name, sql.postgres, true),
        };
        let prepared = self.run(name, text, async |_, statement| Ok(statement))?;
        let mut unknown = Vec::new();
        let mut kind = |kind: &Type| {
            let element = match kind.kind() {
                tokio_postgres::types::Kind::Array(element) if bulk => element,
                _ => kind,
            };
            let found = kind_of(element);
            if found.is_none() {
                unknown.push(kind.name().to_owned());
            }
            found
        };
        let parameters = prepared.params().iter().map(&mut kind).collect();
        let columns =
            prepared.columns().iter().map(|column| (column.name().to_owned(), kind(column.type_()))).collect();
        Ok(Described { parameters, columns, unknown })
    }

    /// Prepares (once per connection) and runs a statement, with what is still to be sent before it.
    fn run<T>(
        &mut self,
        name: &'static str,
        text: &'static str,
        act: impl AsyncFnOnce(&Link, Prepared) -> Result<T, Error>,
    ) -> Result<T, Fault> {
        let Some(link) = &mut self.link else {
            self.trouble = Some(Trouble::Lost);
            return Err(overloaded("The database cannot be reached"));
        };
        let (begin, queue) = (&mut self.begin, &mut self.queue);
        let result = self.runtime.block_on(async {
            let unsent = |error| Unsent { name, error };
            let statement = link.prepared(text).await.map_err(unsent)?;
            let (begin, queue) = (begin.take(), std::mem::take(queue));
            if begin.is_none() && queue.is_empty() {
                return act(link, statement).await.map_err(unsent);
            }
            // All are on their way before the first is answered; the server works them off in order.
            let (sent, result) = tokio::join!(biased; later::send(&link.client, begin, &queue), act(link, statement));
            sent.and(result.map_err(unsent))
        });
        result.map_err(|Unsent { name, error }| self.failed(name, error))
    }

    /// Prepares a statement (once per connection) and lets it wait for the next one.
    fn later(&mut self, name: &'static str, text: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<(), Fault> {
        let Some(link) = &mut self.link else {
            self.trouble = Some(Trouble::Lost);
            return Err(overloaded("The database cannot be reached"));
        };
        match self.runtime.block_on(link.prepared(text)) {
            Ok(statement) => self.queue.push(Queued::new(name, text, statement, params)?),
            Err(error) => return Err(self.failed(name, error)),
        }
        Ok(())
    }

    fn failed(&mut self, name: &'static str, error: Error) -> Fault {
        let trouble = trouble(&error);
        self.trouble = Some(trouble);
        fault(name, trouble, error)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.disconnect();
    }
}

/// Rows turned into columns.
fn columns<'v, R: AsRef<[Value<'v>]>>(sql: &BulkSql, rows: &[R]) -> Vec<Vec<Value<'v>>> {
    (0..sql.columns.len()).map(|at| rows.iter().map(|row| row.as_ref()[at]).collect()).collect()
}

fn references<'p>(params: &'p [Value<'_>]) -> Vec<&'p (dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn trouble(error: &Error) -> Trouble {
    match error.code() {
        Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED => {
            Trouble::Contention
        }
        // The server ends the connection itself: fail-over, a restart after a crash.
        Some(code) if *code == SqlState::CRASH_SHUTDOWN || *code == SqlState::CANNOT_CONNECT_NOW => Trouble::Lost,
        Some(_) if is_end_by_server(error) => Trouble::Lost,
        Some(_) => Trouble::Statement,
        None if error.is_closed() || is_io(error) => Trouble::Lost,
        None => Trouble::Statement,
    }
}

/// Whether the server says that it ends this connection: a stop, an administrator, a limit of idle time. It says so only between two
/// messages, so what it answers in this way it has not carried out. (A server that crashes says something else, and may have.)
fn is_end_by_server(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [&SqlState::ADMIN_SHUTDOWN, &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT, &SqlState::IDLE_SESSION_TIMEOUT]
            .contains(&code)
    })
}

/// Whether the server has no room left; then nothing of the transaction was kept.
pub(super) fn is_full(error: &Error) -> bool {
    error.code() == Some(&SqlState::DISK_FULL)
}

fn is_io(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
}

fn fault(name: &'static str, trouble: Trouble, error: Error) -> Fault {
    let code = error.code();
    if code == Some(&SqlState::UNIQUE_VIOLATION) {
        return crate::tx::duplicate();
    }
    // Only the statement that requires a living node divides.
    if code == Some(&SqlState::DIVISION_BY_ZERO) {
        return nodes::ended_fault();
    }
    if is_full(&error) {
        return Fault::storage_full();
    }
    if trouble == Trouble::Lost {
        return overloaded("The connection to the database was lost");
    }
    if code == Some(&SqlState::QUERY_CANCELED) || code == Some(&SqlState::LOCK_NOT_AVAILABLE) {
        return overloaded("The database took too long");
    }
    Fault::internal(StatementError::new(name, describe_error(&error)))
}

/// The server's message without its detail, which may repeat values.
fn describe_error(error: &Error) -> String {
    match error.as_db_error() {
        Some(server) => format!("{} ({})", server.message(), server.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}
