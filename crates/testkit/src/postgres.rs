//! A PostgreSQL database for one test, made and dropped on the server that `FLOE_TEST_POSTGRES_URL` names.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Address of a server on which databases may be made.
const SERVER: &str = "FLOE_TEST_POSTGRES_URL";

/// An empty database; dropped with this value.
pub struct TestDatabase {
    server: String,
    name: String,
}

impl TestDatabase {
    /// Makes a database. `None`, with one line on standard error, when there is no server; in CI (`CI=true`) that is a failure.
    ///
    /// # Panics
    /// When the server cannot be used, or is missing in CI.
    pub async fn create() -> Option<Self> {
        let Ok(server) = std::env::var(SERVER) else {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "{SERVER} is not set, and nothing may be left out in CI"
            );
            eprintln!("skipped on PostgreSQL: {SERVER} is not set");
            return None;
        };
        let name = format!("floe_test_{:016x}", RandomState::new().build_hasher().finish());
        run(&server, &format!("create database {name}")).await.expect("the server lets us make a database");
        Some(Self { server, name })
    }

    /// Address of this database.
    #[must_use]
    pub fn url(&self) -> String {
        let (base, query) =
            self.server.split_once('?').map_or((self.server.as_str(), ""), |(base, query)| (base, query));
        let authority_end = base.find("://").map_or(0, |at| at + 3);
        let end = base[authority_end..].find('/').map_or(base.len(), |at| authority_end + at);
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        format!("{}/{}{query}", &base[..end], self.name)
    }

    /// Runs statements on this database, beside the store.
    ///
    /// # Panics
    /// When one fails.
    pub async fn run(&self, sql: &str) {
        run(&self.url(), sql).await.expect("the statements are good");
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, sql) = (self.server.clone(), format!("drop database if exists {} with (force)", self.name));
        // Best effort, and not on the runtime of the test, which may be ending.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                let _ = runtime.block_on(run(&server, &sql));
            }
        });
        let _ = dropping.join();
    }
}

async fn run(url: &str, sql: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let driver = tokio::spawn(connection);
    let result = client.batch_execute(sql).await;
    drop(client);
    let _ = driver.await;
    result
}
