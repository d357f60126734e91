-- The audit chain, credits, the request log, and sums over what was used.

-- An audit entry is sealed after its act: `seq` is its place in the chain of its workspace, `prev_hash` the hash of the entry before
-- it, `hash` its own. Entries that are sealed together stand in the order of `commit_group`, then of `id`.
ALTER TABLE audit_entries ADD COLUMN commit_group {commit_group};
ALTER TABLE audit_entries ADD COLUMN prev_hash {bytes};
ALTER TABLE audit_entries ADD COLUMN hash {bytes};

CREATE UNIQUE INDEX audit_entries_chain ON audit_entries (workspace_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_entries_target ON audit_entries (workspace_id, target_id, id) WHERE target_id IS NOT NULL;
CREATE INDEX audit_entries_run ON audit_entries (workspace_id, run_id, id) WHERE run_id IS NOT NULL;
CREATE INDEX audit_entries_request ON audit_entries (workspace_id, request_id) WHERE request_id IS NOT NULL;

-- The end of each chain: what the next entry is sealed onto. `head_seq` and `head_at` tell the last signed head.
CREATE TABLE audit_chains (
    workspace_id {id} NOT NULL PRIMARY KEY,
    seq {int} NOT NULL,
    hash {bytes} NOT NULL,
    head_seq {int} NOT NULL,
    head_at {time} NOT NULL
) {strict_rowless};

CREATE INDEX audit_chains_headless ON audit_chains (head_at) WHERE seq > head_seq;

-- Signed heads: a copy kept elsewhere shows a chain that was cut or written anew.
CREATE TABLE audit_heads (
    workspace_id {id} NOT NULL,
    seq {int} NOT NULL,
    hash {bytes} NOT NULL,
    at {time} NOT NULL,
    public_key {bytes} NOT NULL,
    signature {bytes} NOT NULL,
    PRIMARY KEY (workspace_id, seq)
) {strict_rowless};

-- What a new workspace starts with, in thousandths of a credit.
CREATE TABLE credit_openings (
    mode {text} NOT NULL PRIMARY KEY,
    amount {int} NOT NULL
) {strict_rowless};

INSERT INTO credit_openings (mode, amount) VALUES ('live', 1000000);
INSERT INTO credit_openings (mode, amount) VALUES ('test', 100000000);

-- One ledger of credits a workspace and mode, in thousandths. `balance` is the sum of its entries, `held` the sum of its holds,
-- `seq` the number of its last entry. `month` counts months and `day` days since the year 0 and 1970; what was used counts for these.
CREATE TABLE credit_accounts (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    balance {int} NOT NULL CHECK (balance >= 0),
    held {int} NOT NULL CHECK (held >= 0),
    seq {int} NOT NULL,
    refill_below {int},
    refill_to {int},
    low_at {int},
    monthly_limit {int},
    month {int} NOT NULL,
    month_used {int} NOT NULL,
    day {int} NOT NULL,
    day_used {int} NOT NULL,
    revision {int} NOT NULL,
    PRIMARY KEY (workspace_id, mode)
) {strict_rowless};

CREATE TABLE credit_entries (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    seq {int} NOT NULL,
    id {id} NOT NULL,
    at {time} NOT NULL,
    amount {int} NOT NULL,
    balance_after {int} NOT NULL CHECK (balance_after >= 0),
    reason {text} NOT NULL,
    product {text},
    run_id {id},
    step_id {text},
    agent_id {id},
    model {text},
    calls {int} NOT NULL,
    input_tokens {int} NOT NULL,
    output_tokens {int} NOT NULL,
    reference {text},
    PRIMARY KEY (workspace_id, mode, seq)
) {strict_rowless};

CREATE UNIQUE INDEX credit_entries_reference ON credit_entries (workspace_id, mode, reference) WHERE reference IS NOT NULL;
CREATE INDEX credit_entries_run ON credit_entries (workspace_id, run_id) WHERE run_id IS NOT NULL;

-- Credits put aside for calls that are under way. A hold whose caller ended is given back when its time is over.
CREATE TABLE credit_holds (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    reference {text} NOT NULL,
    amount {int} NOT NULL,
    expires_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, reference)
) {strict_rowless};

CREATE INDEX credit_holds_expiry ON credit_holds (expires_at);

-- Requests of the last days. `id` is the request's id, which holds its time: old ones are removed by ranges of ids.
CREATE TABLE requests (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    at {time} NOT NULL,
    key_id {id},
    token_id {id},
    member_id {id},
    surface {text} NOT NULL,
    mode {text} NOT NULL,
    method {text} NOT NULL,
    path {text} NOT NULL,
    status {int} NOT NULL,
    error_code {text},
    duration_ms {int} NOT NULL,
    ip {text} NOT NULL,
    idempotency_key {text},
    run_id {id},
    detail {json} NOT NULL,
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

-- Sums by UTC day (counted from 1970) and by what used something; a text is empty where it does not apply.
CREATE TABLE usage_totals (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    day {int} NOT NULL,
    product {text} NOT NULL,
    key {text} NOT NULL,
    model {text} NOT NULL,
    agent {text} NOT NULL,
    flow {text} NOT NULL,
    requests {int} NOT NULL,
    runs {int} NOT NULL,
    errors {int} NOT NULL,
    credits {int} NOT NULL,
    input_tokens {int} NOT NULL,
    output_tokens {int} NOT NULL,
    PRIMARY KEY (workspace_id, mode, day, product, key, model, agent, flow)
) {strict_rowless};

-- Up to which run the runs of a workspace are in the sums, and those of them that were not over when they were counted: whether
-- they fail is still to come.
CREATE TABLE usage_marks (
    workspace_id {id} NOT NULL PRIMARY KEY,
    last_run {id} NOT NULL
) {strict_rowless};

CREATE TABLE usage_open (
    workspace_id {id} NOT NULL,
    run_id {id} NOT NULL,
    mode {text} NOT NULL,
    day {int} NOT NULL,
    flow_id {id} NOT NULL,
    PRIMARY KEY (workspace_id, run_id)
) {strict_rowless};
