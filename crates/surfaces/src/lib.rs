//! Floe surfaces.
