//! Events, and what SDKs report about themselves.

use super::page;
use crate::http::Param;
use crate::http::shape::{
    ANY, COUNT, FLAG, Field, ID, INSTANT, JSON_OBJECT, NUMBER, Shape, TEXT, any_of, input, int, list, map, may, must,
    object, open, text, words,
};

/// Live or test.
pub(in crate::placements) const ENVIRONMENT: Shape = words(&["live", "test"]);
const PLATFORM: Shape = words(&["ios", "android", "web"]);
const WHOLE: Shape = int(0, 1 << 53);

/// What narrows events down.
pub(in crate::placements) const FILTER: &[Param] = &[
    Param::new("user_id", text(1, 256), "Of this user"),
    Param::new("event_type", text(1, 64), "Of this type"),
    Param::new("placement_id", text(1, 64), "At this placement, by its key"),
    Param::new("flow_version_id", ID, "Of this version"),
    Param::new("since", INSTANT, "Not before this instant of their own time"),
    Param::new("until", INSTANT, "Before this instant of their own time"),
    Param::new("environment", ENVIRONMENT, "live unless given"),
];

/// An event as it is sent.
const EVENT: Shape = open(
    "PlacementEvent",
    &[
        must("event_id", ID),
        must("app_id", ID),
        must("flow_id", ID),
        must("flow_version_id", ID),
        must("user_id", text(1, 256)),
        must("session_id", text(1, 256)),
        must("device_platform", PLATFORM),
        must("event_type", text(1, 64)).about(
            "flow_start, screen_view, screen_exit, flow_complete, flow_exit, element_interaction, \
            experiment_exposure, conversion; others when the app takes custom events",
        ),
        must("timestamp", INSTANT).about("From 90 days ago to 24 hours ahead"),
        must("sdk_version", text(1, 64)),
        may("placement_id", text(0, 64)),
        may("flow_version", int(1, 1 << 53)),
        may("experiment_id", text(0, 64)),
        may("variant_id", text(0, 64)),
        may("variant_name", text(0, 256)),
        may("screen_id", text(0, 128)),
        may("screen_name", text(0, 256)),
        may("screen_index", WHOLE),
        may("element_id", text(0, 128)),
        may("element_type", text(0, 64)),
        may("interaction_type", text(0, 64)),
        may("revenue", NUMBER),
        may("currency", text(3, 3)),
        may("time_since_flow_start_ms", WHOLE),
        may("time_on_screen_ms", WHOLE),
        may("app_version", text(0, 64)),
        may("country", TEXT),
        may("properties", JSON_OBJECT).about("At most 100 members, 16 KB, 5 levels"),
        may("is_debug", FLAG),
        may("ab_assignments", map(&TEXT)),
    ],
);

/// The body of a request: anything in it that is no event is rejected by itself.
pub(in crate::placements) const EVENTS: Shape =
    any_of(&[list(&EVENT).at_most(100), open("PlacementEvents", &[must("events", list(&EVENT).at_most(100))]), EVENT]);

/// What became of the events of a request.
pub(in crate::placements) const TAKEN: Shape = object(
    "EventsTaken",
    &[
        must("accepted", COUNT),
        must("rejected", COUNT),
        may(
            "errors",
            list(&object(
                "EventRejected",
                &[
                    must("index", COUNT),
                    must("event_id", TEXT.or_null()),
                    must("code", TEXT),
                    must("field", TEXT),
                    must("message", TEXT),
                ],
            ))
            .at_most(100),
        )
        .about("Why each rejected event is not stored"),
    ],
);

const SHOWN_FIELDS: &[Field] = &[
    must("event_id", ID),
    must("app_id", ID),
    may("flow_id", ID),
    may("flow_version_id", ID),
    must("event_type", TEXT),
    must("timestamp", INSTANT),
    must("user_id", TEXT),
    must("session_id", TEXT),
    must("device_platform", PLATFORM),
    may("placement_id", TEXT),
    may("experiment_id", TEXT),
    may("variant_id", TEXT),
    may("screen_id", TEXT),
    may("screen_name", TEXT),
    may("currency", TEXT),
    may("app_version", TEXT),
    may("country", TEXT),
    may("screen_index", COUNT),
    may("time_on_screen_ms", COUNT),
    may("revenue", NUMBER),
    may("ab_assignments", map(&TEXT)),
    may("properties", JSON_OBJECT),
    must("is_debug", FLAG),
    may("sdk_version", TEXT),
    may("flow_version", COUNT),
    may("time_since_flow_start_ms", COUNT),
    may("variant_name", TEXT),
    may("element_id", TEXT),
    may("element_type", TEXT),
    may("interaction_type", TEXT),
    must("environment", ENVIRONMENT),
    must("received_at", INSTANT),
];

/// A stored event.
const SHOWN: Shape = object("StoredEvent", SHOWN_FIELDS);
/// A page of stored events.
pub(in crate::placements) const SHOWN_EVENTS: Shape = object("StoredEvents", &page(&SHOWN));
/// Stored events, one a line.
pub(in crate::placements) const LINES: Shape = TEXT;

/// What an SDK reports.
pub(in crate::placements) const REPORT: Shape = input(
    "SdkErrorReport",
    &[
        must("platform", TEXT),
        must("sdk_version", TEXT),
        may("error_code", TEXT).about("This or message is required"),
        may("message", TEXT),
        may("environment", TEXT),
        may("name", TEXT),
        may("level", words(&["error", "warning"])),
        may("app_version", TEXT),
        may("os_version", TEXT),
        may("device_model", TEXT),
        may("user_id", TEXT),
        may("session_id", TEXT),
        may("stack", TEXT),
        may("context", map(&TEXT)),
        may("breadcrumbs", list(&ANY)),
    ],
);

const ERROR_GROUP: Shape = object(
    "SdkErrorGroup",
    &[
        must("id", ID),
        must("platform", TEXT),
        must("sdk_version", TEXT),
        must("error_code", TEXT.or_null()),
        must("message", TEXT.or_null()),
        must("count", COUNT),
        must("first_at", INSTANT),
        must("last_at", INSTANT),
        must("last_report", JSON_OBJECT),
    ],
);
/// A page of groups of reports.
pub(in crate::placements) const ERROR_GROUPS: Shape = object("SdkErrorGroups", &page(&ERROR_GROUP));
