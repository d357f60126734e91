-- Invites, groups and what a member sets.

-- `treasury_role` is given when a member joins, from the role; after that only an owner changes it.
ALTER TABLE memberships ADD COLUMN treasury_role {text} NOT NULL DEFAULT 'reader';
ALTER TABLE memberships ADD COLUMN revision {int} NOT NULL DEFAULT 1;
ALTER TABLE memberships ADD COLUMN last_seen_at {time};
UPDATE memberships SET treasury_role = CASE role
    WHEN 'owner' THEN 'owner' WHEN 'approver' THEN 'approver' WHEN 'viewer' THEN 'reader' ELSE 'analyst' END;

-- The PIN for approving payments, and where a member wants to be told what.
ALTER TABLE members ADD COLUMN pin_hash {text};
ALTER TABLE members ADD COLUMN notification_rules {json};

ALTER TABLE tokens ADD COLUMN revision {int} NOT NULL DEFAULT 1;
ALTER TABLE keys ADD COLUMN agent_ids {json};
ALTER TABLE workspaces ADD COLUMN deleted_at {time};

-- `hash` is that of the text in the link. An invite that was accepted stays for the list.
CREATE TABLE invites (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    hash {bytes} NOT NULL UNIQUE,
    email {text} NOT NULL,
    role {text} NOT NULL,
    treasury_role {text} NOT NULL,
    revision {int} NOT NULL,
    created_by {id},
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    accepted_at {time},
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

-- Named lists of members. `folded` is the name in lower case.
CREATE TABLE member_groups (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    folded {text} NOT NULL,
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

CREATE UNIQUE INDEX member_groups_name ON member_groups (workspace_id, folded);

CREATE TABLE group_members (
    workspace_id {id} NOT NULL,
    group_id {id} NOT NULL,
    member_id {id} NOT NULL,
    PRIMARY KEY (workspace_id, group_id, member_id)
) {strict_rowless};

CREATE INDEX group_members_member ON group_members (workspace_id, member_id);

-- What signs the callbacks of agents, sealed. The older ones sign along until their end.
CREATE TABLE callback_secrets (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    sealed {bytes} NOT NULL,
    created_at {time} NOT NULL,
    ends_at {time},
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

-- Failed sign-ins of one account from one address, by a digest of both.
CREATE TABLE sign_in_failures (
    pair {id} NOT NULL PRIMARY KEY,
    failures {int} NOT NULL,
    last_at {time} NOT NULL
) {strict_rowless};
