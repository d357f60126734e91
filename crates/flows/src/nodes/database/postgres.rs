//! One statement on a PostgreSQL server: connected to, asked and left.

use std::sync::Arc;
use std::time::Duration;

use floe_engine::event::StepError;
use floe_runtime::Platform;
use floe_runtime::connections::Opened;
use floe_runtime::outside::{OutsideError, TlsFailure, Wire};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, NoTls, Row, Statement as Prepared};

use super::super::failure::{auth, invalid, network, not_configured, of_outside, timeout};
use super::binary::{Cell, Sent};
use super::query::Statement;
use super::{ANSWER_BYTES_MAX, Answer, ROWS_MAX};

/// Time for the connection, in milliseconds.
const CONNECT_MS: u64 = 10_000;
/// Rows that are fetched at a time, so that a large answer is cut before it is whole in memory.
const ROWS_AT_A_TIME: i32 = 500;
/// The port unless the connection says otherwise.
const PORT: u16 = 5432;
/// What a client says that wants to speak in secret (PostgreSQL protocol, SSLRequest).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Asks the server of a connection.
///
/// # Errors
/// NOT_CONFIGURED, ADDRESS_BLOCKED, NETWORK, AUTH, TIMEOUT, and VALIDATION for what the server refuses.
pub(super) async fn ask(
    platform: &Arc<Platform>,
    opened: &Opened,
    statement: &Statement,
    limit_ms: u64,
) -> Result<Answer, StepError> {
    let work = async {
        let client = connect(platform, opened).await?;
        let limit = format!("SET statement_timeout = {limit_ms}");
        client.client.batch_execute(&limit).await.map_err(refused)?;
        run(client, statement).await
    };
    match tokio::time::timeout(Duration::from_millis(limit_ms), work).await {
        Ok(answer) => answer,
        Err(_) => Err(timeout(format!("The database did not answer within {limit_ms} ms"))),
    }
}

/// A client whose connection ends with it.
struct Connected {
    client: Client,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connect(platform: &Arc<Platform>, opened: &Opened) -> Result<Connected, StepError> {
    let host = opened.setting("host").ok_or_else(|| not_configured("The connection has no host"))?;
    let port = opened.config.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    let encrypts = opened.config.get("tls").and_then(Value::as_bool);
    let what = "The connection to the database";
    let wire = platform.outside.wire(host, port.unwrap_or(PORT), CONNECT_MS).await;
    let wire = wire.map_err(|error| of_outside(what, error))?;
    let wire = secured(platform, wire, host, encrypts).await?;
    let mut config = tokio_postgres::Config::new();
    config.ssl_mode(SslMode::Disable).application_name("floe");
    config.user(opened.setting("username").unwrap_or("postgres"));
    config.dbname(opened.setting("database").unwrap_or("postgres"));
    if let Some(password) = opened.secrets().next() {
        config.password(password);
    }
    let (client, connection) = config.connect_raw(wire, NoTls).await.map_err(refused)?;
    // A failure of the connection reaches the statement that is under way.
    let task = tokio::spawn(async move { drop(connection.await) });
    Ok(Connected { client, task })
}

/// Secures the connection: always when the connection asks for it, never when it forbids it, else when the server can.
async fn secured(
    platform: &Arc<Platform>,
    mut wire: Box<dyn Wire>,
    host: &str,
    encrypts: Option<bool>,
) -> Result<Box<dyn Wire>, StepError> {
    if encrypts == Some(false) {
        return Ok(wire);
    }
    let broken = |_| network("The database closed the connection");
    wire.write_all(&SSL_REQUEST).await.map_err(broken)?;
    let mut answer = [0];
    wire.read_exact(&mut answer).await.map_err(broken)?;
    let what = "Securing the connection to the database";
    match (answer[0], encrypts) {
        (b'S', _) => platform.outside.secured(wire, host, CONNECT_MS).await.map_err(|error| of_outside(what, error)),
        (_, Some(true)) => Err(of_outside(what, OutsideError::Tls(TlsFailure::Handshake))),
        (b'N', _) => Ok(wire),
        _ => Err(network("The server speaks another protocol than PostgreSQL's")),
    }
}

async fn run(mut connected: Connected, statement: &Statement) -> Result<Answer, StepError> {
    let prepared = connected.client.prepare(&statement.sql).await.map_err(refused)?;
    let wanted = prepared.params().len();
    if wanted != statement.values.len() {
        return Err(invalid(format!("query takes {wanted} values, and there are {}", statement.values.len())));
    }
    let sent: Vec<Sent<'_>> = statement.values.iter().map(Sent).collect();
    let parameters: Vec<&(dyn ToSql + Sync)> = sent.iter().map(|one| one as &(dyn ToSql + Sync)).collect();
    if prepared.columns().is_empty() {
        let count = connected.client.execute(&prepared, &parameters).await.map_err(refused)?;
        return Ok(Answer { rows: Vec::new(), count });
    }
    let rows = rows(&mut connected.client, &prepared, &parameters).await?;
    let count = rows.len() as u64;
    Ok(Answer { rows, count })
}

/// The rows of a statement, piece by piece; what it changes counts only when all of them were taken.
async fn rows(
    client: &mut Client,
    prepared: &Prepared,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Value>, StepError> {
    let transaction = client.transaction().await.map_err(refused)?;
    let portal = transaction.bind(prepared, parameters).await.map_err(refused)?;
    let mut all = Vec::new();
    let mut size = 0;
    loop {
        let piece = transaction.query_portal(&portal, ROWS_AT_A_TIME).await.map_err(refused)?;
        let is_last = piece.len() < usize::try_from(ROWS_AT_A_TIME).unwrap_or(usize::MAX);
        for row in &piece {
            let (value, bytes) = read(row)?;
            size += bytes;
            all.push(value);
        }
        if all.len() > ROWS_MAX || size > ANSWER_BYTES_MAX {
            let message = format!("The answer has more than {ROWS_MAX} rows or {ANSWER_BYTES_MAX} bytes");
            return Err(invalid(message));
        }
        if is_last {
            break;
        }
    }
    transaction.commit().await.map_err(refused)?;
    Ok(all)
}

/// A row as an object, and about how large it is.
fn read(row: &Row) -> Result<(Value, usize), StepError> {
    let mut object = Map::new();
    let mut size = 0;
    for (at, column) in row.columns().iter().enumerate() {
        let Cell { value, bytes } = row.try_get(at).map_err(refused)?;
        size += bytes + column.name().len();
        object.insert(column.name().to_owned(), value);
    }
    Ok((Value::Object(object), size))
}

/// What the server or the connection to it says, in the words of nodes.
fn refused(error: Error) -> StepError {
    let Some(said) = error.as_db_error() else {
        return if error.is_closed() {
            network("The database closed the connection")
        } else {
            invalid(format!("The database could not be asked: {}", inner(&error)))
        };
    };
    let state = said.code();
    let class = state.code().get(..2).unwrap_or_default();
    let message = format!("The database refused the statement: {}", said.message());
    let error = match class {
        "28" => auth("The database refused the credentials"),
        "08" => network(message),
        "40" | "53" | "55" => StepError::retryable("TRANSIENT", message),
        "57" if *state == SqlState::QUERY_CANCELED => timeout("The database did not answer in time"),
        "57" => StepError::retryable("TRANSIENT", message),
        "XX" | "58" => StepError::retryable("SERVER_ERROR", message),
        _ => invalid(message),
    };
    error.with_details(json!({ "sqlState": state.code() }))
}

fn inner(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}
