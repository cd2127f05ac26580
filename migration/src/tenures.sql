-- Since when a role has been held without a break by grants of which one took the place of the other; null: since valid_from.
ALTER TABLE grants ADD COLUMN held_since BIGINT;
