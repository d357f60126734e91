//! Floe testkit.
