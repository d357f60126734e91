-- Apps and what they show: screen flows with their drafts and published versions, placements and saved audiences. Configuration is the
-- same for live and test. Ids grow with time, and lists are in their order.

-- Counts the changes of a workspace's configuration. Whoever changes it holds this row until the end of the transaction.
CREATE TABLE placement_revisions (
    workspace_id {id} NOT NULL PRIMARY KEY,
    revision {int} NOT NULL
) {strict_rowless};

CREATE TABLE apps (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    platform {text} NOT NULL,
    settings {json} NOT NULL,
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

-- A device is told whether an app is of another workspace or of none.
CREATE INDEX apps_anywhere ON apps (id);

-- `folded` is the name in lower case. `newest_number` is 0 until something is published; it is never used again.
CREATE TABLE screen_flows (
    workspace_id {id} NOT NULL,
    app_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    folded {text} NOT NULL,
    kind {text} NOT NULL,
    newest_number {int} NOT NULL,
    newest_version_id {id},
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, app_id, id)
) {strict_rowless};

-- What is being worked on. `schema` is the text as it was sent, without the blanks between its parts.
CREATE TABLE screen_flow_drafts (
    workspace_id {id} NOT NULL,
    app_id {id} NOT NULL,
    flow_id {id} NOT NULL,
    revision {int} NOT NULL,
    updated_by {text} NOT NULL,
    updated_at {time} NOT NULL,
    sha256 {text} NOT NULL,
    schema {json} NOT NULL,
    PRIMARY KEY (workspace_id, flow_id)
) {strict};

-- What was published; never changes. `fonts` is what a device is told of fonts, computed when it was published.
CREATE TABLE screen_flow_versions (
    workspace_id {id} NOT NULL,
    app_id {id} NOT NULL,
    flow_id {id} NOT NULL,
    id {id} NOT NULL,
    number {int} NOT NULL,
    schema_version {int} NOT NULL,
    sha256 {text} NOT NULL,
    bytes {int} NOT NULL,
    note {text},
    warnings {json} NOT NULL,
    fonts {json} NOT NULL,
    published_by {text} NOT NULL,
    published_at {time} NOT NULL,
    schema {json} NOT NULL,
    PRIMARY KEY (workspace_id, id)
) {strict};

CREATE UNIQUE INDEX screen_flow_versions_number ON screen_flow_versions (workspace_id, flow_id, number);
CREATE INDEX screen_flow_versions_app ON screen_flow_versions (workspace_id, app_id);

-- A place in an app. `rollout` is in hundredths of a percent. `rules` and `scheduled_changes` are lists.
CREATE TABLE placements (
    workspace_id {id} NOT NULL,
    app_id {id} NOT NULL,
    id {id} NOT NULL,
    key {text} NOT NULL,
    description {text},
    platforms {json} NOT NULL,
    status {text} NOT NULL,
    default_version_id {id},
    audience_filter {json},
    audience_id {id},
    cache_ttl_seconds {int},
    rules {json} NOT NULL,
    rollout {int},
    rollout_fallback_version_id {id},
    active_from {time},
    active_until {time},
    scheduled_changes {json} NOT NULL,
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, app_id, id)
) {strict_rowless};

CREATE UNIQUE INDEX placements_key ON placements (workspace_id, app_id, key);

-- What was changed about a placement, by whom. `id` grows with time.
CREATE TABLE placement_history (
    workspace_id {id} NOT NULL,
    app_id {id} NOT NULL,
    placement_id {id} NOT NULL,
    id {id} NOT NULL,
    action {text} NOT NULL,
    actor_type {text} NOT NULL,
    actor_name {text} NOT NULL,
    detail {json} NOT NULL,
    at {time} NOT NULL,
    PRIMARY KEY (workspace_id, app_id, placement_id, id)
) {strict_rowless};

-- Which versions were really served at a placement, from when to when and how often.
CREATE TABLE placement_served (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    app_id {id} NOT NULL,
    placement_id {id} NOT NULL,
    version_id {id} NOT NULL,
    served {int} NOT NULL,
    first_at {time} NOT NULL,
    last_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, app_id, placement_id, version_id)
) {strict_rowless};

CREATE TABLE audiences (
    workspace_id {id} NOT NULL,
    app_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    filter {json} NOT NULL,
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, app_id, id)
) {strict_rowless};
