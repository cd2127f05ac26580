-- The grant as which what this one gave goes on: it was changed, its role was replaced, or less was found to do. None: it does not.
ALTER TABLE grants ADD COLUMN successor_id {uuid};
