CREATE TABLE password_resets (
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    token_hash {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    used_from TEXT,
    PRIMARY KEY (id),
    UNIQUE (token_hash),
    FOREIGN KEY (user_id) REFERENCES users (id)
){clustered};
CREATE INDEX password_resets_by_user_created ON password_resets (user_id, created_at);

CREATE TABLE password_reset_requests (
    id {uuid} NOT NULL,
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id)
){clustered};

CREATE TABLE mail_secrets (
    id {uuid} NOT NULL,
    sealed_secret {bytes} NOT NULL,
    sealing_key TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (id) REFERENCES outgoing_mails (id)
){clustered};

CREATE TABLE throttles (
    bucket {bytes} NOT NULL,
    failures INTEGER NOT NULL,
    counted_at BIGINT NOT NULL,
    free_at BIGINT NOT NULL,
    PRIMARY KEY (bucket)
){clustered};
CREATE INDEX throttles_by_counted ON throttles (counted_at);

CREATE TABLE throttled_attempts (
    minute BIGINT NOT NULL,
    address TEXT NOT NULL,
    user_id {uuid} NOT NULL,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (minute, address, user_id)
){clustered};
CREATE INDEX throttled_attempts_by_user_minute ON throttled_attempts (user_id, minute);
