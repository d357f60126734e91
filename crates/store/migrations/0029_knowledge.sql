-- What agents and flows search: knowledge bases, their documents, and the chunks that were made of these.

-- A base belongs to the workspace and holds for live and test alike. `embedding_model` is what people chose, `index_model` is what the
-- visible chunks were made with: they differ until a reindex is whole. `index_revision` counts the changes of what a search can find.
CREATE TABLE knowledge_bases (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    external_id {text},
    name {text} NOT NULL,
    description {text},
    embedding_model {text} NOT NULL,
    index_model {text} NOT NULL,
    dimensions {int} CHECK (dimensions > 0),
    chunk_size {int} NOT NULL CHECK (chunk_size > 0),
    chunk_overlap {int} NOT NULL CHECK (chunk_overlap >= 0 AND chunk_overlap < chunk_size),
    index_revision {int} NOT NULL,
    reindex_job {id},
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

CREATE UNIQUE INDEX knowledge_bases_external ON knowledge_bases (workspace_id, external_id) WHERE external_id IS NOT NULL;

-- Its chunks of `generation` are what a search sees, 0 for none. `building` is the last generation that was begun, `staged` one that is
-- whole and waits until the reindex of its base is. `waiting_since` is set until the work on it has ended; `is_working` while it has a job;
-- `reindex_job` is what people who asked for the work look at.
CREATE TABLE knowledge_documents (
    workspace_id {id} NOT NULL,
    base_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    kind {text} NOT NULL,
    url {text},
    bytes {int} NOT NULL CHECK (bytes >= 0),
    sha256 {bytes} NOT NULL,
    metadata {json} NOT NULL,
    status {text} NOT NULL CHECK (status IN ('queued', 'extracting', 'chunking', 'embedding', 'ready', 'failed')),
    progress {int} NOT NULL CHECK (progress BETWEEN 0 AND 100),
    error_code {text},
    error_message {text},
    waiting_since {time},
    is_working {bool} NOT NULL,
    reindex_job {id},
    generation {int} NOT NULL,
    building {int} NOT NULL,
    staged {int} NOT NULL,
    chunks {int} NOT NULL,
    staged_chunks {int} NOT NULL,
    index_revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, base_id, id)
) {strict};

CREATE UNIQUE INDEX knowledge_documents_content ON knowledge_documents (workspace_id, base_id, sha256);
CREATE INDEX knowledge_documents_open ON knowledge_documents (workspace_id, base_id, waiting_since, id) WHERE waiting_since IS NOT NULL;

-- The file of a document as it came, in pieces of a bounded size.
CREATE TABLE knowledge_files (
    workspace_id {id} NOT NULL,
    document_id {id} NOT NULL,
    position {int} NOT NULL,
    bytes {bytes} NOT NULL,
    PRIMARY KEY (workspace_id, document_id, position)
) {strict};

-- What is searched. `words` are the words of the text as a search compares them, `embedding` is a unit vector of little-endian 32-bit floats.
CREATE TABLE knowledge_chunks (
    number {serial},
    workspace_id {id} NOT NULL,
    base_id {id} NOT NULL,
    document_id {id} NOT NULL,
    generation {int} NOT NULL,
    position {int} NOT NULL,
    id {id} NOT NULL,
    text {text} NOT NULL,
    words {text} NOT NULL,
    metadata {json} NOT NULL,
    embedding {bytes} NOT NULL
) {strict};

CREATE UNIQUE INDEX knowledge_chunks_place ON knowledge_chunks (workspace_id, base_id, document_id, generation, position);

-- Full text. On SQLite a table beside the chunks that triggers keep, with the base as 32 hex digits; on PostgreSQL a column.
{sqlite_only}CREATE VIRTUAL TABLE knowledge_words USING fts5(base, words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0');
{sqlite_only}CREATE TRIGGER knowledge_words_add AFTER INSERT ON knowledge_chunks BEGIN INSERT INTO knowledge_words (rowid, base, words) VALUES (new.number, lower(hex(new.base_id)), new.words); END;
{sqlite_only}CREATE TRIGGER knowledge_words_remove AFTER DELETE ON knowledge_chunks BEGIN DELETE FROM knowledge_words WHERE rowid = old.number; END;
{postgres_only}ALTER TABLE knowledge_chunks ADD COLUMN word_vector tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, words)) STORED;
{postgres_only}CREATE INDEX knowledge_chunks_words ON knowledge_chunks USING gin (word_vector);
