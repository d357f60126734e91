-- What apps report about screen flows: the journal that answers wait for, the events themselves, and their sums.

-- Groups of events that were answered and are still to be entered. A row holds what came in together, of any workspaces, in the form of
-- `floe_model::placements::event::journal`; it goes away in the transaction that enters its events.
CREATE TABLE placement_journal (
    position {serial},
    events {int} NOT NULL,
    body {bytes} NOT NULL
) {strict};

-- Events, each once, in the order in which they were entered. `at` is the time that the app gave, `more` a JSON object of the members
-- that have no column. Without ids of a flow: `resolve_no_flow`, which has a `reason`.
CREATE TABLE placement_events (
    position {serial},
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    app_id {id} NOT NULL,
    id {id} NOT NULL,
    event_type {text} NOT NULL,
    at {time} NOT NULL,
    received_at {time} NOT NULL,
    user_id {text} NOT NULL,
    session_id {text} NOT NULL,
    device_platform {text} NOT NULL,
    placement_id {text},
    flow_id {id},
    flow_version_id {id},
    experiment_id {text},
    variant_id {text},
    screen_id {text},
    screen_name {text},
    screen_index {int},
    time_on_screen_ms {int},
    revenue {float},
    currency {text},
    app_version {text},
    country {text},
    is_debug {bool} NOT NULL,
    reason {text},
    ab_assignments {json},
    more {json} NOT NULL
) {strict};

CREATE UNIQUE INDEX placement_events_id ON placement_events (app_id, id);
CREATE INDEX placement_events_at ON placement_events (workspace_id, mode, app_id, at);
CREATE INDEX placement_events_type ON placement_events (workspace_id, mode, app_id, event_type, at);
CREATE INDEX placement_events_version ON placement_events (workspace_id, mode, app_id, flow_version_id, event_type, at);
CREATE INDEX placement_events_user ON placement_events (workspace_id, mode, app_id, user_id, at);

-- Sums of events by UTC day (counted from 1970, of `at`) and everything by which numbers are narrowed down. What an event does not have is
-- the empty text, or the id that is all zero.
CREATE TABLE placement_event_days (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    app_id {id} NOT NULL,
    day {int} NOT NULL,
    event_type {text} NOT NULL,
    placement_id {text} NOT NULL,
    flow_id {id} NOT NULL,
    flow_version_id {id} NOT NULL,
    device_platform {text} NOT NULL,
    country {text} NOT NULL,
    app_version {text} NOT NULL,
    experiment_id {text} NOT NULL,
    variant_id {text} NOT NULL,
    is_debug {bool} NOT NULL,
    reason {text} NOT NULL,
    currency {text} NOT NULL,
    events {int} NOT NULL,
    revenue {float} NOT NULL,
    PRIMARY KEY (workspace_id, mode, app_id, day, event_type, placement_id, flow_id, flow_version_id, device_platform, country,
        app_version, experiment_id, variant_id, is_debug, reason, currency)
) {strict_rowless};

-- Which node enters events just now: whoever holds the one row. `rounds` counts how often that was done.
CREATE TABLE placement_roll (
    one {int} NOT NULL PRIMARY KEY,
    rounds {int} NOT NULL
) {strict_rowless};
INSERT INTO placement_roll (one, rounds) VALUES (1, 0);

-- What SDKs reported about themselves, one row for reports that say the same; the id is a digest of what they have in common. `report` is
-- the last one as a JSON object, of the user `user_id`.
CREATE TABLE placement_sdk_errors (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    app_id {id} NOT NULL,
    id {id} NOT NULL,
    platform {text} NOT NULL,
    sdk_version {text} NOT NULL,
    error_code {text},
    message {text},
    reports {int} NOT NULL,
    first_at {time} NOT NULL,
    last_at {time} NOT NULL,
    user_id {text},
    report {json} NOT NULL,
    PRIMARY KEY (workspace_id, mode, app_id, id)
) {strict_rowless};

CREATE INDEX placement_sdk_errors_newest ON placement_sdk_errors (workspace_id, mode, app_id, last_at, id);
CREATE INDEX placement_sdk_errors_oldest ON placement_sdk_errors (last_at);

-- How often each key still uses the routes that were replaced.
CREATE TABLE placement_legacy_calls (
    workspace_id {id} NOT NULL,
    key_id {id} NOT NULL,
    route {text} NOT NULL,
    calls {int} NOT NULL,
    last_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, key_id, route)
) {strict_rowless};
