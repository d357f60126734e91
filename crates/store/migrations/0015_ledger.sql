-- Money: wallets, the double entry ledger, transactions, payout orders, funding. All amounts are whole kobo.

-- One wallet a workspace and mode: the balances of its five accounts, and the last numbers given to its lines, transfers and
-- transactions. Every act on money changes this row first, so that acts on one wallet follow each other on both databases.
-- `last_at` never goes back: lines and transactions of a wallet are in the order of their instants.
CREATE TABLE wallets (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    available {int} NOT NULL CHECK (available >= 0),
    reserved {int} NOT NULL CHECK (reserved >= 0),
    paid_out {int} NOT NULL CHECK (paid_out >= 0),
    fees {int} NOT NULL CHECK (fees >= 0),
    outside {int} NOT NULL,
    available_lines {int} NOT NULL,
    reserved_lines {int} NOT NULL,
    paid_out_lines {int} NOT NULL,
    fees_lines {int} NOT NULL,
    outside_lines {int} NOT NULL,
    transfers {int} NOT NULL,
    transactions {int} NOT NULL,
    pending {int} NOT NULL,
    succeeded {int} NOT NULL,
    failed {int} NOT NULL,
    day {int} NOT NULL,
    day_transactions {int} NOT NULL,
    last_at {time} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode),
    CHECK (available + reserved + paid_out + fees + outside = 0)
) {strict_rowless};

-- The lines of the ledger: numbered from 1 in each account, never changed. The lines of one `transfer` sum to 0.
CREATE TABLE postings (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    account {text} NOT NULL,
    seq {int} NOT NULL,
    transfer {int} NOT NULL,
    kind {text} NOT NULL,
    amount {int} NOT NULL CHECK (amount <> 0),
    balance_after {int} NOT NULL,
    reference {text},
    run_id {id},
    at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, account, seq)
) {strict_rowless};

CREATE INDEX postings_kind ON postings (workspace_id, mode, kind, seq) WHERE account = 'available';

-- Payouts as they are shown, numbered from 1 in each wallet. A debit has a payout order of the same number; a credit is money that came
-- back, `debit_seq` says for which debit.
CREATE TABLE payout_transactions (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    seq {int} NOT NULL,
    id {id} NOT NULL,
    run_id {id} NOT NULL,
    reference {text} NOT NULL,
    amount {int} NOT NULL CHECK (amount > 0),
    direction {text} NOT NULL,
    status {text} NOT NULL,
    debit_seq {int},
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, seq)
) {strict_rowless};

-- Only what is ordered within a wallet begins with the wallet: another index that does would tempt a planner without statistics away from
-- the primary key.
CREATE UNIQUE INDEX payout_transactions_id ON payout_transactions (id);
CREATE UNIQUE INDEX payout_transactions_reference ON payout_transactions (reference, workspace_id, mode);
CREATE UNIQUE INDEX payout_transactions_debit ON payout_transactions (debit_seq, workspace_id, mode) WHERE debit_seq IS NOT NULL;
CREATE INDEX payout_transactions_run ON payout_transactions (run_id, workspace_id, mode, seq);
CREATE INDEX payout_transactions_status ON payout_transactions (workspace_id, mode, status, seq);

-- What is sent for a debit, and how far that went. `state` is `ready`, then `sent` before anything leaves, then `success`, `failed`,
-- `followup` or `reversed`. `next_at` is when something is to be done about it; null when nothing is.
CREATE TABLE payout_orders (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    seq {int} NOT NULL,
    run_id {id} NOT NULL,
    candidate_id {id} NOT NULL,
    reference {text} NOT NULL,
    rail {text} NOT NULL,
    rail_reference {text} NOT NULL,
    beneficiary_name {text} NOT NULL,
    account_number {text} NOT NULL,
    institution_code {text} NOT NULL,
    bank_name {text},
    purpose {text},
    amount {int} NOT NULL CHECK (amount > 0),
    fee {int} NOT NULL CHECK (fee >= 0),
    state {text} NOT NULL,
    account_check {text} NOT NULL,
    checked_at {time},
    checks {int} NOT NULL,
    questions {int} NOT NULL,
    not_found_at {time},
    response_code {text},
    reason {text},
    created_at {time} NOT NULL,
    sent_at {time},
    settled_at {time},
    next_at {time},
    PRIMARY KEY (workspace_id, mode, seq)
) {strict_rowless};

CREATE UNIQUE INDEX payout_orders_rail_reference ON payout_orders (rail_reference);
CREATE UNIQUE INDEX payout_orders_candidate ON payout_orders (candidate_id);
CREATE INDEX payout_orders_account ON payout_orders (account_number, workspace_id, mode, seq);

-- What a person proposed for an order that has no answer; another person confirms it.
CREATE TABLE payout_resolutions (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    seq {int} NOT NULL,
    outcome {text} NOT NULL,
    evidence {text} NOT NULL,
    proposed_by {id} NOT NULL,
    proposed_name {text} NOT NULL,
    proposed_at {time} NOT NULL,
    confirmed_by {id},
    confirmed_name {text},
    confirmed_at {time},
    PRIMARY KEY (workspace_id, mode, seq)
) {strict_rowless};

-- A released run: its orders have the numbers `first_seq` to `last_seq`. `open` counts those that are neither settled nor handed to
-- follow-up; at 0 the run is over.
CREATE TABLE payout_runs (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    run_id {id} NOT NULL,
    objective {text} NOT NULL,
    rail {text} NOT NULL,
    first_seq {int} NOT NULL,
    last_seq {int} NOT NULL,
    amount {int} NOT NULL,
    fee {int} NOT NULL,
    open {int} NOT NULL CHECK (open >= 0),
    succeeded {int} NOT NULL,
    failed {int} NOT NULL,
    followup {int} NOT NULL CHECK (followup >= 0),
    reversed {int} NOT NULL,
    paid {int} NOT NULL,
    fees_paid {int} NOT NULL,
    checks_done {int} NOT NULL,
    checks_failed {int} NOT NULL,
    tripped {bool} NOT NULL,
    looks {int} NOT NULL,
    looked_to {time},
    released_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, run_id)
) {strict_rowless};

-- Account numbers to which a wallet is funded.
CREATE TABLE virtual_accounts (
    account_number {text} NOT NULL PRIMARY KEY,
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    bank_name {text} NOT NULL,
    account_name {text} NOT NULL,
    created_at {time} NOT NULL,
    UNIQUE (workspace_id, mode)
) {strict_rowless};

-- What providers told about money that came in: each reference of a provider once, also for accounts that nobody has.
CREATE TABLE funding_notices (
    provider {text} NOT NULL,
    reference {text} NOT NULL,
    account_number {text} NOT NULL,
    amount {int} NOT NULL CHECK (amount > 0),
    sender_name {text},
    body {text} NOT NULL,
    workspace_id {id},
    mode {text},
    received_at {time} NOT NULL,
    PRIMARY KEY (provider, reference)
) {strict_rowless};

CREATE INDEX funding_notices_unmatched ON funding_notices (received_at) WHERE workspace_id IS NULL;

-- Money that an owner entered by hand: each reference once.
CREATE TABLE wallet_topups (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    reference {text} NOT NULL,
    amount {int} NOT NULL CHECK (amount > 0),
    description {text},
    at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, reference)
) {strict_rowless};

-- The books of the simulated bank: what it was sent, how often, and how often it was asked. `returned_at` is when money went back.
CREATE TABLE simulated_payments (
    rail_reference {text} NOT NULL PRIMARY KEY,
    run_id {id} NOT NULL,
    account_number {text} NOT NULL,
    institution_code {text} NOT NULL,
    amount {int} NOT NULL,
    sends {int} NOT NULL,
    questions {int} NOT NULL,
    sent_at {time} NOT NULL,
    returned_at {time}
) {strict_rowless};

CREATE INDEX simulated_payments_returns ON simulated_payments (run_id, rail_reference) WHERE account_number = '9600000000';
