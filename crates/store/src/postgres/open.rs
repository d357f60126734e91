//! Opening a PostgreSQL database.

use std::{sync::Arc, thread};

use super::{
    connect::{Address, runtime},
    guard::Guard,
    migrate,
    session::Session,
    worker::Worker,
};
use crate::{
    Dialect, OpenError, StoreConfig,
    change::Announcer,
    migrations::Migration,
    queue::{Queue, Serves},
    store::Opened,
};

/// Connections at most.
const CONNECTIONS_MAX: usize = 200;

/// Takes the node's lock, migrates, and starts the threads; their connections are made when they are needed.
pub(crate) fn open(url: &str, config: &StoreConfig, migrations: &[Migration]) -> Result<Opened, OpenError> {
    let address = Address::parse(url)?;
    let mut guard = Guard::acquire(address.clone(), config.lock_wait_s)?;
    guard.with(async |client| migrate::migrate(client, migrations).await)?;
    let queue = Arc::new(Queue::new(config.writes_waiting_max, config.reads_waiting_max));
    let announcer = Announcer::new();
    let stop = guard.stop();
    let fence = guard.fence();
    let mut threads = vec![spawn("floe-claim".to_owned(), move || guard.run())?];
    let connections = config.postgres_connections.clamp(1, CONNECTIONS_MAX);
    for number in 0..connections {
        let worker = Worker {
            number: number as u64,
            session: Session::new(runtime().map_err(thread_error)?, address.clone()),
            queue: Arc::clone(&queue),
            serves: serves(number, connections),
            announcer: announcer.clone(),
            fence: Arc::clone(&fence),
            reading: false,
        };
        threads.push(spawn(format!("floe-db-{number}"), move || worker.run())?);
    }
    Ok(Opened {
        dialect: Dialect::Postgres,
        file: None,
        writes: Arc::clone(&queue),
        reads: queue,
        announcer,
        threads,
        stop: Some(stop),
    })
}

/// A quarter for writes only and a quarter for reads only, so that neither can take all connections.
fn serves(number: usize, connections: usize) -> Serves {
    match number % 4 {
        0 if connections > 1 => Serves::Writes,
        1 => Serves::Reads,
        _ => Serves::Both,
    }
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<thread::JoinHandle<()>, OpenError> {
    thread::Builder::new().name(name).spawn(run).map_err(thread_error)
}

fn thread_error(source: std::io::Error) -> OpenError {
    OpenError::Io { path: "a thread for PostgreSQL".to_owned(), source }
}
