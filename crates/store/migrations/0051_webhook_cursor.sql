-- An old sweep could remove every event, and with 0050 SQLite then counted positions from 1 again, while the cursor of webhooks stood behind
-- them. What the table holds is unread in that case (docs/adr/0052).
{sqlite_only}UPDATE webhook_cursor SET position = 0 WHERE position > (SELECT coalesce(max(position), 0) FROM events);
