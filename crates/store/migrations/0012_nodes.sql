-- Nodes that share one database. SQLite is opened by one process alone and has none.

-- A node that is alive, for as long as its row is here. What it writes as the owner of runs is written only while the row is: taking the
-- row away is what ends it, whether the process has noticed or not. `lock_key` is the number of the session lock that the process holds,
-- by which others see at once that it was killed; a process that only stands still loses its row at `lease_until`, by the database's clock.
CREATE TABLE nodes (
    id {id} NOT NULL PRIMARY KEY,
    role {text} NOT NULL,
    lock_key {int} NOT NULL,
    started_at {time} NOT NULL,
    lease_until {time} NOT NULL
) {strict_rowless};

-- Nodes that were ended, until nothing is owned by them any more.
CREATE TABLE ended_nodes (
    id {id} NOT NULL PRIMARY KEY,
    ended_at {time} NOT NULL
) {strict_rowless};

-- Which node moves a run; null while it waits and when it is over, and for one that has yet to be taken up.
ALTER TABLE runs ADD COLUMN node_id {id};
{postgres_only}CREATE INDEX runs_unowned ON runs (id) WHERE node_id IS NULL AND status IN ('queued', 'running');
CREATE INDEX runs_of_node ON runs (node_id, id) WHERE node_id IS NOT NULL;

-- Which node has claimed a job.
ALTER TABLE jobs ADD COLUMN node_id {id};

-- Which node works on the first request with a key.
ALTER TABLE replies ADD COLUMN node_id {id};

-- What one node asks of another: something for a run that the other one moves, or, with no `to_node`, for any node that moves runs.
CREATE TABLE node_mail (
    id {id} NOT NULL PRIMARY KEY,
    from_node {id} NOT NULL,
    to_node {id},
    workspace_id {id} NOT NULL,
    run_id {id} NOT NULL,
    letter {json} NOT NULL,
    created_at {time} NOT NULL,
    taken_by {id},
    answer {json}
) {strict_rowless};

CREATE INDEX node_mail_waiting ON node_mail (id) WHERE taken_by IS NULL;
