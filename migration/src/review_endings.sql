-- Why a review was called off; none: it was not.
ALTER TABLE access_reviews ADD COLUMN cancellation_reason TEXT;
-- The grant that had taken the place of the one that was asked about.
ALTER TABLE access_review_items ADD COLUMN successor_id {uuid};
-- Who gave the key the secret that it has, when that is not who made it.
ALTER TABLE api_keys ADD COLUMN rotated_by {uuid};
