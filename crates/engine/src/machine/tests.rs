//! The machine, driven by hand: what each step type gives, and what every journal gives again.

mod effects;
mod graph_loops;
mod graphs;
mod harness;
mod journal;
mod limits;
mod logic;
mod loops;
mod parallel;
mod records;
mod reuse;
mod waits;
