//! The machine, driven by hand: what each step type gives, and what every journal gives again.

mod effects;
mod harness;
mod journal;
mod limits;
mod logic;
mod loops;
mod parallel;
mod records;
mod reuse;
mod waits;
