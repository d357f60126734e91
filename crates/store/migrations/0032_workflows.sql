-- Workflows: automations whose definition is a graph. They are flows with another language; this is what they have beside.

-- `engine` is the language, `activity` whether a workflow may be started; a flow of steps may be, as soon as it is published.
ALTER TABLE flows ADD COLUMN engine {text} NOT NULL DEFAULT 'flow';
ALTER TABLE flows ADD COLUMN activity {text} NOT NULL DEFAULT 'active';

CREATE INDEX flows_listed ON flows (workspace_id, created_at, id) WHERE deleted_at IS NULL;

-- What was found out about a version of a workflow when it was written: its text as it came in (a document), what validation said,
-- how many of that are errors, and what it takes.
CREATE TABLE workflow_versions (
    workspace_id {id} NOT NULL,
    flow_id {id} NOT NULL,
    version {int} NOT NULL,
    original_hash {bytes} NOT NULL,
    problems {json} NOT NULL,
    errors {int} NOT NULL,
    inputs {json},
    input_schema {json} NOT NULL,
    PRIMARY KEY (workspace_id, flow_id, version)
) {strict_rowless};

-- Ids that were given when something was brought in and are no ids of ours: they are shown and taken everywhere instead.
CREATE TABLE workflow_aliases (
    workspace_id {id} NOT NULL,
    kind {text} NOT NULL,
    alias {text} NOT NULL,
    id {id} NOT NULL,
    PRIMARY KEY (workspace_id, kind, alias)
) {strict_rowless};

CREATE UNIQUE INDEX workflow_aliases_id ON workflow_aliases (workspace_id, kind, id);

-- What a run of a workflow was given and what it came to, written when it ends, so that lists need not read its journal.
CREATE TABLE run_results (
    workspace_id {id} NOT NULL,
    run_id {id} NOT NULL,
    inputs {json} NOT NULL,
    outputs {json},
    PRIMARY KEY (workspace_id, run_id)
) {strict_rowless};
