-- How many sessions were open at once within a day is asked by when they were opened.
CREATE INDEX sessions_by_creation ON sessions (workspace_id, created_at);
