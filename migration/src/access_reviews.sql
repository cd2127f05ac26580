-- Campaigns that come again by themselves.
CREATE TABLE access_review_schedules (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    role_id {uuid},
    channel_id {uuid},
    policy TEXT NOT NULL,
    every_months INTEGER NOT NULL,
    -- The local day of the first one; the others are on that day of the month, or on its last.
    first_on TEXT NOT NULL,
    days INTEGER NOT NULL,
    created_by {uuid} NOT NULL,
    created_at BIGINT NOT NULL,
    ended_by {uuid},
    ended_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, ended_by) REFERENCES members (workspace_id, id)
){clustered};
CREATE TABLE access_review_schedule_reviewers (
    workspace_id {uuid} NOT NULL,
    schedule_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, schedule_id, member_id),
    FOREIGN KEY (workspace_id, schedule_id) REFERENCES access_review_schedules (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};
-- A campaign: what is asked, by when, and what no answer means.
CREATE TABLE access_reviews (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    role_id {uuid},
    channel_id {uuid},
    -- What role or channel was called.
    scope_name TEXT,
    policy TEXT NOT NULL,
    schedule_id {uuid},
    -- The local day it was due on, by which nobody else makes it.
    scheduled_for TEXT,
    started_by {uuid},
    started_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    -- The reminder that went out last: when it was due.
    reminded_at BIGINT,
    -- Decisions are taken no more, and are being carried out.
    closing_at BIGINT,
    closed_by {uuid},
    closed_at BIGINT,
    -- SHA-256 of the document's content; an activity tells it, which the chain seals.
    digest {bytes},
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, schedule_id, scheduled_for),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY (workspace_id, schedule_id) REFERENCES access_review_schedules (workspace_id, id),
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, started_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, closed_by) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX access_reviews_not_closed ON access_reviews (workspace_id, ends_at) WHERE closed_at IS NULL;
CREATE TABLE access_review_reviewers (
    workspace_id {uuid} NOT NULL,
    review_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, review_id, member_id),
    FOREIGN KEY (workspace_id, review_id) REFERENCES access_reviews (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX access_review_reviewers_by_member ON access_review_reviewers (workspace_id, member_id);
-- One thing that somebody holds, as it was at the start, what was decided about it, and what came of that.
CREATE TABLE access_review_items (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    review_id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    member_id {uuid},
    api_key_id {uuid},
    -- The grant of a member or key, or the eligibility; none for a place in a team.
    title_id {uuid},
    team_id {uuid},
    -- Who is asked; none: nobody of the reviewers may be.
    reviewer_id {uuid},
    snapshot TEXT NOT NULL,
    decision TEXT,
    decision_reason TEXT,
    amendment TEXT,
    decided_by {uuid},
    decided_at BIGINT,
    -- What was known when it was decided, or at the end when it was not.
    evidence TEXT,
    outcome TEXT,
    outcome_at BIGINT,
    refusal TEXT,
    PRIMARY KEY (workspace_id, review_id, id),
    FOREIGN KEY (workspace_id, review_id) REFERENCES access_reviews (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, api_key_id) REFERENCES api_keys (workspace_id, id),
    FOREIGN KEY (workspace_id, reviewer_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, decided_by) REFERENCES members (workspace_id, id)
){clustered};
-- What the people in a closed review were called: may be erased; the hash, which the document's digest covers, stays.
CREATE TABLE access_review_people (
    workspace_id {uuid} NOT NULL,
    review_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    hash {bytes} NOT NULL,
    salt {bytes},
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    PRIMARY KEY (workspace_id, review_id, member_id),
    FOREIGN KEY (workspace_id, review_id) REFERENCES access_reviews (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};
