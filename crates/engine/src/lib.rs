//! Floe engine.
