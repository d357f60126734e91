-- Conversations with agents: threads, their messages, the exchanges that make them and what happened inside each. All of it is live or
-- test. Ids grow with time.

-- `alias` is the id by which the agent API knows it: a caller's own, or one that was made. `arrivals` counts the exchanges that came in,
-- which gives their order; `last_seq` is that of the newest message. `summary` stands for the messages up to `summary_seq`.
CREATE TABLE threads (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    id {id} NOT NULL,
    agent_id {id} NOT NULL,
    alias {text} NOT NULL,
    state {text} NOT NULL,
    channel {text} NOT NULL,
    title {text},
    metadata {json} NOT NULL,
    note {text},
    summary {text},
    summary_seq {int} NOT NULL,
    arrivals {int} NOT NULL,
    last_seq {int} NOT NULL,
    message_count {int} NOT NULL,
    last_message_at {time},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    deleted_at {time},
    PRIMARY KEY (workspace_id, mode, id)
) {strict_rowless};

-- A deleted thread leaves its alias to a new one.
CREATE UNIQUE INDEX threads_alias ON threads (workspace_id, mode, agent_id, alias) WHERE deleted_at IS NULL;
CREATE INDEX threads_of_agent ON threads (workspace_id, mode, agent_id, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX threads_recent ON threads (workspace_id, mode, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX threads_human ON threads (workspace_id, mode, updated_at) WHERE state = 'human' AND deleted_at IS NULL;

-- `content` is a JSON text or list of parts, as on the wire of agents. `is_hidden` marks messages of an exchange that came to nothing.
CREATE TABLE thread_messages (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    thread_id {id} NOT NULL,
    seq {int} NOT NULL,
    id {id} NOT NULL,
    exchange_id {id},
    role {text} NOT NULL,
    content {json} NOT NULL,
    author {text},
    is_hidden {bool} NOT NULL,
    rating {text},
    rating_comment {text},
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, thread_id, seq)
) {strict_rowless};

CREATE UNIQUE INDEX thread_messages_id ON thread_messages (workspace_id, id);

-- One exchange: accepted, performed, stored and charged once. `owner` is the process that runs it, `epoch` counts how often it was taken:
-- what is written with an older one is void. `config` is there when something unsaved was tried. `request` holds what came in, `answer`
-- what the envelope says beside the columns.
CREATE TABLE exchanges (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    id {id} NOT NULL,
    agent_id {id} NOT NULL,
    thread_id {id} NOT NULL,
    alias {text} NOT NULL,
    arrival {int} NOT NULL,
    state {text} NOT NULL,
    owner {id},
    epoch {int} NOT NULL,
    is_background {bool} NOT NULL,
    channel {text} NOT NULL,
    key {text},
    request_id {id} NOT NULL,
    started_by {json} NOT NULL,
    depth {int} NOT NULL,
    config_version {int} NOT NULL,
    config {json},
    request {json} NOT NULL,
    callback_url {text},
    held {int} NOT NULL,
    code {int},
    finish_reason {text},
    error {text},
    answer {json},
    model {text},
    input_tokens {int} NOT NULL,
    output_tokens {int} NOT NULL,
    tool_calls {int} NOT NULL,
    credits {int} NOT NULL,
    last_seq {int} NOT NULL,
    cancel_asked {bool} NOT NULL,
    accepted_at {time} NOT NULL,
    started_at {time},
    finished_at {time},
    PRIMARY KEY (workspace_id, mode, id)
) {strict_rowless};

CREATE UNIQUE INDEX exchanges_key ON exchanges (workspace_id, mode, key) WHERE key IS NOT NULL;
CREATE INDEX exchanges_open ON exchanges (thread_id, arrival) WHERE finished_at IS NULL;
CREATE INDEX exchanges_held ON exchanges (workspace_id, mode, agent_id) WHERE finished_at IS NULL;
CREATE INDEX exchanges_of_agent ON exchanges (workspace_id, mode, agent_id, accepted_at);
CREATE INDEX exchanges_of_thread ON exchanges (workspace_id, thread_id, arrival);

-- What happened inside: calls of the model and of tools, checks. It is the journal as well: a reply of the model stands here before its
-- tools are called, and their results before the model is asked again.
CREATE TABLE exchange_spans (
    workspace_id {id} NOT NULL,
    exchange_id {id} NOT NULL,
    round {int} NOT NULL,
    ordinal {int} NOT NULL,
    kind {text} NOT NULL,
    name {text} NOT NULL,
    status {text} NOT NULL,
    call_id {text},
    input {json},
    output {json},
    error {text},
    model {text},
    input_tokens {int} NOT NULL,
    output_tokens {int} NOT NULL,
    started_at {time} NOT NULL,
    finished_at {time},
    PRIMARY KEY (workspace_id, exchange_id, round, ordinal)
) {strict_rowless};
