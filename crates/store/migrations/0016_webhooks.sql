-- Outgoing webhooks: who wants to be told, of what, and every attempt to tell it.

-- Who wants to be told. `secret`, `old_secret` and `headers` are sealed; `old_secret` signs along until its time is over.
CREATE TABLE webhook_endpoints (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    style {text} NOT NULL,
    mode {text} NOT NULL,
    url {text} NOT NULL,
    events {json} NOT NULL,
    headers {bytes},
    secret {bytes} NOT NULL,
    old_secret {bytes},
    old_secret_ends_at {time},
    is_active {bool} NOT NULL,
    disabled_reason {text},
    failure_count {int} NOT NULL,
    failing_since {time},
    last_triggered_at {time},
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

-- One event for all its endpoints. `data` is sent as it stands.
CREATE TABLE webhook_messages (
    id {id} NOT NULL PRIMARY KEY,
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    type {text} NOT NULL,
    data {json} NOT NULL,
    at {time} NOT NULL
) {strict_rowless};

-- One event for one endpoint. `position` is the order in which first attempts are made. `due_at` is the time of the next attempt, and
-- null when none is to be made by itself.
CREATE TABLE webhook_deliveries (
    position {serial},
    id {id} NOT NULL,
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    endpoint_id {id} NOT NULL,
    event_id {id} NOT NULL,
    type {text} NOT NULL,
    status {text} NOT NULL,
    attempts {int} NOT NULL,
    due_at {time},
    created_at {time} NOT NULL,
    finished_at {time}
) {strict};

CREATE UNIQUE INDEX webhook_deliveries_id ON webhook_deliveries (id);
CREATE INDEX webhook_deliveries_first ON webhook_deliveries (endpoint_id, position) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_again ON webhook_deliveries (endpoint_id, due_at) WHERE status = 'retrying';
CREATE INDEX webhook_deliveries_list ON webhook_deliveries (workspace_id, position);
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (workspace_id, endpoint_id, position);
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (event_id);

-- One attempt, or a note (attempt 0) that a delivery is made no more: skipped, abandoned. Notes have the id of their delivery.
CREATE TABLE webhook_attempts (
    position {serial},
    id {id} NOT NULL,
    workspace_id {id} NOT NULL,
    endpoint_id {id} NOT NULL,
    delivery_id {id} NOT NULL,
    event_id {id} NOT NULL,
    type {text} NOT NULL,
    attempt {int} NOT NULL,
    status_code {int},
    success {bool} NOT NULL,
    error {text},
    duration_ms {int},
    url {text},
    signature {text},
    answer_headers {json},
    answer_body {text},
    at {time} NOT NULL
) {strict};

CREATE UNIQUE INDEX webhook_attempts_id ON webhook_attempts (id);
CREATE INDEX webhook_attempts_endpoint ON webhook_attempts (workspace_id, endpoint_id, position);
CREATE INDEX webhook_attempts_delivery ON webhook_attempts (delivery_id, position);

-- Which node just works for an endpoint: one lane for first attempts, one for later ones.
CREATE TABLE webhook_lanes (
    endpoint_id {id} NOT NULL,
    kind {text} NOT NULL,
    claim_id {id} NOT NULL,
    node_id {id},
    lease_until {time} NOT NULL,
    PRIMARY KEY (endpoint_id, kind)
) {strict_rowless};

-- How far the stream of domain events was handed to the endpoints that pick from all of it. One row.
CREATE TABLE webhook_cursor (
    one {int} NOT NULL PRIMARY KEY,
    commit_group {int} NOT NULL,
    position {int} NOT NULL
) {strict_rowless};
