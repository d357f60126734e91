-- Sealed values: variables, secrets, connections.

-- Data keys of a workspace, wrapped under the server secret. The newest seals; older ones open what they have sealed. `root` names
-- the key that wrapped it, so that a start with another server secret can be told from damage.
CREATE TABLE sealed_keys (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    root {bytes} NOT NULL,
    wrapped {bytes} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

-- Variables of a workspace. Every value is sealed, whether it may be read again or not.
CREATE TABLE variables (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    secret {bool} NOT NULL,
    value {bytes} NOT NULL,
    test_value {bytes},
    description {text} NOT NULL,
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, name)
) {strict_rowless};

-- Accounts at other services. `tail` is what may be shown of the secret.
CREATE TABLE connections (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    provider {text} NOT NULL,
    kind {text} NOT NULL,
    config {json} NOT NULL,
    secret {bytes},
    tail {text},
    status {text} NOT NULL,
    last_error {text},
    last_tested_at {time},
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, name)
) {strict_rowless};

-- One row that is written to see whether writing works.
CREATE TABLE write_probe (
    one {int} NOT NULL PRIMARY KEY,
    at {time} NOT NULL
) {strict};
