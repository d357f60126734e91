//! Floe store.
