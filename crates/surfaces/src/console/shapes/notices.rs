//! Shapes of notifications.

use super::keys::MODE;
use super::page;
use crate::http::shape::{FLAG, ID, INSTANT, Shape, TEXT, closed, may, must, object, text};

const NOTIFICATION: Shape = object(
    "Notification",
    &[
        must("id", ID).about("That of the domain event"),
        must("event", TEXT),
        must("product", TEXT),
        must("mode", MODE),
        must("title", TEXT),
        must("url", TEXT.or_null()).about("Its page"),
        must("object_id", ID.or_null()),
        must("at", INSTANT),
        must("read", FLAG),
    ],
);
/// What a member is told.
pub(in crate::console) const NOTIFICATIONS: Shape = object("Notifications", &page(&NOTIFICATION));
/// What was read.
pub(in crate::console) const READ: Shape = closed(
    "ReadNotifications",
    &[may("until", text(1, 100)).about("Id of the last one that was read; everything so far unless given")],
);
/// Up to when a member has read.
pub(in crate::console) const READ_UNTIL: Shape = object("ReadUntil", &[must("read_until", INSTANT)]);
