-- Flows: what they are called, who may do what with them, and their versions. The same in live and test.

-- Definitions by the SHA-256 of their compact JSON text. A text is written once and never changed, so a run can keep the one
-- that it began with whatever becomes of the version.
CREATE TABLE documents (
    workspace_id {id} NOT NULL,
    hash {bytes} NOT NULL,
    body {text} NOT NULL,
    PRIMARY KEY (workspace_id, hash)
) {strict_rowless};

-- `latest_version` and `draft_version` point into `flow_versions`; `next_version` is never used before, also after deletions.
-- `settings` are those in force; those of the draft are in its row. `triggers` are the types in the definition that a read shows.
-- `search` is name and description in lower case.
CREATE TABLE flows (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    description {text} NOT NULL,
    search {text} NOT NULL,
    icon {text},
    tags {json} NOT NULL,
    visibility {text} NOT NULL,
    sharing {json} NOT NULL,
    settings {json} NOT NULL,
    owner_id {id},
    created_by {json} NOT NULL,
    latest_version {int},
    draft_version {int},
    next_version {int} NOT NULL,
    revision {int} NOT NULL,
    triggers {json} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    deleted_at {time},
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

CREATE TABLE flow_versions (
    workspace_id {id} NOT NULL,
    flow_id {id} NOT NULL,
    version {int} NOT NULL,
    id {id} NOT NULL,
    status {text} NOT NULL,
    document_hash {bytes} NOT NULL,
    name {text} NOT NULL,
    description {text} NOT NULL,
    settings {json} NOT NULL,
    visibility {text} NOT NULL,
    summary {text} NOT NULL,
    based_on {int},
    created_by {json} NOT NULL,
    published_by {json},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    published_at {time},
    PRIMARY KEY (workspace_id, flow_id, version)
) {strict_rowless};
