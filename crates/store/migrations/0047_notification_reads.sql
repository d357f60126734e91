-- Up to when a member has read what it was told in a workspace.
CREATE TABLE notification_reads (
    workspace_id {id} NOT NULL,
    member_id {id} NOT NULL,
    read_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, member_id)
) {strict_rowless};
