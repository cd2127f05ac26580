-- Of which budget a notice was: `critical`, `high` or `others`.
ALTER TABLE notices ADD COLUMN budget TEXT NOT NULL DEFAULT 'others';
UPDATE notices SET budget = 'critical' WHERE is_urgent;
ALTER TABLE notices DROP COLUMN is_urgent;

-- Mails that wait, by how long they have.
CREATE INDEX outgoing_mails_waiting ON outgoing_mails (created_at) WHERE status = 'queued';
