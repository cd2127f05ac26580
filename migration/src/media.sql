-- Files of messages. Those that Meta keeps are fetched; those that are handed in wait to be sent.
CREATE TABLE media_files (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    origin TEXT NOT NULL,
    channel_id {uuid},
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    meta_id TEXT,
    mime_type TEXT,
    filename TEXT,
    sha256 TEXT,
    detected_type TEXT,
    animated BOOLEAN NOT NULL,
    bytes BIGINT,
    digest TEXT,
    storage_key TEXT,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    leased_until BIGINT,
    expires_at BIGINT NOT NULL,
    uploader_id {uuid},
    uploader_key_id {uuid},
    created_at BIGINT NOT NULL,
    stored_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, uploader_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, uploader_key_id) REFERENCES api_keys (workspace_id, id)
){clustered};
CREATE INDEX media_files_due ON media_files (next_attempt_at) WHERE state IN ('wanted', 'scanning');
CREATE INDEX media_files_uploads ON media_files (expires_at) WHERE origin = 'upload';
CREATE INDEX media_files_by_uploader ON media_files (workspace_id, uploader_id) WHERE origin = 'upload';
CREATE INDEX media_files_by_key ON media_files (workspace_id, uploader_key_id) WHERE origin = 'upload';
-- Which message carries which.
CREATE TABLE message_files (
    workspace_id {uuid} NOT NULL,
    message_id {uuid} NOT NULL,
    media_file_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, message_id),
    FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id),
    FOREIGN KEY (workspace_id, media_file_id) REFERENCES media_files (workspace_id, id)
){clustered};
CREATE INDEX message_files_by_file ON message_files (workspace_id, media_file_id);
-- What Meta calls a file that was handed to it, for a number. One process hands it in while the others wait.
CREATE TABLE media_handles (
    workspace_id {uuid} NOT NULL,
    media_file_id {uuid} NOT NULL,
    channel_id {uuid} NOT NULL,
    meta_id TEXT,
    expires_at BIGINT,
    leased_until BIGINT,
    PRIMARY KEY (workspace_id, media_file_id, channel_id),
    FOREIGN KEY (workspace_id, media_file_id) REFERENCES media_files (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id)
){clustered};
-- Names in the store whose bytes are to go: nobody refers to them any more.
CREATE TABLE media_removals (
    storage_key TEXT NOT NULL PRIMARY KEY,
    next_attempt_at BIGINT NOT NULL
);
