-- Where else, and with what else, a member's session was used than it was opened from: a row for each network and kind of device,
-- with an address and the program as they were first. Of what is as it was opened there is none. Odd is what shows another kind
-- of device, or another country (by its code) than the one it was opened in.
CREATE TABLE session_uses (
    workspace_id {uuid} NOT NULL,
    session_id {uuid} NOT NULL,
    network TEXT NOT NULL,
    device TEXT NOT NULL,
    member_id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    other_device BOOLEAN NOT NULL,
    other_country TEXT NOT NULL,
    PRIMARY KEY (workspace_id, session_id, network, device),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};
-- Telephones change networks all day: looked at is only what is odd.
CREATE INDEX session_uses_odd ON session_uses (workspace_id, last_at) WHERE other_device OR other_country <> '';
CREATE INDEX session_uses_odd_by_network ON session_uses (workspace_id, network, first_at) WHERE other_device OR other_country <> '';
CREATE INDEX session_uses_odd_by_user ON session_uses (workspace_id, user_id, first_at) WHERE other_device OR other_country <> '';
