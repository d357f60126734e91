//! Opening a PostgreSQL database.

use std::{
    sync::{Arc, mpsc::Sender},
    thread,
};

use tokio::sync::watch;

use super::{
    connect::{Address, runtime},
    listen::Listener,
    migrate, news,
    node::{self, Command, NodeThread},
    session::Session,
    worker::Worker,
};
use crate::{
    Dialect, OpenError, StoreConfig,
    change::Announcer,
    migrations::Migration,
    node::{Node, Role},
    queue::{Queue, Serves},
    store::Opened,
};

/// Connections at most.
const CONNECTIONS_MAX: usize = 200;

/// Whether this process is a node.
#[derive(Debug, Clone)]
pub(super) enum Membership {
    /// Not yet, and maybe never: a command on the database.
    Outside,
    /// It is.
    Joined(Node),
    /// The store is closed.
    Over,
}

/// The threads through which this process is one of several nodes.
#[derive(Clone)]
pub(crate) struct Nodes {
    commands: Sender<Command>,
    membership: Arc<watch::Sender<Membership>>,
}

impl Nodes {
    /// Becomes a node; the same one when it is one already.
    pub(crate) fn join(&self, role: Role) -> Node {
        let mut joined = Node::new(role);
        self.membership.send_if_modified(|membership| match membership {
            Membership::Joined(known) => {
                joined = known.clone();
                false
            }
            Membership::Outside => {
                *membership = Membership::Joined(joined.clone());
                true
            }
            Membership::Over => false,
        });
        // A thread that has ended has no use for it: the store is closed.
        let _ = self.commands.send(Command::Join(joined.clone()));
        joined
    }

    /// The node that this process is.
    pub(crate) fn node(&self) -> Option<Node> {
        match &*self.membership.borrow() {
            Membership::Joined(node) => Some(node.clone()),
            Membership::Outside | Membership::Over => None,
        }
    }

    /// Leaves what is owned to the others, and ends the threads.
    pub(crate) fn stop(&self) {
        let _ = self.commands.send(Command::Stop);
        self.membership.send_replace(Membership::Over);
    }
}

/// Migrates, and starts the threads; their connections are made when they are needed.
pub(crate) fn open(url: &str, config: &StoreConfig, migrations: &[Migration]) -> Result<Opened, OpenError> {
    migrate::upgrade(url, migrations, false)?;
    let address = Address::parse(url)?;
    let session = || runtime().map_err(thread_error).map(|runtime| Session::new(runtime, address.clone()));
    let (commands, inbox) = node::commands();
    let nodes = Nodes { commands: commands.clone(), membership: Arc::new(watch::Sender::new(Membership::Outside)) };
    let own = nodes.membership.subscribe();
    let announcer = Announcer::telling(move |change| {
        let is_wanted = |node: &Node| node.has_others() && news::is_news(change, node.role().works());
        if matches!(&*own.borrow(), Membership::Joined(node) if is_wanted(node)) {
            let _ = commands.send(Command::Changed(change));
        }
    });
    let keeper = NodeThread::new(session()?, announcer.clone(), inbox);
    let listener = Listener {
        runtime: runtime().map_err(thread_error)?,
        address: address.clone(),
        announcer: announcer.clone(),
        membership: nodes.membership.subscribe(),
    };
    let mut threads = vec![
        spawn("floe-node".to_owned(), move || keeper.run())?,
        spawn("floe-hear".to_owned(), move || listener.run())?,
    ];
    let queue = Arc::new(Queue::new(config.writes_waiting_max, config.reads_waiting_max));
    let connections = config.postgres_connections.clamp(1, CONNECTIONS_MAX);
    for number in 0..connections {
        let worker = Worker {
            number: number as u64,
            session: session()?,
            queue: Arc::clone(&queue),
            serves: serves(number, connections),
            announcer: announcer.clone(),
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
        nodes: Some(nodes),
        copies: crate::sqlite::Copies::default(),
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
