-- The number from which an agent sends WhatsApp templates; configuration, so shared by both modes. The token is sealed.
CREATE TABLE whatsapp_connections (
    workspace_id {id} NOT NULL,
    agent_id {id} NOT NULL,
    id {id} NOT NULL,
    phone_number_id {text} NOT NULL,
    token {bytes} NOT NULL,
    token_tail {text},
    business_account_id {text},
    display_phone_number {text},
    status {text} NOT NULL,
    last_error {text},
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, agent_id)
) {strict_rowless};
