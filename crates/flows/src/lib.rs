//! Floe flows.
