-- How many customers' phone numbers each person and key was shown on a day of UTC.
CREATE TABLE phone_reveal_days (
    workspace_id {uuid} NOT NULL,
    principal TEXT NOT NULL,
    day BIGINT NOT NULL,
    contacts BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, principal, day),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};
CREATE INDEX phone_reveal_days_by_day ON phone_reveal_days (workspace_id, day, contacts);
INSERT INTO phone_reveal_days (workspace_id, principal, day, contacts, first_at, last_at)
SELECT workspace_id, principal, day, COUNT(*), day * 86400000000, day * 86400000000 FROM phone_reveals
GROUP BY workspace_id, principal, day;

-- From which networks each key is used: an address of each, and the program, as they were first.
CREATE TABLE api_key_networks (
    workspace_id {uuid} NOT NULL,
    api_key_id {uuid} NOT NULL,
    network TEXT NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, api_key_id, network),
    FOREIGN KEY (workspace_id, api_key_id) REFERENCES api_keys (workspace_id, id)
){clustered};
CREATE INDEX api_key_networks_by_first ON api_key_networks (workspace_id, first_seen_at);

-- Few among many, that are asked for by themselves.
CREATE INDEX activities_of_exports ON activities (workspace_id, "at") WHERE action IN ('activity.exported', 'contact.exported', 'conversation.exported');
CREATE INDEX activities_of_erasures ON activities (workspace_id, id) WHERE action = 'activity.details_erased';
