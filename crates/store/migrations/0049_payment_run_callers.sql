-- Which run of a flow called a payment run, and by which call: the same call again finds it.
CREATE TABLE payment_run_callers (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    run_id {id} NOT NULL,
    caller_id {id} NOT NULL,
    call_key {text} NOT NULL,
    PRIMARY KEY (workspace_id, mode, run_id)
) {strict_rowless};

CREATE UNIQUE INDEX payment_run_callers_call ON payment_run_callers (workspace_id, mode, caller_id, call_key);
