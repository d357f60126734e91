//! Questions of runs to people and programs: who may answer them, what exactly is answered, and how an answer finds its run.
//!
//! A question is asked by a step (`user-approval`, `show-form`, `client-tool`) and is one row; the run's journal decides which
//! answer counts. Two ways lead to it: the Flow API's resume (Flow API contract, section 4) and the inbox of the console
//! (console contract, section 5.5).
//!
//! Start reading with `rights.rs`, then `resume.rs` and `answer.rs`.

mod answer;
mod content;
mod given;
mod items;
mod resume;
mod rights;
mod written;

pub use answer::{Answered, Given, ItemAnswer};
pub use given::tool_result;
pub use items::{Counts, Item, ItemFilter, ItemPage};
pub use resume::{ResumeIn, Resumed};
pub(crate) use rights::starter_of;
pub use rights::{Assignee, Refusal, Starter};
pub use written::Way;
pub(crate) use written::answer_in;
