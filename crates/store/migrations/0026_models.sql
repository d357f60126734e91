-- Providers of models and the models that are configured, for both modes. What the server itself provides, and what its environment
-- names, is in no table.

-- `headers` holds names and values sealed together; `header_names` is what may be shown of them. `tail` is what may be shown of the key.
CREATE TABLE model_providers (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    kind {text} NOT NULL,
    base_url {text} NOT NULL,
    api_key {bytes},
    tail {text},
    headers {bytes},
    header_names {json} NOT NULL,
    timeout_ms {int} NOT NULL,
    max_concurrency {int} NOT NULL,
    last_error {text},
    last_tested_at {time},
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, name)
) {strict_rowless};

-- Agents and steps name a model by its name.
CREATE TABLE models (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    provider_id {id} NOT NULL,
    upstream_model {text} NOT NULL,
    kind {text} NOT NULL,
    context_tokens {int} NOT NULL,
    max_output_tokens {int} NOT NULL,
    supports {json} NOT NULL,
    price {json} NOT NULL,
    enabled {bool} NOT NULL,
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, name)
) {strict_rowless};

CREATE INDEX models_of_provider ON models (workspace_id, provider_id, upstream_model);

-- The default model of each kind, while it is not the built-in one.
CREATE TABLE model_defaults (
    workspace_id {id} NOT NULL,
    kind {text} NOT NULL,
    model_id {id} NOT NULL,
    PRIMARY KEY (workspace_id, kind)
) {strict_rowless};
