//! Writing templates, deleting them, what stands in for them, and reading them from Meta now.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::permission::PermissionSet;
use portaria_domain::template::authority;
use portaria_domain::template::flaw::Flaw;
use portaria_domain::template::{alternative, removal, sync, version};
use portaria_domain::viewer::Viewer;
use portaria_entity::template::Model;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::id::{parse, parse_optional};
use crate::graphql::payload::payload;
use crate::graphql::template::Template;
use crate::graphql::template_input::TemplateContentInput;
use crate::graphql::template_preview::TemplateFlaw;
use crate::graphql::template_version::TemplateSync;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct TemplateMutation;

impl Subject for TemplateMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// A new template.
#[derive(InputObject)]
pub struct CreateTemplateInput {
    /// A number of the account that it is for (`chan_...`).
    channel_id: ID,
    /// 1 to 512 of a-z, 0-9 and _; for good.
    name: String,
    /// Its language, as WhatsApp writes it: `pt_BR`; for good. In another language it is another template of the same name.
    language: String,
    /// What it says.
    content: TemplateContentInput,
}

payload! {
    /// What came of writing a template.
    CreateTemplatePayload [authenticated] {
        /// The template; null when it was refused.
        template: Template,
        /// What is wrong with what it says.
        flaws: Vec<TemplateFlaw>
    }
    CreateTemplateUserError, CreateTemplateErrorCode {
        /// Something is wrong with what it says: `flaws`.
        FlawedTemplate = FlawedTemplate at "content",
        /// The account has a template of that name in that language.
        NameTaken = NameTaken at "name",
        /// The account has 250 templates already.
        TooManyTemplates = TooManyTemplates,
    }
}

/// Another version of a template.
#[derive(InputObject)]
pub struct UpdateTemplateInput {
    /// Which template (`tmpl_...`).
    template_id: ID,
    /// The version that was changed (`tmplver_...`): `latestVersion`. Null for a template that was not written here.
    base_version_id: Option<ID>,
    /// What it says now, all of it.
    content: TemplateContentInput,
}

payload! {
    /// What came of changing a template.
    UpdateTemplatePayload [authenticated] {
        /// The template; null when it was refused.
        template: Template,
        /// What is wrong with what it says.
        flaws: Vec<TemplateFlaw>
    }
    UpdateTemplateUserError, UpdateTemplateErrorCode {
        /// Something is wrong with what it says: `flaws`.
        FlawedTemplate = FlawedTemplate at "content",
        /// Somebody else has changed it meanwhile.
        ChangedMeanwhile = ChangedMeanwhile at "baseVersionId",
        /// It waits to be decided on, or is on its way to Meta: withdraw it first.
        TemplateInWork = TemplateInWork,
        /// It was deleted.
        TemplateDeleted = TemplateDeleted,
        /// Meta has not told yet what it says: `syncTemplates`.
        NotToldYet = NotToldYet,
        /// It has parts that this version does not know: change it in WhatsApp Manager.
        NotUnderstood = NotUnderstood,
        /// It was changed 500 times.
        TooManyVersions = TooManyVersions,
    }
}

/// Which template.
#[derive(InputObject)]
pub struct DeleteTemplateInput {
    /// Which template (`tmpl_...`).
    template_id: ID,
}

payload! {
    /// What came of deleting a template.
    DeleteTemplatePayload [authenticated] {
        /// The template as it is now; one that Meta has is gone once Meta has deleted it: `submission`.
        template: Template
    }
    DeleteTemplateUserError, DeleteTemplateErrorCode {
        /// It was deleted already.
        TemplateDeleted = TemplateDeleted,
        /// It is being sent to Meta just now.
        TemplateInWork = TemplateInWork,
    }
}

/// What stands in for a template.
#[derive(InputObject)]
pub struct SetTemplateAlternativeInput {
    /// Which template (`tmpl_...`).
    template_id: ID,
    /// What to send in its place (`tmpl_...`): one of the same account. Null: nothing.
    alternative_id: Option<ID>,
}

payload! {
    /// What came of naming what stands in for a template.
    SetTemplateAlternativePayload [authenticated] {
        /// The template; null when it was refused.
        template: Template
    }
    SetTemplateAlternativeUserError, SetTemplateAlternativeErrorCode {
        /// A template does not stand in for itself.
        OwnAlternative = OwnAlternative at "alternativeId",
        /// That one was deleted.
        TemplateDeleted = TemplateDeleted at "alternativeId",
    }
}

/// From which numbers a template may be sent.
#[derive(InputObject)]
pub struct SetTemplateChannelsInput {
    /// Which template (`tmpl_...`).
    template_id: ID,
    /// Numbers of its account (`chan_...`), and no others; empty: all.
    channel_ids: Vec<ID>,
}

payload! {
    /// What came of saying from which numbers a template may be sent.
    SetTemplateChannelsPayload [authenticated] {
        /// The template; null when it was refused.
        template: Template
    }
    SetTemplateChannelsUserError, SetTemplateChannelsErrorCode {
        /// The template was deleted.
        TemplateDeleted = TemplateDeleted,
    }
}

/// Whose templates.
#[derive(InputObject)]
pub struct SyncTemplatesInput {
    /// A number of the account (`chan_...`).
    channel_id: ID,
}

payload! {
    /// What came of asking for a reading.
    SyncTemplatesPayload [authenticated] {
        /// When they are read: in a moment, and once a minute at most.
        sync: TemplateSync
    }
    SyncTemplatesUserError, SyncTemplatesErrorCode {
        /// Meta does not let it be read now.
        NotToldYet = NotToldYet,
    }
}

/// The flaws of a definition; none if it has none.
fn told(flaws: Vec<Flaw>) -> Option<Vec<TemplateFlaw>> {
    let one = |flaw: Flaw| match flaw.path.first().map(String::as_str) {
        Some("name" | "language") => TemplateFlaw::at(&["input"], flaw),
        _ => TemplateFlaw::at(&["input", "content"], flaw),
    };
    (!flaws.is_empty()).then(|| flaws.into_iter().map(one).collect())
}

/// A template as the viewer sees it after a change.
pub(super) async fn as_it_is(request: &Request, row: Model) -> portaria_domain::Result<Option<Template>> {
    let reader = request.installation.database.reader();
    let viewer = request.viewer()?;
    let mut seen = authority::seen(reader, viewer, vec![row]).await?;
    Ok(seen.pop().map(Template::from))
}

#[guarded]
impl TemplateMutation {
    /// Writes a new template. Meta does not know it before somebody else has approved it: `requestTemplateApproval`.
    #[requires(TemplateWrite)]
    async fn create_template(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The template.")] input: CreateTemplateInput,
    ) -> Result<CreateTemplatePayload> {
        let request = Request::of(ctx);
        let channel = parse(&input.channel_id)?;
        let definition = input.content.into_definition(input.name, input.language);
        let outcome = async {
            let viewer = request.viewer()?;
            let row = version::create(&request.installation, viewer, channel, &definition).await?;
            as_it_is(request, row).await
        };
        let payload = CreateTemplatePayload::new(outcome.await)?;
        let flawed = payload.template.is_none();
        Ok(CreateTemplatePayload { flaws: if flawed { told(definition.flaws()) } else { None }, ..payload })
    }

    /// Changes what a template says: writes another version. What Meta has stays as it is until that was approved and sent.
    #[requires(TemplateWrite)]
    async fn update_template(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The template, and what it says now.")] input: UpdateTemplateInput,
    ) -> Result<UpdateTemplatePayload> {
        let request = Request::of(ctx);
        let place = (parse(&input.template_id)?, parse_optional(input.base_version_id.as_ref())?);
        // Name and language are the template's own.
        let definition = input.content.into_definition("x".to_owned(), "en".to_owned());
        let flaws = definition.flaws();
        let outcome = async {
            let viewer = request.viewer()?;
            let row = version::update(&request.installation, viewer, place, definition).await?;
            as_it_is(request, row).await
        };
        let payload = UpdateTemplatePayload::new(outcome.await)?;
        let flawed = payload.template.is_none();
        Ok(UpdateTemplatePayload { flaws: if flawed { told(flaws) } else { None }, ..payload })
    }

    /// Deletes a template in its language; what waits of it is withdrawn. Meta keeps the name for 30 days.
    #[requires(TemplateDelete)]
    async fn delete_template(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which template.")] input: DeleteTemplateInput,
    ) -> Result<DeleteTemplatePayload> {
        let request = Request::of(ctx);
        let id = parse(&input.template_id)?;
        let outcome = async {
            let row = removal::delete(&request.installation, request.viewer()?, id).await?;
            as_it_is(request, row).await
        };
        DeleteTemplatePayload::new(outcome.await)
    }

    /// Names what to send in the place of a template that is paused, disabled or gone.
    #[requires(TemplateWrite)]
    async fn set_template_alternative(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which template, and what stands in for it.")] input: SetTemplateAlternativeInput,
    ) -> Result<SetTemplateAlternativePayload> {
        let request = Request::of(ctx);
        let (id, other) = (parse(&input.template_id)?, parse_optional(input.alternative_id.as_ref())?);
        let outcome = async {
            let viewer = request.viewer()?;
            let row = alternative::set_alternative(&request.installation, viewer, id, other).await?;
            as_it_is(request, row).await
        };
        SetTemplateAlternativePayload::new(outcome.await)
    }

    /// Says from which numbers of its account a template may be sent.
    #[requires(TemplateWrite)]
    async fn set_template_channels(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which template, and which numbers.")] input: SetTemplateChannelsInput,
    ) -> Result<SetTemplateChannelsPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.template_id)?;
        let channels = input.channel_ids.iter().map(parse).collect::<Result<Vec<_>>>()?;
        let outcome = async {
            let viewer = request.viewer()?;
            let row = alternative::set_channels(&request.installation, viewer, id, &channels).await?;
            as_it_is(request, row).await
        };
        SetTemplateChannelsPayload::new(outcome.await)
    }

    /// Has all templates of an account read from Meta now, and not only at night.
    #[requires(TemplateWrite)]
    async fn sync_templates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose templates.")] input: SyncTemplatesInput,
    ) -> Result<SyncTemplatesPayload> {
        let request = Request::of(ctx);
        let channel = parse(&input.channel_id)?;
        let outcome = async {
            let asked = sync::ask_now(&request.installation, request.viewer()?, channel).await?;
            Ok(Some(TemplateSync(asked)))
        };
        SyncTemplatesPayload::new(outcome.await)
    }
}
