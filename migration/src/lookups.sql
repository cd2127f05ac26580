CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_fresh ON webhook_deliveries (next_attempt_at, id) WHERE status = 'pending' AND attempts = 0;
CREATE INDEX messages_by_reply ON messages (channel_id, reply_to_whatsapp_id) WHERE reply_to_whatsapp_id IS NOT NULL;
DROP INDEX webhook_deliveries_by_status_nexttempt;
DROP INDEX messages_acting_on;
DROP INDEX messages_reacting;
