-- Agents: their configuration, which holds for live and test alike, every version of it, and what happened to them, which belongs to
-- one mode.

-- `config` is the configuration without its secrets, in whose places stands "***"; `secrets` are those, sealed together. `folded` is name and
-- description in lower case. A deleted agent keeps its row until what it did is forgotten.
CREATE TABLE agents (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    folded {text} NOT NULL,
    status {text} NOT NULL,
    model {text},
    config {json} NOT NULL,
    secrets {bytes},
    config_version {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    deleted_at {time},
    PRIMARY KEY (workspace_id, id)
) {strict};

-- Every configuration that an agent had, numbered from 1.
CREATE TABLE agent_versions (
    workspace_id {id} NOT NULL,
    agent_id {id} NOT NULL,
    number {int} NOT NULL,
    config {json} NOT NULL,
    secrets {bytes},
    action {text} NOT NULL,
    actor_type {text} NOT NULL,
    actor_name {text} NOT NULL,
    at {time} NOT NULL,
    PRIMARY KEY (workspace_id, agent_id, number)
) {strict};

-- What happened, one row each; ids grow with time. `used_credits` is in thousandths. `detail` holds facts that have no column.
CREATE TABLE agent_activity (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    agent_id {id} NOT NULL,
    id {id} NOT NULL,
    type {text} NOT NULL,
    status {text} NOT NULL,
    thread {text},
    request_id {id},
    exchange_id {id},
    channel {text},
    model {text},
    execution_ms {int},
    used_credits {int} NOT NULL,
    input_tokens {int} NOT NULL,
    output_tokens {int} NOT NULL,
    tool {text},
    error {text},
    detail {json},
    at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, agent_id, id)
) {strict_rowless};

CREATE INDEX agent_activity_time ON agent_activity (workspace_id, mode, agent_id, at);
CREATE INDEX agent_activity_thread ON agent_activity (workspace_id, mode, agent_id, thread, id) WHERE thread IS NOT NULL;

-- The people whom agents write to, by the number of their telephone.
CREATE TABLE agent_contacts (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    phone {text} NOT NULL,
    id {id} NOT NULL,
    name {text},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, phone)
) {strict_rowless};

-- What agents used is read from the ledger, by agent and day.
CREATE INDEX credit_entries_agent ON credit_entries (workspace_id, mode, agent_id, at) WHERE agent_id IS NOT NULL;
