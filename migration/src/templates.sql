-- What Meta last told of all of a template's parts; how it came to be here.
ALTER TABLE templates ADD COLUMN definition TEXT;
ALTER TABLE templates ADD COLUMN definition_at BIGINT;
CREATE INDEX templates_by_name ON templates (workspace_id, waba_id, name, language);
-- What somebody wrote: never changed, only approved, sent, and followed by another.
CREATE TABLE template_versions (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    template_id {uuid} NOT NULL,
    number INTEGER NOT NULL,
    definition TEXT NOT NULL,
    author_id {uuid},
    author_key_id {uuid},
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    requested_by {uuid},
    requested_by_key {uuid},
    requested_at BIGINT,
    decided_by {uuid},
    decided_at BIGINT,
    reason TEXT,
    alone BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, template_id, number),
    FOREIGN KEY (workspace_id, template_id) REFERENCES templates (workspace_id, id),
    FOREIGN KEY (workspace_id, author_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, author_key_id) REFERENCES api_keys (workspace_id, id),
    FOREIGN KEY (workspace_id, requested_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, requested_by_key) REFERENCES api_keys (workspace_id, id),
    FOREIGN KEY (workspace_id, decided_by) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX template_versions_requested ON template_versions (workspace_id, template_id) WHERE state = 'requested';
CREATE INDEX template_versions_alone ON template_versions (workspace_id, decided_at) WHERE alone;
-- What is to be done with a template at Meta, and what came of it.
CREATE TABLE template_submissions (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    template_id {uuid} NOT NULL,
    version_id {uuid},
    waba_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    began_at BIGINT,
    ended_at BIGINT,
    error_code BIGINT,
    error TEXT,
    requested_by {uuid},
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, template_id) REFERENCES templates (workspace_id, id),
    FOREIGN KEY (workspace_id, version_id) REFERENCES template_versions (workspace_id, id),
    FOREIGN KEY (workspace_id, requested_by) REFERENCES members (workspace_id, id)
){clustered};
CREATE UNIQUE INDEX template_submissions_open ON template_submissions (workspace_id, template_id) WHERE ended_at IS NULL;
CREATE INDEX template_submissions_due ON template_submissions (due_at) WHERE ended_at IS NULL;
CREATE INDEX template_submissions_rate ON template_submissions (waba_id, operation, began_at);
CREATE INDEX template_submissions_by_template ON template_submissions (workspace_id, template_id, id);
-- Which template to send in the place of one that may not be sent.
CREATE TABLE template_alternatives (
    workspace_id {uuid} NOT NULL,
    template_id {uuid} NOT NULL,
    alternative_id {uuid} NOT NULL,
    set_by {uuid},
    set_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, template_id),
    FOREIGN KEY (workspace_id, template_id) REFERENCES templates (workspace_id, id),
    FOREIGN KEY (workspace_id, alternative_id) REFERENCES templates (workspace_id, id),
    FOREIGN KEY (workspace_id, set_by) REFERENCES members (workspace_id, id)
){clustered};
-- From which numbers a template may be sent; without a row, from all of its account.
CREATE TABLE template_channels (
    workspace_id {uuid} NOT NULL,
    template_id {uuid} NOT NULL,
    channel_id {uuid} NOT NULL,
    set_by {uuid},
    set_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, template_id, channel_id),
    FOREIGN KEY (workspace_id, template_id) REFERENCES templates (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, set_by) REFERENCES members (workspace_id, id)
){clustered};
-- When the templates of an account are read from Meta next, and how it went last.
CREATE TABLE template_syncs (
    workspace_id {uuid} NOT NULL,
    waba_id TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    began_at BIGINT,
    finished_at BIGINT,
    templates INTEGER,
    error TEXT,
    PRIMARY KEY (workspace_id, waba_id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};
CREATE INDEX template_syncs_due ON template_syncs (due_at);
