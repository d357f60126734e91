//! User code in JavaScript, run in child processes of the same binary that can be killed.
//!
//! [`Sandbox`] is the parent's side: a pool of children with a bounded queue. [`child_main`] is the child's side, called by
//! the binary's hidden subcommand. Inside one process a long native loop ignores every time limit, and a bug in the engine
//! could end the server; a child can be killed and replaced. The parent trusts nothing that a child sends.
//!
//! [`Once`] runs work of our own that reads hostile bytes, one child for each piece.
//!
//! Start reading with [`Job`] and [`Outcome`], then `pool`.

mod child;
mod engine;
mod job;
pub mod limits;
mod once;
mod pool;
mod protocol;
mod worker;

pub use child::child_main;
pub use job::{CodeFailure, FailureCode, Job, JobLimits, LogLevel, LogLine, Outcome};
pub use once::{Once, OnceConfig, OnceFailure, OnceLimits, once_main};
pub use pool::{Sandbox, SandboxConfig, SandboxStats};
