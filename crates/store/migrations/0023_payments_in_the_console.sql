-- What the console reads of payments and events, and what people say about them.

-- Runs of one state in the order of ids, for the list over all products.
CREATE INDEX payment_runs_status ON payment_runs (workspace_id, mode, status, id);

-- The stream of events of a workspace and mode, in the order of visibility; on SQLite that is the order of numbers.
{postgres_only}DROP INDEX events_workspace;
{postgres_only}CREATE INDEX events_workspace ON events (workspace_id, mode, commit_group, position);
CREATE UNIQUE INDEX events_id ON events (id);

-- A second person may also say no; then somebody may propose anew. `comment` is the second person's word.
ALTER TABLE payout_resolutions ADD COLUMN rejected_by {id};
ALTER TABLE payout_resolutions ADD COLUMN rejected_name {text};
ALTER TABLE payout_resolutions ADD COLUMN rejected_at {time};
ALTER TABLE payout_resolutions ADD COLUMN comment {text};
CREATE INDEX payout_resolutions_age ON payout_resolutions (workspace_id, mode, proposed_at);
CREATE INDEX payout_resolutions_open ON payout_resolutions (workspace_id, mode, proposed_at)
    WHERE confirmed_by IS NULL AND rejected_by IS NULL;
