-- What an activity tells that may have to be erased, covered by a salted hash in the activity; the chain of seals over
-- the activities; and the phone numbers that somebody has been shown today.

ALTER TABLE activities ADD COLUMN details_hash {bytes};

CREATE TABLE activity_details (
    workspace_id {uuid} NOT NULL,
    activity_id {uuid} NOT NULL,
    salt {bytes} NOT NULL,
    "before" TEXT,
    "after" TEXT,
    address TEXT,
    PRIMARY KEY (workspace_id, activity_id),
    FOREIGN KEY (workspace_id, activity_id) REFERENCES activities (workspace_id, id)
){clustered};

CREATE TABLE activity_queue (
    workspace_id {uuid} NOT NULL,
    activity_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, activity_id)
){clustered};
INSERT INTO activity_queue (workspace_id, activity_id) SELECT workspace_id, id FROM activities;

CREATE TABLE activity_seals (
    workspace_id {uuid} NOT NULL,
    sequence BIGINT NOT NULL,
    activity_id {uuid} NOT NULL,
    mac {bytes} NOT NULL,
    sealing_key TEXT NOT NULL,
    PRIMARY KEY (workspace_id, sequence),
    UNIQUE (workspace_id, activity_id)
){clustered};

CREATE TABLE activity_chains (
    workspace_id {uuid} NOT NULL,
    sequence BIGINT NOT NULL,
    mac {bytes} NOT NULL,
    sealing_key TEXT NOT NULL,
    PRIMARY KEY (workspace_id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};

CREATE TABLE phone_reveals (
    workspace_id {uuid} NOT NULL,
    principal TEXT NOT NULL,
    day BIGINT NOT NULL,
    contact_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, principal, day, contact_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id)
){clustered};
