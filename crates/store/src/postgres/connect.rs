//! One connection, driven by the thread that uses it.

use std::{collections::HashMap, time::Duration};

use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};
use tokio_postgres::{Client, Config, Error, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::plans::{self, Plans};
use super::session::together;
use super::tls;
use crate::OpenError;

/// Seconds for reaching the server.
const CONNECT_TIMEOUT_S: u64 = 5;
/// Seconds of silence after which the operating system asks whether the server is still there.
const KEEPALIVE_S: u64 = 10;
/// Seconds after which unanswered data ends a connection.
const UNANSWERED_S: u64 = 20;
/// What every working connection is set to: no statement and no forgotten transaction holds locks for long. A transaction never waits
/// for anything but the database, so one that is idle is that of a process that stands still; its locks go before its lease ends.
/// A statement that is a transaction by itself runs at the level of all other writes, whatever the database has as its own.
const SETTINGS: &str = "set statement_timeout = '30s'; set lock_timeout = '10s'; \
     set idle_in_transaction_session_timeout = '4s'; set timezone = 'UTC'; \
     set default_transaction_isolation = 'read committed'; set default_transaction_read_only = off";

/// How to reach the database.
#[derive(Clone)]
pub(super) struct Address {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Address {
    /// Reads `postgres://…`.
    pub(super) fn parse(url: &str) -> Result<Self, OpenError> {
        let (url, options) = tls::split_address(url)?;
        // The driver's message may repeat parts of the address, and with it the password.
        let mut config: Config = url.parse().map_err(|_| {
            OpenError::Configuration(
                "the PostgreSQL address cannot be read: expected postgres://user:password@host:port/database"
                    .to_owned(),
            )
        })?;
        config.ssl_mode(options.mode);
        config.connect_timeout(Duration::from_secs(CONNECT_TIMEOUT_S));
        config.keepalives_idle(Duration::from_secs(KEEPALIVE_S));
        config.tcp_user_timeout(Duration::from_secs(UNANSWERED_S));
        if config.get_application_name().is_none() {
            config.application_name("floe");
        }
        Ok(Self { config, tls: tls::connector(&options)? })
    }
}

impl Address {
    /// Connects; the caller drives the connection.
    pub(super) async fn connect(&self) -> Result<(Client, Wire), Error> {
        self.config.connect(self.tls.clone()).await
    }
}

/// A connection that has to be driven.
pub(super) type Wire = tokio_postgres::Connection<
    tokio_postgres::Socket,
    <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<tokio_postgres::Socket>>::Stream,
>;

/// The driver's message with its cause; neither holds the password.
pub(super) fn unreachable(error: Error) -> OpenError {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    OpenError::Postgres(format!("{error}{cause}"))
}

/// A runtime for one thread and one connection.
pub(super) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_io().enable_time().build()
}

/// An open connection with its prepared statements.
pub(super) struct Link {
    pub(super) client: Client,
    /// By the place of the constant text; as many as there are statements.
    statements: HashMap<(usize, usize), Statement>,
    /// Those that were put together, by their parts; as many as there are ways to write.
    together: HashMap<Vec<usize>, Statement>,
    /// How old the plans of these are.
    plans: Plans,
    /// Ends when the connection does.
    pub(super) driver: JoinHandle<()>,
}

impl Link {
    /// Connects; must run on the runtime of the thread that will use the connection.
    pub(super) async fn connect(address: &Address) -> Result<Self, Error> {
        let (client, connection) = address.connect().await?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a database connection ended");
            }
        });
        Ok(Self { client, statements: HashMap::new(), together: HashMap::new(), plans: Plans::new(), driver })
    }

    /// Limits how long statements may take; not for the connection that migrates.
    pub(super) async fn limit(self) -> Result<Self, Error> {
        self.client.batch_execute(SETTINGS).await?;
        Ok(self)
    }

    /// Lets statements be planned anew where the tables may have grown since.
    pub(super) async fn renew_plans(&mut self) -> Result<(), Error> {
        if self.plans.are_old() {
            self.client.batch_execute(plans::DISCARD).await?;
        }
        Ok(())
    }

    /// The prepared form of a constant text.
    pub(super) async fn prepared(&mut self, text: &'static str) -> Result<Statement, Error> {
        let place = (text.as_ptr() as usize, text.len());
        if let Some(statement) = self.statements.get(&place) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(text).await?;
        self.statements.insert(place, statement.clone());
        Ok(statement)
    }

    /// The prepared form of constant texts, each with the number of its parameters, as one statement.
    pub(super) async fn prepared_together(&mut self, parts: &[(&'static str, usize)]) -> Result<Statement, Error> {
        let key: Vec<usize> = parts.iter().map(|(text, _)| text.as_ptr() as usize).collect();
        if let Some(statement) = self.together.get(&key) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&together::text_of(parts)).await?;
        self.together.insert(key, statement.clone());
        Ok(statement)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
