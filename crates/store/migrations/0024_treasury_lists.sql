-- The treasury's view of the audit chain by action, newest first. The product is in the index too, so that SQLite need not look at the rows.
CREATE INDEX audit_entries_action ON audit_entries (workspace_id, mode, product, action, id) WHERE product = 'treasury';

-- Whom an organisation pays, by name, with everything that a search looks at.
DROP INDEX recipients_order;
CREATE INDEX recipients_order ON recipients (workspace_id, mode, sort_key, id, account_number);
