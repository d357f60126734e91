-- Who may call: workspaces, members, sessions, tokens, keys, one-time links. Secrets are kept as keyed hashes only.

-- One row, once the first owner exists: of two set-ups at once exactly one writes it.
CREATE TABLE installation (
    one {int} NOT NULL PRIMARY KEY,
    owner_id {id} NOT NULL,
    at {time} NOT NULL
) {strict};

CREATE TABLE workspaces (
    id {id} NOT NULL PRIMARY KEY,
    name {text} NOT NULL,
    slug {text} NOT NULL UNIQUE,
    timezone {text} NOT NULL,
    settings {json} NOT NULL,
    revision {int} NOT NULL,
    created_at {time} NOT NULL
) {strict_rowless};

CREATE TABLE members (
    id {id} NOT NULL PRIMARY KEY,
    name {text} NOT NULL,
    email {text} NOT NULL UNIQUE,
    password_hash {text},
    preferences {json} NOT NULL,
    revision {int} NOT NULL,
    created_at {time} NOT NULL
) {strict_rowless};

CREATE TABLE memberships (
    workspace_id {id} NOT NULL,
    member_id {id} NOT NULL,
    role {text} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, member_id)
) {strict_rowless};

CREATE INDEX memberships_member ON memberships (member_id);

CREATE TABLE sessions (
    hash {bytes} NOT NULL PRIMARY KEY,
    id {id} NOT NULL UNIQUE,
    member_id {id} NOT NULL,
    workspace_id {id} NOT NULL,
    transport {text} NOT NULL,
    idle_s {int} NOT NULL,
    created_at {time} NOT NULL,
    last_used_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    confirmed_until {time},
    ip {text},
    agent {text}
) {strict_rowless};

CREATE INDEX sessions_member ON sessions (member_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Personal access tokens.
CREATE TABLE tokens (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    member_id {id} NOT NULL,
    hash {bytes} NOT NULL UNIQUE,
    name {text} NOT NULL,
    prefix {text} NOT NULL,
    scopes {json} NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time},
    last_used_at {time},
    last_used_ip {text},
    revoked_at {time},
    rotated_to {id},
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

-- API keys of every kind.
CREATE TABLE keys (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    kind {text} NOT NULL,
    mode {text} NOT NULL,
    hash {bytes} NOT NULL UNIQUE,
    name {text} NOT NULL,
    prefix {text} NOT NULL,
    scopes {json} NOT NULL,
    per_minute {int} NOT NULL,
    per_day {int} NOT NULL,
    is_active {bool} NOT NULL,
    revision {int} NOT NULL,
    created_by {id},
    created_at {time} NOT NULL,
    expires_at {time},
    last_used_at {time},
    last_used_ip {text},
    revoked_at {time},
    rotated_to {id},
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

-- One-time links: `setup`, and `sign_in` for a member.
CREATE TABLE links (
    hash {bytes} NOT NULL PRIMARY KEY,
    kind {text} NOT NULL,
    member_id {id},
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    used_at {time}
) {strict_rowless};
