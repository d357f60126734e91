//! Floe access.
