-- Runs in test mode, which are few: how many runs are live is how many there are without these.
CREATE INDEX runs_test ON runs (workspace_id, flow_id, id) WHERE mode = 'test';
