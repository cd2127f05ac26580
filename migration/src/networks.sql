-- The network of an address: of IPv6 the 64 bits that one connection has, of IPv4 the address itself.
ALTER TABLE sign_in_events ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN network TEXT NOT NULL DEFAULT '';
-- Whether a session was opened out of one in another workspace, without anything being proved anew.
ALTER TABLE sessions ADD COLUMN carried_over BOOLEAN NOT NULL DEFAULT FALSE;
