-- What was paid to an account before, in the index alone: scoring ten thousand candidates reads a million payouts.
CREATE INDEX payout_orders_history ON payout_orders (workspace_id, mode, account_number, institution_code, beneficiary_name, state,
    settled_at, created_at, amount);
