//! Starting access reviews, having them come again, closing them, and taking their document along.

use async_graphql::{Context, Enum, ID, InputObject};
use portaria_domain::access_review::{self, Form, NewReview, NewSchedule};
use portaria_domain::language::Language;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_domain::workspace;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::access_review::{AccessReview, AccessReviewPolicy, AccessReviewScopeInput};
use crate::graphql::access_review_schedule::{AccessReviewRecurrence, AccessReviewSchedule};
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::graphql::time::DateTime;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct AccessReviewMutation;

impl Subject for AccessReviewMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// What a review asks about, whom, and until when.
#[derive(InputObject)]
pub struct StartAccessReviewInput {
    /// What it is called, in at most 100 characters.
    name: String,
    /// What it asks about.
    scope: AccessReviewScopeInput,
    /// Who decides (`mem_...`): 1 to 50 members who hold `access_review:decide`. Nobody decides about themselves, nor about
    /// who holds more than they do.
    reviewer_ids: Vec<ID>,
    /// Until when; with `REVOKE` at least a day from now.
    ends_at: DateTime,
    /// What it means that nobody answers. `REVOKE` takes who holds all that an administrator holds.
    policy: AccessReviewPolicy,
}

payload! {
    /// What came of starting an access review.
    StartAccessReviewPayload [authenticated] {
        /// The new review; null when it was refused.
        access_review: AccessReview
    }
    StartAccessReviewUserError, StartAccessReviewErrorCode {
        /// A name is needed.
        NameMissing = NameMissing at "name",
        /// The name is too long.
        TextTooLong = TextTooLong at "name",
        /// It takes 1 to 50 reviewers.
        ReviewersMissing = ReviewersMissing at "reviewerIds",
        /// One of them does not hold `access_review:decide`.
        NotAReviewer = NotAReviewer at "reviewerIds",
        /// It would end before it begins, or with `REVOKE` within a day.
        InvalidPeriod = InvalidPeriod at "endsAt",
        /// The viewer does not hold all that an administrator holds.
        HoldsMore = HoldsMore at "policy",
        /// Nobody holds anything of that kind.
        NothingToReview = NothingToReview at "scope",
        /// 20 reviews run already: close or call off some first.
        TooMany = TooMany,
    }
}

/// What reviews ask about, whom, and how often.
#[derive(InputObject)]
pub struct ScheduleAccessReviewInput {
    /// What they are called, in at most 100 characters.
    name: String,
    /// What they ask about.
    scope: AccessReviewScopeInput,
    /// Who decides (`mem_...`): 1 to 50 members who hold `access_review:decide`.
    reviewer_ids: Vec<ID>,
    /// What it means that nobody answers. `REVOKE` takes who holds all that an administrator holds.
    policy: AccessReviewPolicy,
    /// How often.
    recurrence: AccessReviewRecurrence,
    /// The day of the first one in the workspace's time zone, such as `2026-03-31`, within ten years; tomorrow if not said. The others are on that day of the
    /// month, or on its last.
    first_on: Option<String>,
    /// How many days there are to decide, from 1 to 90 and less than until the next one.
    days: i32,
}

payload! {
    /// What came of having an access review come again.
    ScheduleAccessReviewPayload [authenticated] {
        /// The new schedule; null when it was refused.
        schedule: AccessReviewSchedule
    }
    ScheduleAccessReviewUserError, ScheduleAccessReviewErrorCode {
        /// A name is needed.
        NameMissing = NameMissing at "name",
        /// The name is too long.
        TextTooLong = TextTooLong at "name",
        /// It takes 1 to 50 reviewers.
        ReviewersMissing = ReviewersMissing at "reviewerIds",
        /// One of them does not hold `access_review:decide`.
        NotAReviewer = NotAReviewer at "reviewerIds",
        /// The first day is not to come or too far ahead, or there are too few or too many days to decide.
        InvalidPeriod = InvalidPeriod,
        /// The viewer does not hold all that an administrator holds.
        HoldsMore = HoldsMore at "policy",
        /// There are 100 schedules already.
        TooMany = TooMany,
    }
}

/// Which schedule.
#[derive(InputObject)]
pub struct EndAccessReviewScheduleInput {
    /// Its id (`revsched_...`).
    schedule_id: ID,
}

payload! {
    /// What came of ending a schedule.
    EndAccessReviewSchedulePayload [authenticated] {
        /// The schedule that has ended; null when it was refused.
        schedule: AccessReviewSchedule
    }
    EndAccessReviewScheduleUserError, EndAccessReviewScheduleErrorCode {
        /// It has ended already.
        AlreadyEnded = AlreadyEnded at "scheduleId",
        /// Silence would take away in its reviews, or somebody else made it; and the viewer does not hold all that an administrator
        /// holds.
        HoldsMore = HoldsMore at "scheduleId",
    }
}

/// Which review.
#[derive(InputObject)]
pub struct CloseAccessReviewInput {
    /// Its id (`review_...`).
    review_id: ID,
}

payload! {
    /// What came of closing an access review.
    CloseAccessReviewPayload [authenticated] {
        /// The review, which is over, or `CLOSING` still where there is much to carry out; null when it was refused.
        access_review: AccessReview
    }
    CloseAccessReviewUserError, CloseAccessReviewErrorCode {
        /// The viewer is none of its reviewers.
        NotAReviewer = NotAReviewer at "reviewId",
        /// It is over already.
        ReviewClosed = ReviewClosed at "reviewId",
        /// Something waits for a decision.
        Unanswered = Unanswered at "reviewId",
    }
}

/// Which review, and why.
#[derive(InputObject)]
pub struct CancelAccessReviewInput {
    /// Its id (`review_...`).
    review_id: ID,
    /// Why, in at most 1,000 characters.
    reason: String,
}

payload! {
    /// What came of calling an access review off.
    CancelAccessReviewPayload [authenticated] {
        /// The review, which is over; null when it was refused.
        access_review: AccessReview
    }
    CancelAccessReviewUserError, CancelAccessReviewErrorCode {
        /// It is over already.
        ReviewClosed = ReviewClosed at "reviewId",
        /// Silence would take away in it, somebody else began it, or somebody else has decided to change something or take it away;
        /// and the viewer does not hold all that an administrator holds.
        HoldsMore = HoldsMore at "reviewId",
        /// It is being carried out, and what was decided about the viewer's own access is not yet.
        OwnAccess = OwnAccess at "reviewId",
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
        /// The reason is too long.
        TextTooLong = TextTooLong at "reason",
    }
}

/// The form of a review's document.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum AccessReviewFormat {
    /// The document itself: `content`, its `digest` (SHA-256 over the bytes of `content` as they stand in the file), `seal`
    /// (the link of the activity log's chain that covers the digest), and `names` of the people (with the salt of each hash in `content.people`). The
    /// same bytes each time, until a name has to be forgotten.
    Json,
    /// One line an item (RFC 4180). What a spreadsheet would take for a formula begins with `'`.
    Csv,
    /// A page to read and print, which loads nothing.
    Html,
}

/// Which review, in which form.
#[derive(InputObject)]
pub struct ExportAccessReviewInput {
    /// Its id (`review_...`).
    review_id: ID,
    /// The form.
    format: AccessReviewFormat,
    /// The language of HTML: `pt-BR`, `en` or `es`; the workspace's if not said.
    language: Option<String>,
}

pub struct AccessReviewExport(access_review::Export);

impl From<access_review::Export> for AccessReviewExport {
    fn from(export: access_review::Export) -> Self {
        Self(export)
    }
}

/// The document of an access review: who decided what, when, on what evidence, and what came of it.
#[guarded]
impl AccessReviewExport {
    /// The file's text.
    #[authenticated]
    fn content(&self) -> &str {
        &self.0.content
    }

    /// How many items it tells of.
    #[authenticated]
    fn count(&self) -> i32 {
        i32::try_from(self.0.items).unwrap_or(i32::MAX)
    }

    /// SHA-256 of the document's content, in hexadecimal digits, as it was when the review closed.
    #[authenticated]
    fn digest(&self) -> &str {
        &self.0.digest
    }

    /// Id of the activity that tells the digest (`act_...`).
    #[authenticated]
    fn seal_activity_id(&self) -> ID {
        self.0.seal.activity_id.into()
    }

    /// Its place in the chain of the activity log, as `17:9f86d081884c7d65`: number and the beginning of its seal.
    #[authenticated]
    fn seal(&self) -> String {
        let hex: String = self.0.seal.mac.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("{}:{hex}", self.0.seal.sequence)
    }

    /// Whether what is on record still makes that digest, and the sealed activity tells the same. False: somebody has altered
    /// the database. Whether the chain itself holds, the audit tells.
    #[authenticated]
    fn intact(&self) -> bool {
        self.0.intact
    }
}

payload! {
    /// What came of taking a document along.
    ExportAccessReviewPayload [authenticated] {
        /// The file; null when it was refused.
        export: AccessReviewExport
    }
    ExportAccessReviewUserError, ExportAccessReviewErrorCode {
        /// It is not closed yet.
        ReviewOpen = ReviewOpen at "reviewId",
        /// It has more than 20,000 items: `portaria access-review export` writes it on the machine.
        TooMany = TooMany at "reviewId",
    }
}

#[guarded]
impl AccessReviewMutation {
    /// Starts an access review now. What is held at this moment is what it asks about; its reviewers get a letter.
    #[requires(AccessReviewDecide)]
    async fn start_access_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it asks about, whom, and until when.")] input: StartAccessReviewInput,
    ) -> Result<StartAccessReviewPayload> {
        let request = Request::of(ctx);
        let reviewers = input.reviewer_ids.iter().map(parse).collect::<Result<Vec<_>>>()?;
        let new = NewReview {
            name: &input.name,
            coverage: input.scope.parse()?,
            reviewers: &reviewers,
            ends_at: input.ends_at.0,
            policy: input.policy.into(),
        };
        let started = access_review::start(&request.installation, request.viewer()?, new).await;
        StartAccessReviewPayload::new(started.map(Some))
    }

    /// Has an access review come again by itself, in the workspace's time zone. Each comes once; of those that were missed
    /// while nothing ran, the latest is made up.
    #[requires(AccessReviewDecide)]
    async fn schedule_access_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What they ask about, whom, and how often.")] input: ScheduleAccessReviewInput,
    ) -> Result<ScheduleAccessReviewPayload> {
        let request = Request::of(ctx);
        let reviewers = input.reviewer_ids.iter().map(parse).collect::<Result<Vec<_>>>()?;
        let new = NewSchedule {
            name: &input.name,
            coverage: input.scope.parse()?,
            reviewers: &reviewers,
            policy: input.policy.into(),
            recurrence: input.recurrence.into(),
            first_on: input.first_on.as_deref(),
            days: input.days,
        };
        let scheduled = access_review::schedule(&request.installation, request.viewer()?, new).await;
        ScheduleAccessReviewPayload::new(scheduled.map(Some))
    }

    /// Ends a schedule. A review that runs goes on.
    #[requires(AccessReviewDecide)]
    async fn end_access_review_schedule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which schedule.")] input: EndAccessReviewScheduleInput,
    ) -> Result<EndAccessReviewSchedulePayload> {
        let request = Request::of(ctx);
        let id = parse(&input.schedule_id)?;
        let ended = access_review::end_schedule(&request.installation, request.viewer()?, id).await;
        EndAccessReviewSchedulePayload::new(ended.map(Some))
    }

    /// Closes an access review before its end, once everything is decided: decisions are carried out now, and its document is
    /// fixed. For its reviewers.
    #[requires(AccessReviewDecide)]
    async fn close_access_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which review.")] input: CloseAccessReviewInput,
    ) -> Result<CloseAccessReviewPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.review_id)?;
        let closed = access_review::close(&request.installation, request.viewer()?, id).await;
        CloseAccessReviewPayload::new(closed.map(Some))
    }

    /// Calls an access review off that is not closed: nothing more is carried out, whatever was decided, and its document says so.
    /// What had been carried out stays. Administrators and reviewers get a letter.
    #[requires(AccessReviewDecide)]
    async fn cancel_access_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which review, and why.")] input: CancelAccessReviewInput,
    ) -> Result<CancelAccessReviewPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.review_id)?;
        let cancelled =
            access_review::cancel(&request.installation, request.viewer()?, id, &input.reason).await;
        CancelAccessReviewPayload::new(cancelled.map(Some))
    }

    /// Takes the document of a closed access review along. Who is in it is there with their addresses: it needs
    /// `member:read_private`, too. That it was taken is recorded.
    #[requires(AccessAuditRead)]
    async fn export_access_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which review, in which form.")] input: ExportAccessReviewInput,
    ) -> Result<ExportAccessReviewPayload> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let id = parse(&input.review_id)?;
        let form = match (input.format, input.language) {
            (AccessReviewFormat::Json, _) => Form::Json,
            (AccessReviewFormat::Csv, _) => Form::Csv,
            (AccessReviewFormat::Html, Some(language)) => Form::Printed(Language::from_tag(&language)),
            (AccessReviewFormat::Html, None) => {
                let reader = request.installation.database.reader();
                let company = workspace::find(reader, viewer.workspace_id).await?;
                Form::Printed(Language::from_tag(&company.locale))
            }
        };
        let exported = access_review::export(&request.installation, viewer, id, form).await;
        ExportAccessReviewPayload::new(exported.map(Some))
    }
}
