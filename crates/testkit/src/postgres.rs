//! A PostgreSQL database for one test, made and dropped on the server that `FLOE_TEST_POSTGRES_URL` names.
//!
//! Most tests want the tables and no rows. All migrations take longer than most of these tests, so the first process of a test
//! binary makes a database with the tables, and all others copy it.

use std::future::Future;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};

/// Address of a server on which databases may be made.
const SERVER: &str = "FLOE_TEST_POSTGRES_URL";

/// How the names of the databases begin that are copied.
const TEMPLATE: &str = "floe_template_";
/// The advisory lock under which a template is made.
const TEMPLATE_LOCK: i64 = 0x666c_6f65;

/// A database; dropped with this value.
pub struct TestDatabase {
    server: String,
    name: String,
}

impl TestDatabase {
    /// Makes an empty database. `None`, with one line on standard error, when there is no server; in CI (`CI=true`) that is a failure.
    ///
    /// # Panics
    /// When the server cannot be used, or is missing in CI.
    pub async fn create() -> Option<Self> {
        let server = server()?;
        let name = fresh_name();
        run(&server, &format!("create database {name}")).await.expect("the server lets us make a database");
        Some(Self { server, name })
    }

    /// Makes a copy of what `fill` makes of an empty database. It is called in the first process of a test binary only.
    ///
    /// # Panics
    /// As [`Self::create`].
    pub async fn filled<F: Future<Output = ()>>(fill: impl FnOnce(String) -> F) -> Option<Self> {
        let server = server()?;
        let template = template(&server, fill).await.expect("the server lets us make a database to copy");
        let name = fresh_name();
        let copy = format!("create database {name} template {template}");
        run(&server, &copy).await.expect("the server lets us copy a database");
        Some(Self { server, name })
    }

    /// Address of this database.
    #[must_use]
    pub fn url(&self) -> String {
        url_of(&self.server, &self.name)
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

/// The server's address, or one line that tells that there is none.
fn server() -> Option<String> {
    let server = std::env::var(SERVER).ok();
    if server.is_none() {
        let in_ci = std::env::var("CI").as_deref() == Ok("true");
        assert!(!in_ci, "{SERVER} is not set, and nothing may be left out in CI");
        eprintln!("skipped on PostgreSQL: {SERVER} is not set");
    }
    server
}

fn fresh_name() -> String {
    format!("floe_test_{:016x}", RandomState::new().build_hasher().finish())
}

/// What the templates of this test binary are called, and the one of this build: another build may bring other tables.
fn template_names() -> (String, String) {
    let digest = |value: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        value(&mut hasher);
        hasher.finish()
    };
    let program = std::env::current_exe().expect("a test is a program");
    let written = std::fs::metadata(&program).and_then(|metadata| metadata.modified()).ok();
    let of_program = format!("{TEMPLATE}{:016x}_", digest(&|hasher| program.hash(hasher)));
    let of_build = format!("{of_program}{:016x}", digest(&|hasher| written.hash(hasher)));
    (of_program, of_build)
}

fn url_of(server: &str, name: &str) -> String {
    let (base, query) = server.split_once('?').unwrap_or((server, ""));
    let authority_end = base.find("://").map_or(0, |at| at + 3);
    let end = base[authority_end..].find('/').map_or(base.len(), |at| authority_end + at);
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{}/{name}{query}", &base[..end])
}

/// The template; made unless it is there. Of many processes at once one makes it, and the others wait.
async fn template<F: Future<Output = ()>>(
    server: &str,
    fill: impl FnOnce(String) -> F,
) -> Result<String, tokio_postgres::Error> {
    let (of_program, template) = template_names();
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await?;
    let driver = tokio::spawn(connection);
    let named = async |start: &str| {
        let sql = "select datname from pg_database where starts_with(datname::text, $1)";
        let rows = client.query(sql, &[&start]).await?;
        Ok::<Vec<String>, tokio_postgres::Error>(rows.iter().map(|row| row.get(0)).collect())
    };
    if !named(&template).await?.contains(&template) {
        // The lock ends with the connection.
        client.execute("select pg_advisory_lock($1)", &[&TEMPLATE_LOCK]).await?;
        let there = named(&of_program).await?;
        if !there.contains(&template) {
            for old in there {
                client.batch_execute(&format!("drop database if exists {old} with (force)")).await?;
            }
            let unfinished = format!("{of_program}unfinished");
            client.batch_execute(&format!("create database {unfinished}")).await?;
            fill(url_of(server, &unfinished)).await;
            client.batch_execute(&format!("alter database {unfinished} rename to {template}")).await?;
        }
    }
    drop(client);
    let _ = driver.await;
    Ok(template)
}

async fn run(url: &str, sql: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let driver = tokio::spawn(connection);
    let result = client.batch_execute(sql).await;
    drop(client);
    let _ = driver.await;
    result
}
