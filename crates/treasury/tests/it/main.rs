//! Tests of the treasury slice on both databases.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod money;
