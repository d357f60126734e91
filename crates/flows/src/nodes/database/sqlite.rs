//! One statement on a SQLite file of the workspace. The file is named by the connection and lies in the folder of the workspace; the statement
//! can attach no other file, load nothing and set nothing.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_engine::event::StepError;
use floe_model::Fault;
use floe_runtime::connections::Opened;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, ErrorCode, InterruptHandle, OpenFlags, Row, ToSql};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::super::failure::{internal, invalid, not_configured, timeout};
use super::query::Statement;
use super::{ANSWER_BYTES_MAX, Answer, ROWS_MAX};

/// Characters of the name of a database at most.
const NAME_CHARS_MAX: usize = 64;
/// Pages of a file at most; with pages of 4 KiB that is 256 MiB.
const PAGES_MAX: i64 = 65_536;
/// Bytes of one value at most.
const VALUE_BYTES_MAX: i32 = 10 * 1024 * 1024;
/// How long a statement waits for another one that writes, in milliseconds.
const BUSY_MS: u64 = 5_000;

/// Asks the database of a connection; a file that is not there is made.
///
/// # Errors
/// NOT_CONFIGURED for a name that cannot be one; TIMEOUT; VALIDATION for what SQLite refuses.
pub(super) async fn ask(
    folder: &Path,
    opened: &Opened,
    statement: &Statement,
    limit_ms: u64,
) -> Result<Answer, StepError> {
    let file = folder.join(file_name(opened.setting("database").unwrap_or_default())?);
    let (statement, folder) = (statement.clone(), folder.to_owned());
    let (tell, told) = oneshot::channel();
    let mut work = tokio::task::spawn_blocking(move || run(&folder, &file, &statement, tell));
    let broken = |error: tokio::task::JoinError| internal(&Fault::internal(error));
    match tokio::time::timeout(Duration::from_millis(limit_ms), &mut work).await {
        Ok(answer) => answer.map_err(broken)?,
        Err(_) => {
            if let Ok(handle) = told.await {
                let handle: InterruptHandle = handle;
                handle.interrupt();
            }
            // What was under way ends at once, and changes nothing any more.
            drop(work.await);
            Err(timeout(format!("The database did not answer within {limit_ms} ms")))
        }
    }
}

/// `crm` and `crm.db` name the same file; nothing but a plain name does.
fn file_name(name: &str) -> Result<PathBuf, StepError> {
    let plain = [".sqlite3", ".sqlite", ".db"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    let is_plain = plain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if plain.is_empty() || plain.len() > NAME_CHARS_MAX || !is_plain {
        return Err(not_configured("The name of the database in the connection has letters, digits, - and _ only"));
    }
    Ok(PathBuf::from(format!("{plain}.sqlite")))
}

fn run(
    folder: &Path,
    file: &Path,
    statement: &Statement,
    tell: oneshot::Sender<InterruptHandle>,
) -> Result<Answer, StepError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| internal(&Fault::internal(error)))?;
    let database = open(file).map_err(|error| internal(&Fault::internal(error)))?;
    // Nobody may wait for it any more.
    drop(tell.send(database.get_interrupt_handle()));
    asked(&database, statement)
}

fn open(file: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut database = Connection::open_with_flags(file, flags)?;
    database.busy_timeout(Duration::from_millis(BUSY_MS))?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    database.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    database.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
    database.set_limit(Limit::SQLITE_LIMIT_WORKER_THREADS, 0)?;
    database.pragma_update(None, "max_page_count", PAGES_MAX)?;
    database.pragma_update(None, "foreign_keys", true)?;
    database.authorizer(Some(permit))?;
    Ok(database)
}

/// What a statement may do: everything with the tables of its file, and nothing with other files or settings.
fn permit(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Authorization::Deny,
        AuthAction::Pragma { pragma_name, pragma_value } => {
            let reads = ["table_info", "table_xinfo", "table_list", "index_list", "index_info", "foreign_key_list"];
            let is_known = reads.contains(&pragma_name.to_ascii_lowercase().as_str());
            if is_known || (pragma_name == "page_count" && pragma_value.is_none()) {
                Authorization::Allow
            } else {
                Authorization::Deny
            }
        }
        AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }
}

fn asked(database: &Connection, statement: &Statement) -> Result<Answer, StepError> {
    let mut prepared = database.prepare(&statement.sql).map_err(refused)?;
    let wanted = prepared.parameter_count();
    if wanted != statement.values.len() {
        return Err(invalid(format!("query takes {wanted} values, and there are {}", statement.values.len())));
    }
    // `$1` is a name for SQLite; the names are in the order in which they first occur.
    for (at, value) in statement.values.iter().enumerate() {
        let name = format!("${}", at + 1);
        let index = prepared.parameter_index(&name).map_err(refused)?.unwrap_or(at + 1);
        prepared.raw_bind_parameter(index, Bound(value)).map_err(refused)?;
    }
    let names: Vec<String> = prepared.column_names().map(str::to_owned).collect();
    if names.is_empty() {
        let count = prepared.raw_execute().map_err(refused)?;
        return Ok(Answer { rows: Vec::new(), count: count as u64 });
    }
    let mut rows = prepared.raw_query();
    let (mut all, mut size) = (Vec::new(), 0);
    while let Some(row) = rows.next().map_err(refused)? {
        let (value, bytes) = object(&names, row).map_err(refused)?;
        size += bytes;
        all.push(value);
        if all.len() > ROWS_MAX || size > ANSWER_BYTES_MAX {
            let message = format!("The answer has more than {ROWS_MAX} rows or {ANSWER_BYTES_MAX} bytes");
            return Err(invalid(message));
        }
    }
    let count = all.len() as u64;
    Ok(Answer { rows: all, count })
}

fn object(names: &[String], row: &Row<'_>) -> Result<(Value, usize), Error> {
    let mut object = Map::new();
    let mut size = 0;
    for (at, name) in names.iter().enumerate() {
        let (value, bytes) = match row.get_ref(at)? {
            ValueRef::Null => (Value::Null, 4),
            ValueRef::Integer(number) => (json!(number), 8),
            ValueRef::Real(number) => (json!(number), 8),
            ValueRef::Text(text) => (json!(String::from_utf8_lossy(text)), text.len()),
            ValueRef::Blob(bytes) => (json!(STANDARD.encode(bytes)), bytes.len()),
        };
        size += bytes + name.len();
        object.insert(name.clone(), value);
    }
    Ok((Value::Object(object), size))
}

/// A value as SQLite keeps it: flags as 0 and 1, lists and objects as JSON text.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, Error> {
        let plain = match self.0 {
            Value::Null => rusqlite::types::Value::Null,
            Value::Bool(flag) => rusqlite::types::Value::Integer(i64::from(*flag)),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => rusqlite::types::Value::Integer(whole),
                (None, Some(real)) => rusqlite::types::Value::Real(real),
                (None, None) => rusqlite::types::Value::Text(number.to_string()),
            },
            Value::String(text) => return Ok(ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))),
            other => rusqlite::types::Value::Text(other.to_string()),
        };
        Ok(ToSqlOutput::Owned(plain))
    }
}

fn refused(error: Error) -> StepError {
    let message = match &error {
        Error::SqliteFailure(_, Some(message)) => message.clone(),
        Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StepError::retryable("TRANSIENT", "The database is busy with other statements")
        }
        Some(ErrorCode::OperationInterrupted) => timeout("The database did not answer in time"),
        _ => invalid(format!("The database refused the statement: {message}")),
    }
}
