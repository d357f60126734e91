-- Fonts and media of apps. Bytes are kept once a workspace, under their SHA-256, however often they are uploaded.

CREATE TABLE placement_blobs (
    workspace_id {id} NOT NULL,
    sha256 {bytes} NOT NULL,
    mime_type {text} NOT NULL,
    size {int} NOT NULL CHECK (size > 0),
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, sha256)
) {strict_rowless};

-- The bytes, in pieces of a bounded size.
CREATE TABLE placement_blob_chunks (
    workspace_id {id} NOT NULL,
    sha256 {bytes} NOT NULL,
    position {int} NOT NULL,
    bytes {bytes} NOT NULL,
    PRIMARY KEY (workspace_id, sha256, position)
) {strict};

-- Font files of an app; at most one for each family, weight and style.
CREATE TABLE placement_fonts (
    workspace_id {id} NOT NULL,
    app_id {id} NOT NULL,
    id {id} NOT NULL,
    family {text} NOT NULL,
    weight {int} NOT NULL CHECK (weight BETWEEN 100 AND 900),
    style {text} NOT NULL,
    sha256 {bytes} NOT NULL,
    size {int} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, app_id, id)
) {strict_rowless};

CREATE UNIQUE INDEX placement_fonts_face ON placement_fonts (workspace_id, app_id, family, weight, style);
CREATE INDEX placement_fonts_bytes ON placement_fonts (workspace_id, sha256);

-- Pictures and animations of an app. Ids are ordered by time, so that the key gives the newest ones.
CREATE TABLE placement_media (
    workspace_id {id} NOT NULL,
    app_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    kind {text} NOT NULL,
    sha256 {bytes} NOT NULL,
    size {int} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, app_id, id)
) {strict_rowless};

CREATE UNIQUE INDEX placement_media_file ON placement_media (workspace_id, app_id, sha256);
CREATE INDEX placement_media_bytes ON placement_media (workspace_id, sha256);
