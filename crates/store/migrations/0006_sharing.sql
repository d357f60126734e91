-- Share links, files, and who a flow is shared with.

-- The public link of a flow; its text is made from `nonce` under the server's secret, so it is not in the database. A link that is
-- replaced gets another id.
CREATE TABLE shares (
    workspace_id {id} NOT NULL,
    flow_id {id} NOT NULL,
    id {id} NOT NULL UNIQUE,
    hash {bytes} NOT NULL UNIQUE,
    nonce {bytes} NOT NULL,
    created_by {json} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, flow_id)
) {strict_rowless};

-- Groups that a flow is shared with, for lists; `flows.sharing` is the truth.
CREATE TABLE flow_groups (
    workspace_id {id} NOT NULL,
    flow_id {id} NOT NULL,
    group_id {id} NOT NULL,
    PRIMARY KEY (workspace_id, flow_id, group_id)
) {strict_rowless};

-- Uploaded files. `size` and what follows from the content are filled in when the last byte has arrived; a file without `run_id` is
-- unused and vanishes after `expires_at`.
CREATE TABLE files (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    share_id {id},
    uploaded_by {text} NOT NULL,
    name {text} NOT NULL,
    mime_type {text} NOT NULL,
    size {int},
    sha256 {bytes} NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    run_id {id},
    flow_id {id},
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

CREATE INDEX files_unused ON files (workspace_id, expires_at) WHERE run_id IS NULL;
CREATE INDEX files_run ON files (workspace_id, run_id) WHERE run_id IS NOT NULL;

-- The bytes of files, in pieces of a bounded size.
CREATE TABLE file_chunks (
    workspace_id {id} NOT NULL,
    file_id {id} NOT NULL,
    position {int} NOT NULL,
    bytes {bytes} NOT NULL,
    PRIMARY KEY (workspace_id, file_id, position)
) {strict};
