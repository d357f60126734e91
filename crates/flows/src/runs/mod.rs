//! Runs: how they start, move, wait, go on and end.
//!
//! A run that moves lives in one shard: a task that owns it, applies what happens to its machine, and hands the new
//! events to the store. What the events allow is done only when they are on disk. While one write is under way the next
//! one gathers, so the flush in progress is the batching window. A run that waits is dropped from memory; an answer,
//! or the job of its due time, brings it back from its journal.
//!
//! Start reading with [`RunEngine`], then `shard.rs`.

mod admission;
mod alone;
mod answer;
mod batch;
mod called;
mod engine;
mod jobs;
mod live;
mod load;
mod mask;
mod message;
mod nodes;
mod origin;
mod perform;
mod plans;
mod queued;
mod recover;
pub(crate) mod rerun;
mod room;
mod secrets;
mod shard;
mod start;
mod state;
mod told;
mod told_inbox;
mod words;

pub use floe_runtime::child_runs::JOB_CHILD;

pub use alone::Trial;
pub use answer::{AnswerIn, AnswerKind, COMMENT_CHARS_MAX};
pub(crate) use called::called_payment;
pub use engine::{Limits, RunEngine};
pub use jobs::handlers;
pub use load::{Loaded, load, plan_of};
pub(crate) use mask::Mask;
pub use origin::{DEPTH_MAX, Origin};
pub(crate) use origin::{chain_of, note_chain};
pub use plans::Plans;
pub(crate) use queued::{Queued, insert_queued};
pub(crate) use start::Begin;
pub(crate) use start::check_inputs;
pub use start::{NewRun, choose_entry};
pub(crate) use state::WAITS_FOR_PAYMENTS;
pub use state::{RunErrorView, RunState, WaitView, status};
pub use words::{Following, Words};

/// Ends a wait whose time has come; the subject is the wait.
pub const JOB_WAIT_DUE: &str = "flows.wait_due";
/// Cancels a run that its parent gave up, or whose flow was deleted; the subject is the run.
pub const JOB_CANCEL: &str = "flows.cancel";
/// Gives up a call of what is no flow, which its run no longer wants.
pub const JOB_GIVE_UP: &str = "flows.give_up_call";
/// Starts the error flow of a failed run; the subject is the failed run.
pub const JOB_ERROR_FLOW: &str = "flows.error_flow";
