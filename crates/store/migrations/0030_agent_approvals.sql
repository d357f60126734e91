-- What waits for a person because of an agent, as items of the inbox. `agent_tool`: a call of a tool that needs approval stopped its
-- exchange (`exchange_id`), and goes on in another one when the last call that waits there is answered. `agent_handoff`: a thread is in
-- the hands of a person. `started_by` names the credential of whoever talked to the agent, `requester` who that is.
CREATE TABLE agent_items (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    mode {text} NOT NULL,
    kind {text} NOT NULL,
    agent_id {id} NOT NULL,
    agent_name {text} NOT NULL,
    thread_id {id} NOT NULL,
    alias {text} NOT NULL,
    exchange_id {id},
    call_id {text},
    call_key {text},
    tool {text},
    arguments {json},
    note {text},
    content_hash {text} NOT NULL,
    started_by {text} NOT NULL,
    requester {json} NOT NULL,
    status {text} NOT NULL,
    decision {text},
    comment {text},
    answered_by {json},
    answered_at {time},
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

CREATE INDEX agent_items_status ON agent_items (workspace_id, status, id);
CREATE INDEX agent_items_thread ON agent_items (workspace_id, thread_id, status);
-- A call that is asked for again, after a crash, is the same item.
CREATE UNIQUE INDEX agent_items_call ON agent_items (workspace_id, exchange_id, call_id) WHERE exchange_id IS NOT NULL;
CREATE UNIQUE INDEX agent_items_handoff ON agent_items (workspace_id, thread_id) WHERE kind = 'agent_handoff' AND status = 'open';
