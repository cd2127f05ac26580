CREATE TABLE second_factors (
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    sealed_secret {bytes} NOT NULL,
    sealing_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_step BIGINT,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (id)
){clustered};
CREATE UNIQUE INDEX second_factors_in_use ON second_factors (user_id) WHERE confirmed_at IS NOT NULL;
CREATE UNIQUE INDEX second_factors_pending ON second_factors (user_id) WHERE confirmed_at IS NULL;
