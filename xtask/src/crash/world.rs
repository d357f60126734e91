//! What all threads share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::http::{Broken, Request, Response};
use super::ledger::Ledger;
use super::prepare::{Credentials, Flow};
use super::receiver::Receivers;

/// How long a client waits for a server to come back before it looks whether all is over.
const GATE_TIMEOUT: Duration = Duration::from_millis(500);

/// What all threads share.
pub(super) struct World {
    pub(super) credentials: Credentials,
    pub(super) flows: Vec<Flow>,
    pub(super) receivers: Receivers,
    ledger: Mutex<Ledger>,
    gates: Mutex<Vec<Gate>>,
    moved: Condvar,
    ticks: AtomicU64,
    /// Starts that may still be made.
    pub(super) budget: AtomicU64,
    /// No more starts, and every question is answered.
    pub(super) is_ending: AtomicBool,
    /// The clients go home.
    pub(super) is_over: AtomicBool,
}

/// Where a server is. There is one for each node.
#[derive(Default)]
struct Gate {
    address: Option<SocketAddr>,
    generation: u64,
    /// Asked to stop politely: it may say that it is overloaded.
    is_stopping: bool,
}

/// A request that was sent.
pub(super) struct Sent {
    pub(super) began: u64,
    pub(super) ended: u64,
    pub(super) answer: Result<Response, Broken>,
}

impl World {
    pub(super) fn new(credentials: Credentials, flows: Vec<Flow>, receivers: Receivers, nodes: usize) -> Self {
        Self {
            credentials,
            flows,
            receivers,
            ledger: Mutex::default(),
            gates: Mutex::new((0..nodes).map(|_| Gate::default()).collect()),
            moved: Condvar::new(),
            ticks: AtomicU64::new(1),
            budget: AtomicU64::new(0),
            is_ending: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        }
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A node's server answers there.
    pub(super) fn open(&self, node: usize, address: SocketAddr) {
        let mut gates = self.gates();
        let generation = gates[node].generation + 1;
        gates[node] = Gate { address: Some(address), generation, is_stopping: false };
        self.moved.notify_all();
    }

    /// A node's server is about to be asked to stop.
    pub(super) fn stopping(&self, node: usize) {
        self.gates()[node].is_stopping = true;
    }

    /// A node's server does not answer.
    pub(super) fn close(&self, node: usize) {
        self.gates()[node].address = None;
    }

    /// Servers that share the database.
    pub(super) fn nodes(&self) -> usize {
        self.gates().len()
    }

    pub(super) fn tick(&self) -> u64 {
        self.ticks.fetch_add(1, Ordering::SeqCst)
    }

    pub(super) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::SeqCst)
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Where a server answers, once there is one; none when all is over.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.server().map(|(_, address, _)| address)
    }

    /// Sends a request to the server, once there is one; none when all is over. A request that found nobody is not sent.
    pub(super) fn send(&self, request: &Request) -> Option<Sent> {
        loop {
            let (node, address, generation) = self.server()?;
            let began = self.tick();
            let answer = request.send(address);
            let ended = self.tick();
            if matches!(answer, Err(Broken::NotSent)) {
                self.wait_for_another(node, generation);
                continue;
            }
            self.judge(request, node, generation, &answer);
            return Some(Sent { began, ended, answer });
        }
    }

    /// No answer is a 5xx, but for "overloaded" of a server that stops.
    fn judge(&self, request: &Request, node: usize, generation: u64, answer: &Result<Response, Broken>) {
        let what = format!("{} {}", request.method, request.path);
        match answer {
            Ok(answer) if answer.status >= 500 => {
                let gates = self.gates();
                let gate = &gates[node];
                let was_stopping = gate.is_stopping || gate.generation != generation || gate.address.is_none();
                drop(gates);
                if answer.status == 503 && was_stopping {
                    self.ledger().count("503 of a stopping server");
                } else {
                    self.ledger().violation(format!("{what} answered {} {}", answer.status, answer.body));
                }
            }
            Ok(_) => self.ledger().count("requests answered"),
            Err(Broken::TimedOut) => self.ledger().violation(format!("{what} was never answered")),
            Err(_) => self.ledger().count("connections broken by a kill"),
        }
    }

    /// A server that answers: of several, one after the other.
    fn server(&self) -> Option<(usize, SocketAddr, u64)> {
        let mut gates = self.gates();
        loop {
            if self.is_over() {
                return None;
            }
            let first = self.tick() as usize % gates.len();
            let open = (0..gates.len()).map(|step| (first + step) % gates.len());
            let found = open.filter_map(|node| Some((node, gates[node].address?, gates[node].generation))).next();
            if found.is_some() {
                return found;
            }
            gates = self.moved.wait_timeout(gates, GATE_TIMEOUT).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The server of this generation does not answer any more: waits for the next one, or until it is known to be gone.
    fn wait_for_another(&self, node: usize, generation: u64) {
        let gates = self.gates();
        if gates[node].generation == generation && gates[node].address.is_some() {
            drop(self.moved.wait_timeout(gates, Duration::from_millis(20)).unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn gates(&self) -> MutexGuard<'_, Vec<Gate>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
