-- Runs of flows: a row for lists, a journal that is the truth, and open questions.

-- One row a run, written at its start, when it begins to wait, and at its end. `revision` counts the events of the journal at that
-- moment; `recovered_at` is the revision at which a starting server last found the run under way, and `recoveries` how often it found
-- it there, so that a run that keeps ending its server can be parked.
CREATE TABLE runs (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    mode {text} NOT NULL,
    flow_id {id} NOT NULL,
    flow_name {text} NOT NULL,
    version {int} NOT NULL,
    is_draft {bool} NOT NULL,
    document_hash {bytes} NOT NULL,
    status {text} NOT NULL,
    trigger_type {text} NOT NULL,
    trigger_step {text} NOT NULL,
    source_kind {text} NOT NULL,
    source {json} NOT NULL,
    parent_run_id {id},
    depth {int} NOT NULL,
    started_by {text} NOT NULL,
    settings {json} NOT NULL,
    queued_at {time} NOT NULL,
    started_at {time},
    finished_at {time},
    active_ms {int},
    step_count {int} NOT NULL,
    current_step {text},
    wait_kind {text},
    wait_step {text},
    error_code {text},
    error_message {text},
    error_step {text},
    revision {int} NOT NULL,
    recoveries {int} NOT NULL,
    recovered_at {int} NOT NULL,
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

CREATE INDEX runs_flow ON runs (workspace_id, flow_id, id);
CREATE INDEX runs_moving ON runs (id) WHERE status IN ('queued', 'running');
CREATE INDEX runs_waiting ON runs (workspace_id, flow_id) WHERE status = 'waiting';
CREATE INDEX runs_parent ON runs (workspace_id, parent_run_id) WHERE parent_run_id IS NOT NULL;

-- The events of each run, in chunks: what one write carried. `seq` is the number of the chunk's first event. The rows stand in the
-- order in which they arrive, so that a write of many runs fills the last pages only; the key's entries are small.
CREATE TABLE run_journal (
    workspace_id {id} NOT NULL,
    run_id {id} NOT NULL,
    seq {int} NOT NULL,
    events {json} NOT NULL,
    PRIMARY KEY (workspace_id, run_id, seq)
) {strict};

-- Questions to people and programs. Delays are not questions; they are jobs.
CREATE TABLE waits (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    mode {text} NOT NULL,
    run_id {id} NOT NULL,
    flow_id {id} NOT NULL,
    flow_name {text} NOT NULL,
    step_id {text} NOT NULL,
    step_name {text} NOT NULL,
    kind {text} NOT NULL,
    question {json} NOT NULL,
    started_by {text} NOT NULL,
    status {text} NOT NULL,
    created_at {time} NOT NULL,
    due_at {time} NOT NULL,
    answered_at {time},
    answered_by {json},
    answer {json},
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

CREATE INDEX waits_open ON waits (workspace_id, id) WHERE status = 'open';
CREATE INDEX waits_run ON waits (workspace_id, run_id);
