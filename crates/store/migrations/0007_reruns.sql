-- Runs that repeat others, the joined list of runs, and work in bulk.

-- Which run repeats which, and what was told of it when it was accepted. A row is written once, with the run.
CREATE TABLE reruns (
    workspace_id {id} NOT NULL,
    run_id {id} NOT NULL,
    rerun_of {id} NOT NULL,
    from_step {text},
    reason {text},
    foreseen {json} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, run_id)
) {strict_rowless};

CREATE INDEX reruns_of ON reruns (workspace_id, rerun_of, run_id);

-- What people look for among many runs. They are partial, so that a run which completes costs nothing more.
CREATE INDEX runs_status ON runs (workspace_id, status, id) WHERE status IN ('waiting', 'failed', 'cancelled');
CREATE INDEX runs_flow_status ON runs (workspace_id, flow_id, status, id) WHERE status IN ('waiting', 'failed', 'cancelled');
CREATE INDEX runs_error ON runs (workspace_id, error_code, id) WHERE error_code IS NOT NULL;

-- An act on many runs. `request` is what is to be done to each, `actor` who asked for it.
CREATE TABLE bulk_jobs (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    kind {text} NOT NULL,
    status {text} NOT NULL,
    request {json} NOT NULL,
    actor {json} NOT NULL,
    total {int} NOT NULL,
    done {int} NOT NULL,
    failed {int} NOT NULL,
    created_at {time} NOT NULL,
    finished_at {time},
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

-- One run of such an act. The key is what makes each run be acted on once; the row is settled in the transaction of the act.
CREATE TABLE bulk_items (
    workspace_id {id} NOT NULL,
    job_id {id} NOT NULL,
    run_id {id} NOT NULL,
    status {text} NOT NULL,
    result_id {id},
    error_code {text},
    error_message {text},
    PRIMARY KEY (workspace_id, job_id, run_id)
) {strict_rowless};

CREATE INDEX bulk_items_open ON bulk_items (workspace_id, job_id, run_id) WHERE status = 'open';
CREATE INDEX bulk_items_failed ON bulk_items (workspace_id, job_id, run_id) WHERE status = 'failed';
