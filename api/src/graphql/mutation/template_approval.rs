//! Approving templates: by another person than wrote them.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::permission::PermissionSet;
use portaria_domain::template::approval;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::template::as_it_is;
use crate::error::Result;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::graphql::template::Template;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct TemplateApprovalMutation;

impl Subject for TemplateApprovalMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// Which version of a template is to be approved.
#[derive(InputObject)]
pub struct RequestTemplateApprovalInput {
    /// Which template (`tmpl_...`).
    template_id: ID,
    /// Its last version (`tmplver_...`).
    version_id: ID,
}

payload! {
    /// What came of asking for an approval.
    RequestTemplateApprovalPayload [authenticated] {
        /// The template; null when it was refused.
        template: Template
    }
    RequestTemplateApprovalUserError, RequestTemplateApprovalErrorCode {
        /// There is a newer version.
        ChangedMeanwhile = ChangedMeanwhile at "versionId",
        /// It was asked for already, or decided: write another version.
        NotADraft = NotADraft at "versionId",
        /// It waits to be decided on, or is on its way to Meta.
        TemplateInWork = TemplateInWork,
        /// Meta does not let it be changed as it stands: it looks at it just now, or has locked it.
        TemplateNotEditable = TemplateNotEditable,
        /// It was deleted.
        TemplateDeleted = TemplateDeleted,
        /// Something is wrong with what it says.
        FlawedTemplate = FlawedTemplate at "versionId",
    }
}

/// Which version is taken back.
#[derive(InputObject)]
pub struct WithdrawTemplateInput {
    /// Which template (`tmpl_...`).
    template_id: ID,
    /// Its last version (`tmplver_...`).
    version_id: ID,
}

payload! {
    /// What came of taking a version back.
    WithdrawTemplatePayload [authenticated] {
        /// The template; null when it was refused.
        template: Template
    }
    WithdrawTemplateUserError, WithdrawTemplateErrorCode {
        /// There is a newer version.
        ChangedMeanwhile = ChangedMeanwhile at "versionId",
        /// It is being sent to Meta just now.
        TemplateInWork = TemplateInWork,
        /// Nothing of it waits.
        NothingToWithdraw = NothingToWithdraw,
    }
}

/// Which version is approved.
#[derive(InputObject)]
pub struct ApproveTemplateInput {
    /// Which template (`tmpl_...`).
    template_id: ID,
    /// The version that was looked at (`tmplver_...`).
    version_id: ID,
}

payload! {
    /// What came of approving a template.
    ApproveTemplatePayload [authenticated] {
        /// The template; null when it was refused.
        template: Template
    }
    ApproveTemplateUserError, ApproveTemplateErrorCode {
        /// Who had a hand in it does not approve it while somebody else may.
        OwnTemplate = OwnTemplate,
        /// There is a newer version than the one that was looked at.
        ChangedMeanwhile = ChangedMeanwhile at "versionId",
        /// Nobody asked to have it approved, or it was decided already.
        NotRequested = NotRequested at "versionId",
        /// Meta does not let it be changed as it stands.
        TemplateNotEditable = TemplateNotEditable,
        /// It was deleted.
        TemplateDeleted = TemplateDeleted,
    }
}

/// Which version is declined, and why.
#[derive(InputObject)]
pub struct DeclineTemplateInput {
    /// Which template (`tmpl_...`).
    template_id: ID,
    /// The version that was looked at (`tmplver_...`).
    version_id: ID,
    /// Why, for its authors; at most 2,000 characters.
    reason: String,
}

payload! {
    /// What came of declining a template.
    DeclineTemplatePayload [authenticated] {
        /// The template; null when it was refused.
        template: Template
    }
    DeclineTemplateUserError, DeclineTemplateErrorCode {
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
        /// The reason is too long.
        TextTooLong = TextTooLong at "reason",
        /// There is a newer version than the one that was looked at.
        ChangedMeanwhile = ChangedMeanwhile at "versionId",
        /// Nobody asked to have it approved, or it was decided already.
        NotRequested = NotRequested at "versionId",
    }
}

#[guarded]
impl TemplateApprovalMutation {
    /// Asks to have the last version of a template approved.
    #[requires(TemplateWrite)]
    async fn request_template_approval(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which version.")] input: RequestTemplateApprovalInput,
    ) -> Result<RequestTemplateApprovalPayload> {
        let request = Request::of(ctx);
        let place = (parse(&input.template_id)?, parse(&input.version_id)?);
        let outcome = async {
            let row = approval::request(&request.installation, request.viewer()?, place).await?;
            as_it_is(request, row).await
        };
        RequestTemplateApprovalPayload::new(outcome.await)
    }

    /// Takes the last version of a template back: before it was decided on, or before it was sent.
    #[requires(TemplateWrite)]
    async fn withdraw_template(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which version.")] input: WithdrawTemplateInput,
    ) -> Result<WithdrawTemplatePayload> {
        let request = Request::of(ctx);
        let place = (parse(&input.template_id)?, parse(&input.version_id)?);
        let outcome = async {
            let row = approval::withdraw(&request.installation, request.viewer()?, place).await?;
            as_it_is(request, row).await
        };
        WithdrawTemplatePayload::new(outcome.await)
    }

    /// Approves exactly this version of a template: it is sent to Meta. Not by who had a hand in it, or made the API key that had;
    /// unless nobody else may: then it takes a session with a second factor, and the auditor tells of it.
    #[requires(TemplateApprove)]
    async fn approve_template(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which version.")] input: ApproveTemplateInput,
    ) -> Result<ApproveTemplatePayload> {
        let request = Request::of(ctx);
        let place = (parse(&input.template_id)?, parse(&input.version_id)?);
        let outcome = async {
            let row = approval::approve(&request.installation, request.viewer()?, place).await?;
            as_it_is(request, row).await
        };
        ApproveTemplatePayload::new(outcome.await)
    }

    /// Declines a version of a template.
    #[requires(TemplateApprove)]
    async fn decline_template(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which version, and why.")] input: DeclineTemplateInput,
    ) -> Result<DeclineTemplatePayload> {
        let request = Request::of(ctx);
        let place = (parse(&input.template_id)?, parse(&input.version_id)?);
        let outcome = async {
            let viewer = request.viewer()?;
            let row = approval::decline(&request.installation, viewer, place, &input.reason).await?;
            as_it_is(request, row).await
        };
        DeclineTemplatePayload::new(outcome.await)
    }
}
