//! Shapes of triggers, of the calls of their addresses, and of events of providers.

use super::keys::MODE;
use super::page;
use crate::http::shape::{
    ANY, COUNT, FLAG, ID, INSTANT, JSON_OBJECT, Shape, TEXT, closed, extend, int, list, may, must, object, text, words,
};

/// The kinds of triggers.
pub(in crate::console) const KIND: Shape = words(&["schedule", "webhook", "event", "manual"]);
const ENGINE: Shape = words(&["workflow", "flow"]);
const GIVEN: Shape = text(1, 64);

const TARGET: Shape = object("", &[must("kind", ENGINE), must("id", GIVEN), must("name", TEXT)]);
const NEW_TARGET: Shape = closed("TriggerTarget", &[must("kind", ENGINE), must("id", GIVEN)]);

/// A trigger without its secret.
pub(in crate::console) const TRIGGER: Shape = object(
    "Trigger",
    &[
        must("id", GIVEN),
        must("target", TARGET),
        must("workflow_id", GIVEN).about("What it starts, as the workflow API names it"),
        must("name", TEXT),
        must("type", KIND),
        must("config", JSON_OBJECT),
        must("enabled", FLAG),
        must("mode", MODE).about("Of the runs that it starts by itself"),
        must("managed_by", words(&["flow"]).or_null()).about("flow: the definition or the schedule of a flow"),
        must("node_id", TEXT.or_null()).about("The node or step of the definition that it belongs to"),
        must("url", TEXT.or_null()).about("The address of type webhook"),
        must("has_secret", FLAG),
        must("next_fire_at", list(&INSTANT).at_most(5)).about("The next times of type schedule"),
        must("missed_rule", words(&["within_1_minute", "last_within_1_hour"]).or_null()),
        must("overlap_rule", words(&["buffer_one", "skip", "allow"]).or_null()),
        must("trigger_count", COUNT),
        must("last_triggered_at", INSTANT.or_null()),
        must("last_run_id", TEXT.or_null()),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
        must("revision", COUNT),
    ],
);
pub(in crate::console) const TRIGGERS: Shape = object("Triggers", &page(&TRIGGER));
/// A trigger with a new secret.
pub(in crate::console) const MADE_TRIGGER: Shape = extend(
    "MadeTrigger",
    TRIGGER,
    &[must("secret", TEXT.or_null()).about("Shown this once; null for other types and in a repeated answer")],
);
/// A new trigger.
pub(in crate::console) const NEW_TRIGGER: Shape = closed(
    "NewTrigger",
    &[
        may("target", NEW_TARGET).about("What it starts; or workflow_id"),
        may("workflow_id", GIVEN),
        must("name", text(1, 200)),
        must("type", KIND),
        may("config", JSON_OBJECT).about("As its type has it"),
        may("enabled", FLAG).about("true unless given"),
        may("mode", MODE).about("live unless given"),
        may("id", GIVEN).about("To keep the id of another installation"),
    ],
);
/// A change of a trigger.
pub(in crate::console) const TRIGGER_PATCH: Shape = closed(
    "TriggerPatch",
    &[
        may("name", text(1, 200)),
        may("config", JSON_OBJECT).about("All of it"),
        may("enabled", FLAG),
        may("mode", MODE),
    ],
);
/// What a trigger is fired with.
pub(in crate::console) const FIRE: Shape = closed("FireTrigger", &[may("inputs", JSON_OBJECT)]);
/// A run that was started by hand.
pub(in crate::console) const FIRED: Shape = object(
    "FiredTrigger",
    &[must("run_id", TEXT), must("trigger_id", GIVEN), must("workflow_id", GIVEN), must("status", words(&["pending"]))],
);
/// A call of an address.
const REQUEST: Shape = object(
    "TriggerRequest",
    &[
        must("id", ID),
        must("at", INSTANT),
        must("method", TEXT),
        must("ip", TEXT.or_null()),
        must("status", int(100, 599)),
        must("error", TEXT.or_null()),
        must("run_id", TEXT.or_null()),
        must("replay_of", ID.or_null()),
        must("can_replay", FLAG),
        must("headers", JSON_OBJECT).about("Those that prove the caller are masked"),
        must("query", JSON_OBJECT),
        must("body", ANY).about("Null of callers who did not prove themselves"),
    ],
);
pub(in crate::console) const REQUESTS: Shape = object("TriggerRequests", &page(&REQUEST));
/// An event of a provider.
pub(in crate::console) const EVENT: Shape =
    closed("ProviderEvent", &[must("provider_id", text(1, 200)), must("event_id", text(1, 200)), may("payload", ANY)]);
/// What an event was handed to.
pub(in crate::console) const INGESTED: Shape =
    object("IngestedEvent", &[must("id", ID), must("matched", COUNT), must("trigger_ids", list(&GIVEN))]);
