-- What every slice uses: durable work, domain events, saved replies, the audit log.

-- Durable work with a due time. `ready_at` is when the job may be claimed: its due time, or the end of the lease that it is under,
-- so that one index finds both and a lease that ran out needs no sweeper.
CREATE TABLE jobs (
    id {id} NOT NULL PRIMARY KEY,
    workspace_id {id} NOT NULL,
    mode {text},
    kind {text} NOT NULL,
    subject_id {id},
    payload {json} NOT NULL,
    due_at {time} NOT NULL,
    ready_at {time} NOT NULL,
    lease_until {time},
    attempts {int} NOT NULL,
    last_error {text},
    created_at {time} NOT NULL
) {strict_rowless};

CREATE INDEX jobs_ready ON jobs (ready_at);
CREATE UNIQUE INDEX jobs_subject ON jobs (subject_id, kind) WHERE subject_id IS NOT NULL;

-- Domain events, in the order in which they became visible: by `commit_group`, then by `position`.
-- `dispatched` is set when the subscribers' work was made from an event, in the transaction that made it.
CREATE TABLE events (
    position {serial},
    commit_group {commit_group},
    id {id} NOT NULL,
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    type {text} NOT NULL,
    subject_id {id},
    data {json} NOT NULL,
    created_at {time} NOT NULL,
    dispatched {bool} NOT NULL DEFAULT FALSE
) {strict};

CREATE INDEX events_undispatched ON events (position) WHERE NOT dispatched;
{postgres_only}CREATE INDEX events_order ON events (commit_group, position);
CREATE INDEX events_workspace ON events (workspace_id, mode, position);

-- First answers to requests with an idempotency key.
CREATE TABLE replies (
    workspace_id {id} NOT NULL,
    caller {text} NOT NULL,
    route {text} NOT NULL,
    idempotency_key {text} NOT NULL,
    body_hash {bytes} NOT NULL,
    state {text} NOT NULL,
    subject_id {id},
    status {int},
    headers {json},
    body {text},
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, caller, route, idempotency_key)
) {strict_rowless};

CREATE INDEX replies_expiry ON replies (expires_at);

-- Who did what. `seq` is given when an entry is sealed into the chain of its workspace.
CREATE TABLE audit_entries (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    seq {int},
    mode {text},
    product {text} NOT NULL,
    action {text} NOT NULL,
    actor_type {text} NOT NULL,
    actor_id {id},
    actor_name {text} NOT NULL,
    target_type {text},
    target_id {id},
    target_name {text},
    run_id {id},
    detail {json} NOT NULL,
    request_id {id},
    ip {text},
    at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

CREATE INDEX audit_entries_unsealed ON audit_entries (workspace_id, id) WHERE seq IS NULL;
