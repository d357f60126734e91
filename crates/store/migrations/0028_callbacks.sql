-- Answers of agents that go to the address which came with the call. One delivery for each exchange; its event holds the body.
CREATE TABLE webhook_callbacks (
    workspace_id {id} NOT NULL,
    delivery_id {id} NOT NULL,
    mode {text} NOT NULL,
    agent_id {id} NOT NULL,
    exchange_id {id} NOT NULL,
    thread {text},
    request_id {id} NOT NULL,
    url {text} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, delivery_id)
) {strict_rowless};

CREATE UNIQUE INDEX webhook_callbacks_exchange ON webhook_callbacks (workspace_id, exchange_id);
-- Ids are in the order of time: what is old is removed along it.
CREATE INDEX webhook_callbacks_age ON webhook_callbacks (delivery_id);
