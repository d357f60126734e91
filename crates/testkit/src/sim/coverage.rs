//! What a run of the simulation has met: a generator that never makes a wait proves nothing about waits.

use std::collections::BTreeMap;

use floe_engine::event::{Event, Happening, QuestionKind};
use floe_engine::machine::{Alarm, Command};
use floe_engine::plan::{Callee, Node, OnError, Port, WaitKind, Work};

/// Everything that a whole run must have met at least once.
const EXPECTED: &[&str] = &[
    "event began",
    "event admitted",
    "event intended",
    "event done",
    "event done at a port",
    "event skipped",
    "event reused",
    "event failed",
    "event failed for another attempt",
    "event retried",
    "event looped",
    "event tested",
    "event split",
    "event wait opened",
    "event answered",
    "event expired",
    "event child called",
    "event child started",
    "event child paused",
    "event child goes on",
    "event child ended",
    "event cancelled",
    "event stopped",
    "command perform",
    "command wake for a wait",
    "command wake for an attempt",
    "command call",
    "command abandon",
    "command cancel child",
    "work skip",
    "work assign",
    "work choose",
    "work finish",
    "work effect on the world",
    "work effect",
    "work approval",
    "work client tool",
    "work form",
    "work delay",
    "work short delay",
    "work each",
    "work while",
    "work parallel all",
    "work parallel any",
    "work parallel fail fast",
    "work child",
    "work child not awaited",
    "work payment run",
    "work payment run not awaited",
    "payment found again",
    "payment cancelled with its caller",
    "payment given up before it began",
    "on error continue",
    "on error branch",
    "way timeout",
    "way reject",
    "fault crash before the write",
    "fault crash after the write",
    "fault crash with a write under way that is lost",
    "fault write refused",
    "fault clock goes back",
    "world begun",
    "world begun again after a crash",
    "world late result",
    "world repeated result",
    "answer accepted",
    "answer late",
    "answer of another kind",
    "answer lost before the write",
    "run completed",
    "run failed",
    "run cancelled",
    "run queued",
    "run evicted",
    "run timeout",
    "run repeated from the start",
    "run repeated from what was not finished",
    "run repeated from a step",
    "approval kept",
    "child cancelled with its parent",
    "child depth limit",
    "journal recovered",
];

/// Counts of what was met.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    counts: BTreeMap<&'static str, u64>,
}

impl Coverage {
    pub(super) fn met(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// What never occurred.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        EXPECTED.iter().filter(|what| !self.counts.contains_key(*what)).copied().collect()
    }

    /// What occurred how many times, in alphabetical order.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.counts.iter().map(|(what, count)| (*what, *count))
    }

    pub(super) fn event(&mut self, event: &Event, node: Option<&Node>) {
        let what = match &event.what {
            Happening::Began(_) => "event began",
            Happening::Admitted => "event admitted",
            Happening::Equipped { .. } => "event equipped",
            Happening::Intended { .. } => "event intended",
            Happening::Done { port, .. } if *port != Port::NEXT => "event done at a port",
            Happening::Done { .. } => "event done",
            Happening::Skipped { .. } => "event skipped",
            Happening::Reused { .. } => "event reused",
            Happening::Failed { error, .. } if error.retryable => "event failed for another attempt",
            Happening::Failed { .. } => "event failed",
            Happening::Retried { .. } => "event retried",
            Happening::Looped { .. } => "event looped",
            Happening::Tested { .. } => "event tested",
            Happening::Split { .. } => "event split",
            Happening::Looked { .. } => "event looked",
            Happening::WaitOpened(question) => {
                if question.kind == (QuestionKind::Delay { inline: true }) {
                    self.met("work short delay");
                }
                "event wait opened"
            }
            Happening::Answered { .. } => "event answered",
            Happening::Expired { .. } => "event expired",
            Happening::ChildCalled { .. } => "event child called",
            Happening::ChildStarted { .. } => "event child started",
            Happening::ChildPaused { question: None, .. } => "event child goes on",
            Happening::ChildPaused { .. } => "event child paused",
            Happening::ChildEnded { outcome: Err(error), .. } if error.retryable => {
                "event child failed for another call"
            }
            Happening::ChildEnded { .. } => "event child ended",
            Happening::Cancelled { .. } => "event cancelled",
            Happening::Stopped { error } => {
                if error.code == "run_timeout" {
                    self.met("run timeout");
                }
                "event stopped"
            }
        };
        self.met(what);
        if let Some(node) = node {
            self.met(work(node));
            if matches!(node.work, Work::Parallel { any: false, fail_fast: true, .. }) {
                self.met("work parallel fail fast");
            }
            match (&event.what, &node.on_error) {
                (Happening::Failed { .. }, OnError::Continue) => self.met("on error continue"),
                (Happening::Failed { .. }, OnError::Branch) => self.met("on error branch"),
                _ => {}
            }
        }
    }

    pub(super) fn command(&mut self, command: &Command) {
        self.met(match command {
            Command::Evaluate(_) => "command evaluate",
            Command::Perform { .. } => "command perform",
            Command::Wake { alarm: Alarm::Wait(_), .. } => "command wake for a wait",
            Command::Wake { alarm: Alarm::Retry(_), .. } => "command wake for an attempt",
            Command::Wake { alarm: Alarm::Look(_), .. } => "command wake for a look",
            Command::Script { .. } => "command script",
            Command::Equip { .. } => "command equip",
            Command::Call { .. } => "command call",
            Command::Abandon(_) => "command abandon",
            Command::GiveUpCall { .. } => "command give up call",
            Command::CancelChild(_) => "command cancel child",
        });
    }
}

fn work(node: &Node) -> &'static str {
    match &node.work {
        Work::Skip { .. } => "work skip",
        Work::Assign { .. } => "work assign",
        Work::Choose { .. } => "work choose",
        Work::Finish { .. } => "work finish",
        Work::Effect(effect) if effect.touches_world => "work effect on the world",
        Work::Effect(_) => "work effect",
        Work::Wait(wait) => match wait.kind {
            WaitKind::UserApproval => "work approval",
            WaitKind::ClientTool => "work client tool",
            WaitKind::ShowForm => "work form",
            WaitKind::Review => "work review",
            WaitKind::Hook => "work hook",
        },
        Work::Delay { .. } => "work delay",
        Work::Compute(_) => "work compute",
        Work::Loop(_) => "work loop",
        Work::Sleep(_) => "work sleep",
        Work::Poll(_) => "work poll",
        Work::Each { .. } => "work each",
        Work::While { .. } => "work while",
        Work::Parallel { any: true, .. } => "work parallel any",
        Work::Parallel { .. } => "work parallel all",
        Work::Child { callee: Callee::PaymentRun, wait: true, .. } => "work payment run",
        Work::Child { callee: Callee::PaymentRun, .. } => "work payment run not awaited",
        Work::Child { wait: true, .. } => "work child",
        Work::Child { .. } => "work child not awaited",
    }
}
