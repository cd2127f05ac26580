//! Writing quick replies.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::permission::PermissionSet;
use portaria_domain::quick_reply::{
    Content, Draft, LONGEST_FREE, Placeholder, QuickReplyRow, Status, Translation, create, set_status, update,
};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::guidance::GuidanceScopeInput;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::graphql::quick_reply::{QuickReply, QuickReplyPlaceholderKind};
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct QuickReplyMutation;

impl Subject for QuickReplyMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// What a quick reply says in one language.
#[derive(InputObject)]
pub struct QuickReplyTranslationInput {
    /// E.g. `pt-BR`, or `es`.
    language: String,
    /// The text, of at most 3,000 characters; `{{name}}` where something is filled in.
    text: String,
}

/// What an agent fills in.
#[derive(InputObject)]
pub struct QuickReplyPlaceholderInput {
    /// As it stands in the text: at most 30 of a-z, 0-9 and _, beginning with a letter.
    name: String,
    /// What to ask the agent for; its name if not said.
    label: Option<String>,
    /// What may be put in. At most two may be `TEXT`.
    kind: QuickReplyPlaceholderKind,
    /// How many characters a text (at most 60) or a number (at most 20) may have; as many as may be if not said.
    max_length: Option<u32>,
    /// What can be chosen, of a choice: at most 30, each of at most 100 characters, the same in every language.
    choices: Option<Vec<String>>,
}

/// What a quick reply is to say, and where.
#[derive(InputObject)]
pub struct QuickReplyContentInput {
    /// In whose conversations it is offered.
    scope: GuidanceScopeInput,
    /// What agents find it by; at most 80 characters.
    title: String,
    /// What it is called up by behind a slash: 1 to 30 of a-z, 0-9, - and _, had once in a scope; nothing if not said.
    shortcut: Option<String>,
    /// Under which heading it stands; at most 60 characters, none if not said.
    folder: Option<String>,
    /// What it says, by language; the first is for whom none of the others fits.
    translations: Vec<QuickReplyTranslationInput>,
    /// What the agent fills in: every text asks for all of it; nothing if not said.
    placeholders: Option<Vec<QuickReplyPlaceholderInput>>,
}

/// What a quick reply is to say, and where.
#[derive(InputObject)]
pub struct CreateQuickReplyInput {
    #[graphql(flatten)]
    content: QuickReplyContentInput,
}

/// Which quick reply, and what it is to say from now on.
#[derive(InputObject)]
pub struct UpdateQuickReplyInput {
    /// Its id (`reply_...`).
    quick_reply_id: ID,
    /// The version that was read before: when there is a later one, nothing is changed.
    version: i32,
    #[graphql(flatten)]
    content: QuickReplyContentInput,
}

/// Which quick reply.
#[derive(InputObject)]
pub struct ArchiveQuickReplyInput {
    /// Its id (`reply_...`).
    quick_reply_id: ID,
}

/// Which quick reply.
#[derive(InputObject)]
pub struct RestoreQuickReplyInput {
    /// Its id (`reply_...`).
    quick_reply_id: ID,
}

impl QuickReplyContentInput {
    fn draft(self) -> Result<Draft> {
        let placeholder = |input: QuickReplyPlaceholderInput| Placeholder {
            name: input.name,
            label: input.label.unwrap_or_default(),
            kind: input.kind.into(),
            max_length: input.max_length.unwrap_or(LONGEST_FREE),
            choices: input.choices.unwrap_or_default(),
        };
        let translation =
            |input: QuickReplyTranslationInput| Translation { language: input.language, text: input.text };
        Ok(Draft {
            scope: self.scope.parse()?,
            title: self.title,
            shortcut: self.shortcut,
            folder: self.folder,
            content: Content {
                placeholders: self.placeholders.unwrap_or_default().into_iter().map(placeholder).collect(),
                translations: self.translations.into_iter().map(translation).collect(),
            },
        })
    }
}

payload! {
    /// What came of writing a quick reply.
    CreateQuickReplyPayload [authenticated] {
        /// The new quick reply; null when it was refused.
        quick_reply: QuickReply
    }
    CreateQuickReplyUserError, CreateQuickReplyErrorCode {
        /// A title is needed.
        TitleMissing = TitleMissing at "title",
        /// A text is needed, and none may be empty.
        TextMissing = TextMissing at "translations",
        /// Title, folder or a text is too long.
        TextTooLong = TextTooLong,
        /// A shortcut is 1 to 30 of a-z, 0-9, - and _.
        InvalidShortcut = InvalidShortcut at "shortcut",
        /// Another in that scope has the shortcut.
        ShortcutTaken = ShortcutTaken at "shortcut",
        /// A language is written like `pt-BR`.
        UnknownLanguage = UnknownLanguage at "translations",
        /// There are two texts in one language.
        LanguageTwice = LanguageTwice at "translations",
        /// A placeholder is not of the form, not known, or lacks what its kind needs.
        InvalidPlaceholder = InvalidPlaceholder at "placeholders",
        /// A text asks for something that is not declared, or not for all that is.
        PlaceholdersDiffer = PlaceholdersDiffer at "translations",
        /// Between two placeholders stand no words, or one for words stands right beside other characters.
        PlaceholderNotApart = PlaceholderNotApart at "translations",
        /// Too much of it could be written freely.
        TooFree = TooFree at "placeholders",
        /// There are too many languages, placeholders, or quick replies.
        TooMany = TooMany,
    }
}

payload! {
    /// What came of changing a quick reply.
    UpdateQuickReplyPayload [authenticated] {
        /// The quick reply as it is now; null when it was refused.
        quick_reply: QuickReply
    }
    UpdateQuickReplyUserError, UpdateQuickReplyErrorCode {
        /// A title is needed.
        TitleMissing = TitleMissing at "title",
        /// A text is needed, and none may be empty.
        TextMissing = TextMissing at "translations",
        /// Title, folder or a text is too long.
        TextTooLong = TextTooLong,
        /// A shortcut is 1 to 30 of a-z, 0-9, - and _.
        InvalidShortcut = InvalidShortcut at "shortcut",
        /// Another in that scope has the shortcut.
        ShortcutTaken = ShortcutTaken at "shortcut",
        /// A language is written like `pt-BR`.
        UnknownLanguage = UnknownLanguage at "translations",
        /// There are two texts in one language.
        LanguageTwice = LanguageTwice at "translations",
        /// A placeholder is not of the form, not known, or lacks what its kind needs.
        InvalidPlaceholder = InvalidPlaceholder at "placeholders",
        /// A text asks for something that is not declared, or not for all that is.
        PlaceholdersDiffer = PlaceholdersDiffer at "translations",
        /// Between two placeholders stand no words, or one for words stands right beside other characters.
        PlaceholderNotApart = PlaceholderNotApart at "translations",
        /// Too much of it could be written freely.
        TooFree = TooFree at "placeholders",
        /// There are too many languages or placeholders.
        TooMany = TooMany,
        /// Somebody has changed it meanwhile: read it again.
        ChangedMeanwhile = ChangedMeanwhile at "version",
        /// It is archived: restore it first.
        Archived = Archived at "quickReplyId",
    }
}

payload! {
    /// What came of archiving a quick reply.
    ArchiveQuickReplyPayload [authenticated] {
        /// The quick reply as it is now; null when it was refused.
        quick_reply: QuickReply
    }
    ArchiveQuickReplyUserError, ArchiveQuickReplyErrorCode {
        /// It is archived already.
        Archived = Archived at "quickReplyId",
    }
}

payload! {
    /// What came of taking a quick reply back into use.
    RestoreQuickReplyPayload [authenticated] {
        /// The quick reply as it is now; null when it was refused.
        quick_reply: QuickReply
    }
    RestoreQuickReplyUserError, RestoreQuickReplyErrorCode {
        /// It is in use.
        NotArchived = NotArchived at "quickReplyId",
        /// Another in its scope has its shortcut by now.
        ShortcutTaken = ShortcutTaken at "quickReplyId",
        /// There are too many quick replies in use.
        TooMany = TooMany,
    }
}

async fn set(
    ctx: &Context<'_>,
    id: &ID,
    status: Status,
) -> Result<portaria_domain::Result<Option<QuickReplyRow>>> {
    let request = Request::of(ctx);
    let id = parse(id)?;
    Ok(set_status(&request.installation, request.viewer()?, id, status).await.map(Some))
}

#[guarded]
impl QuickReplyMutation {
    /// Writes a quick reply. It is offered at once: who may write them approves them by doing so.
    #[requires(QuickReplyManage)]
    async fn create_quick_reply(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is to say, and where.")] input: CreateQuickReplyInput,
    ) -> Result<CreateQuickReplyPayload> {
        let request = Request::of(ctx);
        let draft = input.content.draft()?;
        CreateQuickReplyPayload::new(create(&request.installation, request.viewer()?, draft).await.map(Some))
    }

    /// Writes a quick reply anew, in force at once; how it read before is kept. What was sent stays as it went out.
    #[requires(QuickReplyManage)]
    async fn update_quick_reply(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and what it is to say.")] input: UpdateQuickReplyInput,
    ) -> Result<UpdateQuickReplyPayload> {
        let request = Request::of(ctx);
        let which = (parse(&input.quick_reply_id)?, input.version);
        let draft = input.content.draft()?;
        let outcome = update(&request.installation, request.viewer()?, which, draft).await;
        UpdateQuickReplyPayload::new(outcome.map(Some))
    }

    /// Has a quick reply offered no more. It is never deleted, for messages name it.
    #[requires(QuickReplyManage)]
    async fn archive_quick_reply(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: ArchiveQuickReplyInput,
    ) -> Result<ArchiveQuickReplyPayload> {
        ArchiveQuickReplyPayload::new(set(ctx, &input.quick_reply_id, Status::Archived).await?)
    }

    /// Has a quick reply offered again.
    #[requires(QuickReplyManage)]
    async fn restore_quick_reply(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: RestoreQuickReplyInput,
    ) -> Result<RestoreQuickReplyPayload> {
        RestoreQuickReplyPayload::new(set(ctx, &input.quick_reply_id, Status::InUse).await?)
    }
}
