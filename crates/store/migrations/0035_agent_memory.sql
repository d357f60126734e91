-- What agents remember of the people who talk to them, and what is told of answers while they are made.

-- One text a person and agent, under the caller's own id for the person.
CREATE TABLE agent_memory (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    agent_id {id} NOT NULL,
    user_id {text} NOT NULL,
    working_memory {text} NOT NULL,
    metadata {json} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, agent_id, user_id)
) {strict_rowless};

CREATE INDEX agent_memory_recent ON agent_memory (workspace_id, mode, agent_id, created_at, user_id);

-- Threads of an agent in the order in which they began.
CREATE INDEX threads_begun ON threads (workspace_id, mode, agent_id, id) WHERE deleted_at IS NULL;

-- Exchanges whose answer is followed piece by piece. `told_at` is when somebody first saw the end.
CREATE TABLE exchange_streams (
    workspace_id {id} NOT NULL,
    exchange_id {id} NOT NULL,
    thread_id {id} NOT NULL,
    created_at {time} NOT NULL,
    told_at {time},
    PRIMARY KEY (workspace_id, exchange_id)
) {strict_rowless};

CREATE INDEX exchange_streams_thread ON exchange_streams (workspace_id, thread_id, created_at);

-- The pieces themselves: `first` numbers the first event of a row from 1 in its exchange, `events` is a list of them.
CREATE TABLE exchange_pieces (
    workspace_id {id} NOT NULL,
    exchange_id {id} NOT NULL,
    first {int} NOT NULL,
    events {json} NOT NULL,
    PRIMARY KEY (workspace_id, exchange_id, first)
) {strict_rowless};
