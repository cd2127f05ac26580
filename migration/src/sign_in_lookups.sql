CREATE INDEX sign_in_events_succeeded ON sign_in_events (user_id, "at", address, workspace_id, outcome) WHERE outcome = 'succeeded';
CREATE INDEX sessions_open ON sessions (workspace_id, expires_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_vouched ON sessions (member_id, created_at) WHERE authentication_method = 'single_sign_on';
