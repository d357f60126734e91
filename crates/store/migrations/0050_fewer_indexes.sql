-- Indexes that nothing reads or that another one serves as well, and what made the busiest ones dear (docs/adr/0052).

-- Nobody takes events by a mark on each: readers remember how far they are. SQLite numbers events without a table of its own for that,
-- since the newest one is never removed; PostgreSQL finds them by the order in which they became visible.
{sqlite_only}CREATE TABLE events_kept (position INTEGER NOT NULL PRIMARY KEY, commit_group {commit_group}, id {id} NOT NULL, workspace_id {id} NOT NULL, mode {text} NOT NULL, type {text} NOT NULL, subject_id {id}, data {json} NOT NULL, created_at {time} NOT NULL) {strict};
{sqlite_only}INSERT INTO events_kept SELECT position, commit_group, id, workspace_id, mode, type, subject_id, data, created_at FROM events;
{sqlite_only}DROP TABLE events;
{sqlite_only}ALTER TABLE events_kept RENAME TO events;
{sqlite_only}CREATE INDEX events_workspace ON events (workspace_id, mode, position);
{sqlite_only}CREATE UNIQUE INDEX events_id ON events (id);
{postgres_only}ALTER TABLE events DROP COLUMN dispatched;
{postgres_only}ALTER TABLE events DROP CONSTRAINT events_pkey;
{postgres_only}DROP INDEX events_order;
{postgres_only}ALTER TABLE events ADD PRIMARY KEY (commit_group, position);

-- SQLite makes a temporary table for a list of three in the condition of an index, at every write of a run; it makes none for these words.
DROP INDEX runs_status;
DROP INDEX runs_flow_status;
CREATE INDEX runs_status ON runs (workspace_id, status, id) WHERE status = 'waiting' OR status = 'failed' OR status = 'cancelled';
CREATE INDEX runs_flow_status ON runs (workspace_id, flow_id, status, id) WHERE status = 'waiting' OR status = 'failed' OR status = 'cancelled';

-- One process has a SQLite file; runs there have no node.
{sqlite_only}DROP INDEX runs_of_node;

-- Open exchanges of an agent and of a thread, in one.
DROP INDEX exchanges_held;
DROP INDEX exchanges_open;
CREATE INDEX exchanges_open ON exchanges (agent_id, thread_id, arrival) WHERE finished_at IS NULL;

-- There are never many open holds: the sweep reads all of them.
DROP INDEX credit_holds_expiry;
