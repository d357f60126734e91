//! Runs on both databases: how they start, wait, go on after a restart, call each other and end.

mod bulk;
mod graphs;
mod moving;
mod nodes;
mod reruns;
mod restarts;
mod stage;
