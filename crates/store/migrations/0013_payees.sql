-- Whom an organisation pays, and what it sets about paying. Amounts are whole kobo, scores ten-thousandths. Settings, approval rules and
-- the blocklist hold for live and test alike; recipients belong to one of them.

-- `folded` is the name in lower case, which is searched; `sort_key` its bytes, which both databases order alike. `id` grows with time.
CREATE TABLE recipients (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    folded {text} NOT NULL,
    sort_key {bytes} NOT NULL,
    account_number {text} NOT NULL,
    institution_code {text} NOT NULL,
    bank_name {text},
    narration_note {text},
    tags {json} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, id)
) {strict_rowless};

CREATE INDEX recipients_order ON recipients (workspace_id, mode, sort_key, id);
CREATE INDEX recipients_account ON recipients (workspace_id, mode, account_number);

-- How many recipients a workspace and mode has.
CREATE TABLE recipient_totals (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    recipients {int} NOT NULL CHECK (recipients >= 0),
    PRIMARY KEY (workspace_id, mode)
) {strict_rowless};

-- What an organisation set; without a row the defaults hold. A limit that is null is none. `fee` is the tariff.
CREATE TABLE treasury_settings (
    workspace_id {id} NOT NULL PRIMARY KEY,
    default_risk_tolerance {int} NOT NULL,
    single_payout_cap {int},
    daily_payout_limit {int},
    monthly_payout_limit {int},
    low_balance_alert {int},
    allow_key_approvals {bool} NOT NULL,
    strict_check_digit {bool} NOT NULL,
    fee {json} NOT NULL,
    revision {int} NOT NULL,
    updated_at {time} NOT NULL
) {strict_rowless};

-- How many people a release takes. `threshold` is kobo for `amount_above`, ten-thousandths for `risk_score_above`, null for `always`.
-- `approver_roles` lists the roles that count; an empty list is all that can approve.
CREATE TABLE approval_rules (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    condition_type {text} NOT NULL,
    threshold {int},
    required_approvers {int} NOT NULL CHECK (required_approvers >= 1),
    approver_roles {json} NOT NULL,
    is_active {bool} NOT NULL,
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

-- Whom nobody pays. `match_key` is what is compared: the digits of an account, the words of a name, the institution behind a code.
CREATE TABLE blocklist_entries (
    workspace_id {id} NOT NULL,
    id {id} NOT NULL,
    kind {text} NOT NULL,
    value {text} NOT NULL,
    match_key {text} NOT NULL,
    reason {text},
    created_by {id},
    created_by_name {text} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, id)
) {strict_rowless};

CREATE UNIQUE INDEX blocklist_entries_match ON blocklist_entries (workspace_id, kind, match_key);

-- The treasury's view of the audit chain, newest first. The product is in the index too, so that SQLite need not look at the rows.
CREATE INDEX audit_entries_treasury ON audit_entries (workspace_id, mode, product, id) WHERE product = 'treasury';

-- How many sealed entries of the treasury a workspace and mode has; those that are not sealed yet are few, and counted.
CREATE TABLE treasury_audit_totals (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    sealed {int} NOT NULL,
    PRIMARY KEY (workspace_id, mode)
) {strict_rowless};
