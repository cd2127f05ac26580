-- Contacts that were found to be one person. What was merged stays, with nothing hanging on it, and says into what. No
-- reference from a column that is added: what was merged into stays in the table.
ALTER TABLE contacts ADD COLUMN merged_into_id {uuid};
ALTER TABLE conversations ADD COLUMN merged_into_id {uuid};
CREATE INDEX contacts_merged ON contacts (workspace_id, merged_into_id) WHERE merged_into_id IS NOT NULL;
CREATE INDEX conversations_merged ON conversations (workspace_id, merged_into_id) WHERE merged_into_id IS NOT NULL;

CREATE TABLE contact_merges (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    into_id {uuid} NOT NULL,
    contact_id {uuid} NOT NULL,
    reason TEXT,
    merged_by {uuid},
    merged_at BIGINT NOT NULL,
    undone_by {uuid},
    undone_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, into_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, merged_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, undone_by) REFERENCES members (workspace_id, id)
){clustered};
CREATE UNIQUE INDEX contact_merges_standing ON contact_merges (workspace_id, contact_id) WHERE undone_at IS NULL;
CREATE INDEX contact_merges_by_into ON contact_merges (workspace_id, into_id, id);

-- What a merge moved or changed, and what it was before: enough to take it back.
CREATE TABLE contact_merge_parts (
    workspace_id {uuid} NOT NULL,
    merge_id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    part_id {uuid} NOT NULL,
    from_id {uuid} NOT NULL,
    before TEXT,
    PRIMARY KEY (workspace_id, merge_id, kind, part_id, from_id),
    FOREIGN KEY (workspace_id, merge_id) REFERENCES contact_merges (workspace_id, id)
){clustered};
