//! Shapes of what a member sets for itself.

use crate::http::shape::{Shape, TEXT, closed, list, must, object, pattern, text, words};

/// The PIN for payments, with the password.
pub(in crate::console) const PIN: Shape =
    closed("SetPin", &[must("password", text(1, 1_000)), must("pin", pattern("^[0-9]{4,6}$"))]);

const CHANNELS: Shape = list(&words(&["dashboard", "mail"]));
const RULE: Shape = object("NotificationRule", &[must("event", TEXT), must("channels", CHANNELS)]);
const NEW_RULE: Shape = closed("NewNotificationRule", &[must("event", TEXT), must("channels", CHANNELS)]);

/// Where a member is told what.
pub(in crate::console) const RULES: Shape = object("NotificationRules", &[must("rules", list(&RULE))]);
/// Where a member wants to be told what.
pub(in crate::console) const NEW_RULES: Shape =
    closed("NewNotificationRules", &[must("rules", list(&NEW_RULE).at_most(100))]);
