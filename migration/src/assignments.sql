-- Of an event by which a conversation went from one to another. Who had it before is was_assignee_id.
ALTER TABLE events ADD COLUMN assignee_id {uuid};
ALTER TABLE events ADD COLUMN cause TEXT;
ALTER TABLE events ADD COLUMN choice TEXT;
ALTER TABLE events ADD COLUMN by_member_id {uuid};
ALTER TABLE events ADD COLUMN by_api_key_id {uuid};
