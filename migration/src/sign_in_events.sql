CREATE TABLE sign_in_events_anew (
    id {uuid} NOT NULL,
    "at" BIGINT NOT NULL,
    user_id {uuid},
    workspace_id {uuid},
    email TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ({outcomes})),
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (id)
){clustered};
INSERT INTO sign_in_events_anew SELECT id, "at", user_id, workspace_id, email, outcome, address, user_agent FROM sign_in_events;
DROP TABLE sign_in_events;
ALTER TABLE sign_in_events_anew RENAME TO sign_in_events;
CREATE INDEX sign_in_events_by_user_at ON sign_in_events (user_id, "at");
CREATE INDEX sign_in_events_by_address_at ON sign_in_events (address, "at");
CREATE INDEX sign_in_events_by_at ON sign_in_events ("at");
