//! Shapes of threads.

use super::WIRE_ID;
use crate::http::shape::{COUNT, FLAG, INSTANT, JSON_OBJECT, Shape, TEXT, must, object, words};

/// A thread.
pub(in crate::workflows) const THREAD: Shape = object(
    "Thread",
    &[
        must("id", WIRE_ID),
        must("agent_id", WIRE_ID),
        must("status", words(&["active", "archived", "deleted"])),
        must("title", TEXT.or_null()),
        must("metadata", JSON_OBJECT).about("external_id is the name that the thread has on the agent API"),
        must("message_count", COUNT),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
        must("last_message_at", INSTANT.or_null()),
    ],
);

pub(in crate::workflows) const DELETED: Shape = object("ThreadDeleted", &[must("id", WIRE_ID), must("deleted", FLAG)]);
