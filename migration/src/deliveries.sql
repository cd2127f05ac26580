ALTER TABLE webhook_deliveries ADD COLUMN progress INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhook_deliveries ADD COLUMN item_count INTEGER;
ALTER TABLE webhook_deliveries ADD COLUMN channel_id {uuid};
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (workspace_id, id) WHERE status = 'dead';

ALTER TABLE messages ADD COLUMN source TEXT NOT NULL DEFAULT 'live';
ALTER TABLE messages ADD COLUMN delivery_id {uuid};
ALTER TABLE message_statuses ADD COLUMN delivery_id {uuid};
ALTER TABLE episodes ADD COLUMN called_at BIGINT;
CREATE INDEX events_by_message ON events (workspace_id, message_id) WHERE message_id IS NOT NULL;

CREATE TABLE webhook_sightings (
    workspace_id {uuid} NOT NULL,
    fingerprint {bytes} NOT NULL,
    delivery_id {uuid} NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, fingerprint, delivery_id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};
CREATE INDEX webhook_sightings_by_seen ON webhook_sightings (seen_at);

CREATE TABLE foreign_items (
    workspace_id {uuid} NOT NULL,
    delivery_id {uuid} NOT NULL,
    number TEXT NOT NULL,
    account TEXT NOT NULL,
    count INTEGER NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, delivery_id, number, account),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};
CREATE INDEX foreign_items_by_received ON foreign_items (received_at);
