-- Runs of other slices that runs of flows have called: a payment run, for example. The same call again finds what it has made. A call
-- without a called run was given up before it made one, and makes none any more. `author_id` is the owner of the calling flow.
CREATE TABLE child_calls (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    caller_id {id} NOT NULL,
    call_key {text} NOT NULL,
    step_id {text} NOT NULL,
    child_id {id},
    author_id {id},
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, caller_id, call_key)
) {strict_rowless};

CREATE UNIQUE INDEX child_calls_child ON child_calls (workspace_id, mode, child_id) WHERE child_id IS NOT NULL;
