-- Operation: backups of the whole server, and facts about the installation.

-- Backups, which are files in the backup folder. They hold every workspace, so they belong to none.
CREATE TABLE backups (
    id {id} NOT NULL PRIMARY KEY,
    kind {text} NOT NULL,
    status {text} NOT NULL,
    with_key {bool} NOT NULL,
    bytes {int},
    sha256 {text},
    schema_version {int},
    problem {text},
    created_by {id},
    created_at {time} NOT NULL,
    finished_at {time},
    verified_at {time}
) {strict_rowless};

-- Facts about the whole installation, by name: the fingerprint of its key, the backup schedule, the last check.
CREATE TABLE server_facts (
    name {text} NOT NULL PRIMARY KEY,
    value {json} NOT NULL,
    revision {int} NOT NULL,
    changed_at {time} NOT NULL
) {strict_rowless};
