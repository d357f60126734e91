//! Shapes of the bodies of agents, a file for each file of handlers. Bodies as input are open: what a client sends in addition is
//! ignored (agents contract, section 1).

pub(super) mod chat;
pub(crate) mod monitoring;
pub(crate) mod records;
pub(super) mod threads;
pub(super) mod usage;
pub(super) mod whatsapp;

use crate::http::shape::{Shape, format};

/// A UTC day.
pub(crate) const DATE: Shape = format("date");
