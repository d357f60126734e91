//! The definition languages. Each is parsed, checked and lowered to a [`crate::plan::Plan`].

pub mod problem;
pub mod steps;

pub use problem::{Problem, Severity};
