//! Writing guidelines, and saying that one has read them.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::guideline::{Draft, GuidelineRow, Weight, acknowledge, archive, create, update};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::guidance::GuidanceScopeInput;
use crate::graphql::guideline::Guideline;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct GuidelineMutation;

impl Subject for GuidelineMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// What a guideline is to say, and where.
#[derive(InputObject)]
pub struct GuidelineContentInput {
    /// In whose conversations it holds.
    scope: GuidanceScopeInput,
    /// For customers who write in that language (`pt-BR`, or `es`); in any if not said.
    language: Option<String>,
    /// What it is about; at most 120 characters.
    title: String,
    /// What it says, in Markdown; at most 20,000 characters.
    body: String,
    /// Its place in lists, the lowest first; 0 if not said.
    position: Option<i32>,
}

impl GuidelineContentInput {
    fn draft(self) -> Result<Draft> {
        Ok(Draft {
            scope: self.scope.parse()?,
            language: self.language,
            title: self.title,
            body: self.body,
            position: self.position.unwrap_or_default(),
        })
    }
}

/// What a guideline is to say, and where.
#[derive(InputObject)]
pub struct CreateGuidelineInput {
    #[graphql(flatten)]
    content: GuidelineContentInput,
}

/// Which guideline, and what it is to say from now on.
#[derive(InputObject)]
pub struct UpdateGuidelineInput {
    /// Its id (`guide_...`).
    guideline_id: ID,
    /// The version that was read before: when there is a later one, nothing is changed.
    version: i32,
    /// `true`: it changes nothing that matters, so that who has read it need not read it again.
    #[graphql(default)]
    minor: bool,
    #[graphql(flatten)]
    content: GuidelineContentInput,
}

/// Which guideline.
#[derive(InputObject)]
pub struct ArchiveGuidelineInput {
    /// Its id (`guide_...`).
    guideline_id: ID,
}

/// Which guideline the viewer has read, and which version of it.
#[derive(InputObject)]
pub struct AcknowledgeGuidelineInput {
    /// Its id (`guide_...`).
    guideline_id: ID,
    /// The version that was read.
    version: i32,
}

payload! {
    /// What came of writing a guideline.
    CreateGuidelinePayload [authenticated] {
        /// The new guideline; null when it was refused.
        guideline: Guideline
    }
    CreateGuidelineUserError, CreateGuidelineErrorCode {
        /// A title is needed.
        TitleMissing = TitleMissing at "title",
        /// A text is needed.
        TextMissing = TextMissing at "body",
        /// Title or text is too long.
        TextTooLong = TextTooLong,
        /// A language is written like `pt-BR`.
        UnknownLanguage = UnknownLanguage at "language",
        /// There are 500 guidelines in force already.
        TooMany = TooMany,
    }
}

payload! {
    /// What came of changing a guideline.
    UpdateGuidelinePayload [authenticated] {
        /// The guideline as it is now; null when it was refused.
        guideline: Guideline
    }
    UpdateGuidelineUserError, UpdateGuidelineErrorCode {
        /// A title is needed.
        TitleMissing = TitleMissing at "title",
        /// A text is needed.
        TextMissing = TextMissing at "body",
        /// Title or text is too long.
        TextTooLong = TextTooLong,
        /// A language is written like `pt-BR`.
        UnknownLanguage = UnknownLanguage at "language",
        /// Somebody has changed it meanwhile: read it again.
        ChangedMeanwhile = ChangedMeanwhile at "version",
        /// It is out of force.
        Archived = Archived at "guidelineId",
    }
}

payload! {
    /// What came of putting a guideline out of force.
    ArchiveGuidelinePayload [authenticated] {
        /// The guideline as it is now; null when it was refused.
        guideline: Guideline
    }
    ArchiveGuidelineUserError, ArchiveGuidelineErrorCode {
        /// It is out of force already.
        Archived = Archived at "guidelineId",
    }
}

payload! {
    /// What came of saying that one has read a guideline.
    AcknowledgeGuidelinePayload [authenticated] {
        /// The guideline; null when it was refused.
        guideline: Guideline
    }
    AcknowledgeGuidelineUserError, AcknowledgeGuidelineErrorCode {
        /// It reads otherwise by now: read it again.
        ChangedMeanwhile = ChangedMeanwhile at "version",
        /// It is out of force.
        Archived = Archived at "guidelineId",
    }
}

/// A guideline with what hangs on it, as a payload shows it.
async fn done(
    ctx: &Context<'_>,
    outcome: portaria_domain::Result<GuidelineRow>,
) -> portaria_domain::Result<Option<Guideline>> {
    Ok(Some(Guideline::of(Request::of(ctx), outcome?).await?))
}

#[guarded]
impl GuidelineMutation {
    /// Writes a guideline. It is in force at once.
    #[requires(QuickReplyManage)]
    async fn create_guideline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is to say, and where.")] input: CreateGuidelineInput,
    ) -> Result<CreateGuidelinePayload> {
        let request = Request::of(ctx);
        let draft = input.content.draft()?;
        let outcome = create(&request.installation, request.viewer()?, draft).await;
        CreateGuidelinePayload::new(done(ctx, outcome).await)
    }

    /// Writes a guideline anew, in force at once; how it read before is kept. Everybody is asked to read it again, unless the
    /// change is minor.
    #[requires(QuickReplyManage)]
    async fn update_guideline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and what it is to say.")] input: UpdateGuidelineInput,
    ) -> Result<UpdateGuidelinePayload> {
        let request = Request::of(ctx);
        let which = (parse(&input.guideline_id)?, input.version);
        let weight = if input.minor { Weight::Minor } else { Weight::Material };
        let draft = input.content.draft()?;
        let outcome = update(&request.installation, request.viewer()?, which, (draft, weight)).await;
        UpdateGuidelinePayload::new(done(ctx, outcome).await)
    }

    /// Puts a guideline out of force. It stays on record.
    #[requires(QuickReplyManage)]
    async fn archive_guideline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: ArchiveGuidelineInput,
    ) -> Result<ArchiveGuidelinePayload> {
        let request = Request::of(ctx);
        let id = parse(&input.guideline_id)?;
        let outcome = archive(&request.installation, request.viewer()?, id).await;
        ArchiveGuidelinePayload::new(done(ctx, outcome).await)
    }

    /// Says that the viewer has read a guideline. For people.
    #[requires(QuickReplyRead, QuickReplyManage)]
    async fn acknowledge_guideline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and which version of it.")] input: AcknowledgeGuidelineInput,
    ) -> Result<AcknowledgeGuidelinePayload> {
        let request = Request::of(ctx);
        let which = (parse(&input.guideline_id)?, input.version);
        let outcome = acknowledge(&request.installation, request.viewer()?, which).await;
        AcknowledgeGuidelinePayload::new(done(ctx, outcome).await)
    }
}
