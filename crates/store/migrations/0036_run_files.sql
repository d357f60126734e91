-- The folder of a run: what its steps wrote, by path. The bytes are an ordinary file that the run uses. `written_by` is the key of the
-- call that wrote it last, so that a call which is made again after a crash changes nothing.
CREATE TABLE run_files (
    workspace_id {id} NOT NULL,
    run_id {id} NOT NULL,
    path {text} NOT NULL,
    file_id {id} NOT NULL,
    written_by {text} NOT NULL,
    PRIMARY KEY (workspace_id, run_id, path)
) {strict_rowless};
