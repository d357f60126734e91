//! Schedules on a clock that the test sets: what fires, when, how often, and what is logged.

mod bell;
mod firing;
mod following;
mod logs;
