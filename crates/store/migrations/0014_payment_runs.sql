-- Payment runs: what is to be paid, who approved it, how far it has come. All amounts are whole kobo, all scores ten-thousandths.

-- How many runs a workspace and mode has, by the state that is shown; `runs` is also the number of the newest one. Runs are never
-- deleted, so that a page of all runs is found by number.
CREATE TABLE payment_run_totals (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    runs {int} NOT NULL,
    pending {int} NOT NULL CHECK (pending >= 0),
    planning {int} NOT NULL CHECK (planning >= 0),
    scoring {int} NOT NULL CHECK (scoring >= 0),
    awaiting_approval {int} NOT NULL CHECK (awaiting_approval >= 0),
    completed {int} NOT NULL CHECK (completed >= 0),
    failed {int} NOT NULL CHECK (failed >= 0),
    PRIMARY KEY (workspace_id, mode)
) {strict_rowless};

-- A payment run. `status` is the inner state, `shown` the one that the public API shows. `version` counts changes of what is to be
-- paid: an approval counts for one version. `plan` is what the planner reads beside the candidates, `rules` the approval rules as they
-- were when the run came to approval, `content_hash` a digest of the candidates at that time. `creator` is the member who made the run,
-- or who made the key that did. `approved_count` counts preselected candidates before the release and released ones after it.
CREATE TABLE payment_runs (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    id {id} NOT NULL,
    seq {int} NOT NULL,
    objective {text} NOT NULL,
    risk_tolerance {int} NOT NULL,
    budget_cap {int},
    date_from {text},
    date_to {text},
    status {text} NOT NULL,
    shown {text} NOT NULL,
    version {int} NOT NULL,
    plan {json} NOT NULL,
    candidate_count {int} NOT NULL CHECK (candidate_count >= 0),
    last_candidate {int} NOT NULL,
    total_amount {int} NOT NULL,
    approved_count {int} NOT NULL,
    rejected_count {int} NOT NULL,
    approvals_required {int},
    rules {json},
    content_hash {bytes},
    error {text},
    created_by_kind {text} NOT NULL,
    created_by {id},
    created_by_name {text} NOT NULL,
    creator {id},
    retry_of {id},
    schedule_id {id},
    last_event {int} NOT NULL,
    released_amount {int},
    released_at {time},
    requested_at {time},
    finished_at {time},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, id)
) {strict_rowless};

CREATE UNIQUE INDEX payment_runs_order ON payment_runs (workspace_id, mode, seq);
CREATE INDEX payment_runs_shown ON payment_runs (workspace_id, mode, shown, seq);
CREATE INDEX payment_runs_released ON payment_runs (workspace_id, mode, released_at, released_amount) WHERE released_at IS NOT NULL;

-- A payment that a run proposes, numbered from 1 in its run. It keeps its own copy of the payee. `risk_reasons` are
-- the rules that spoke. `retried_by` is the run that pays it again.
CREATE TABLE payment_candidates (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    run_id {id} NOT NULL,
    seq {int} NOT NULL,
    id {id} NOT NULL,
    beneficiary_name {text} NOT NULL,
    account_number {text} NOT NULL,
    institution_code {text} NOT NULL,
    amount {int} NOT NULL CHECK (amount > 0),
    purpose {text},
    beneficiary_email {text},
    recipient_id {id},
    risk_score {int},
    risk_decision {text},
    risk_factors {json},
    risk_reasons {json},
    lookup_status {text} NOT NULL,
    lookup_name {text},
    name_match {int},
    lookup_at {time},
    approval_status {text} NOT NULL,
    decision_reason {text},
    decided_by {text},
    execution_status {text} NOT NULL,
    failure_reason {text},
    reference {text},
    retry_of {id},
    retried_by {id},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, run_id, seq)
) {strict_rowless};

CREATE UNIQUE INDEX payment_candidates_id ON payment_candidates (workspace_id, mode, id);

-- An approval of one version of a run. One person gives one, itself or by a key of its own; `selection_hash` is a digest of what was chosen.
CREATE TABLE payment_approvals (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    run_id {id} NOT NULL,
    person {id} NOT NULL,
    id {id} NOT NULL,
    key_id {id},
    role {text} NOT NULL,
    name {text} NOT NULL,
    version {int} NOT NULL,
    selection_hash {bytes} NOT NULL,
    candidates {int} NOT NULL,
    amount {int} NOT NULL,
    notes {text},
    override_reason {text},
    at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, run_id, person)
) {strict_rowless};

-- What happened in a run, numbered from 1, for whoever watches it.
CREATE TABLE payment_run_events (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    run_id {id} NOT NULL,
    seq {int} NOT NULL,
    type {text} NOT NULL,
    data {json} NOT NULL,
    at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, run_id, seq)
) {strict_rowless};

-- Files whose candidates were added to a run, by the digest of their bytes.
CREATE TABLE payment_run_files (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    run_id {id} NOT NULL,
    hash {bytes} NOT NULL,
    times {int} NOT NULL,
    at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, run_id, hash)
) {strict_rowless};

-- Runs that begin by themselves: once at `next_at`, or by a pattern in a zone. `request` is the body of the run.
CREATE TABLE scheduled_runs (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    cron {text},
    zone {text} NOT NULL,
    request {json} NOT NULL,
    is_active {bool} NOT NULL,
    next_at {time},
    last_at {time},
    last_run_id {id},
    runs {int} NOT NULL,
    created_by {id},
    created_by_name {text} NOT NULL,
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, id)
) {strict_rowless};
