-- Schedules of flows and what is logged about a flow.

-- When a flow starts by itself. `next_at` is the time for which its job waits; none while it is cancelled or paused. `last_status` is
-- set when the last firing made no run; otherwise the status of run `last_run_id` tells.
CREATE TABLE schedules (
    workspace_id {id} NOT NULL,
    flow_id {id} NOT NULL,
    active {bool} NOT NULL,
    cron {text} NOT NULL,
    timezone {text} NOT NULL,
    data {json} NOT NULL,
    overlap {text} NOT NULL,
    source {text} NOT NULL,
    paused_reason {text},
    next_at {time},
    last_at {time},
    last_run_id {id},
    last_status {text},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, flow_id)
) {strict_rowless};

-- What is logged about a flow and is told by nothing else: what happened to it, its schedule and its share link. What happened to its
-- runs and their steps is told by the runs and their journals. `fired_for` is the due time of a schedule that an entry settled: its
-- index is what makes a due time be settled once, whoever tries.
CREATE TABLE flow_logs (
    workspace_id {id} NOT NULL,
    flow_id {id} NOT NULL,
    at {time} NOT NULL,
    id {id} NOT NULL,
    level {text} NOT NULL,
    event {text} NOT NULL,
    message {text} NOT NULL,
    run_id {id},
    version {int},
    actor {json} NOT NULL,
    data {json} NOT NULL,
    fired_for {time},
    PRIMARY KEY (workspace_id, flow_id, at, id)
) {strict_rowless};

CREATE UNIQUE INDEX flow_logs_fired ON flow_logs (workspace_id, flow_id, fired_for) WHERE fired_for IS NOT NULL;

-- Runs that lasted for more than a minute, by their end: the log of a flow finds the others by their beginning. Short runs, which
-- are nearly all, have no entry here.
CREATE INDEX runs_long ON runs (workspace_id, flow_id, finished_at) WHERE finished_at > queued_at + 60000000;
