CREATE INDEX sign_in_events_by_network_at ON sign_in_events (network, "at");
DROP INDEX sign_in_events_by_address_at;
DROP INDEX sign_in_events_succeeded;
CREATE INDEX sign_in_events_succeeded ON sign_in_events (user_id, "at", network, address, workspace_id, outcome) WHERE outcome = 'succeeded';
