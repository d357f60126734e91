-- Triggers: what starts a workflow or a flow by itself, by a call of an address, by an event or by hand.

-- `alias` is an id that was given when it was made and is no spelling of ours. `node_id` is the node or step of the definition that it came
-- from, `node_config` what that said when it was last taken over. `source` is what an event trigger listens to: the name of an event of
-- this server, or `<provider>/<event>`. `next_at` is the tick for which a schedule waits; `buffered_at` one that waits for the end of the
-- run `last_run_id`. `secret` is sealed.
CREATE TABLE triggers (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    alias {text},
    flow_id {id} NOT NULL,
    engine {text} NOT NULL,
    name {text} NOT NULL,
    type {text} NOT NULL,
    node_id {text},
    node_config {json},
    config {json} NOT NULL,
    source {text},
    enabled {bool} NOT NULL,
    mode {text} NOT NULL,
    secret {bytes},
    trigger_count {int} NOT NULL,
    last_triggered_at {time},
    last_run_id {id},
    next_at {time},
    buffered_at {time},
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

-- An address names a trigger or its workflow without the workspace.
CREATE UNIQUE INDEX triggers_id ON triggers (id);
CREATE UNIQUE INDEX triggers_alias ON triggers (alias) WHERE alias IS NOT NULL;
CREATE INDEX triggers_flow ON triggers (flow_id, id);
CREATE INDEX triggers_order ON triggers (workspace_id, created_at, id);
CREATE INDEX triggers_source ON triggers (workspace_id, source) WHERE source IS NOT NULL;

-- The address of a workflow may name it by the id that was given.
CREATE INDEX workflow_aliases_given ON workflow_aliases (kind, alias);

-- Which runs a trigger started.
CREATE TABLE trigger_runs (
    workspace_id {id} NOT NULL,
    trigger_id {id} NOT NULL,
    run_id {id} NOT NULL,
    PRIMARY KEY (workspace_id, trigger_id, run_id)
) {strict_rowless};

CREATE INDEX trigger_runs_run ON trigger_runs (workspace_id, run_id);

-- The last calls of the address of a trigger. `inputs` is what a run gets of it; without the body where the caller did not prove himself.
CREATE TABLE trigger_requests (
    workspace_id {id} NOT NULL,
    trigger_id {id} NOT NULL,
    id {id} NOT NULL,
    at {time} NOT NULL,
    method {text} NOT NULL,
    ip {text},
    status {int} NOT NULL,
    error {text},
    run_id {id},
    replay_of {id},
    replayable {bool} NOT NULL,
    inputs {json} NOT NULL,
    PRIMARY KEY (workspace_id, trigger_id, id)
) {strict_rowless};
