//! Labels, and who has which as a skill.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_domain::{label, member};
use portaria_guard::guarded;

use super::begin;
use crate::error::Result;
use crate::graphql::id::parse;
use crate::graphql::label::Label;
use crate::graphql::member::Member;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct LabelMutation;

impl Subject for LabelMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// What the label says.
#[derive(InputObject)]
pub struct CreateLabelInput {
    /// A name that no other label has; at most 60 characters.
    name: String,
    /// Whether it is a skill: a conversation so marked waits for somebody who has it.
    #[graphql(default)]
    is_skill: bool,
}

payload! {
    /// What came of creating a label.
    CreateLabelPayload [authenticated] {
        /// The new label; null when it was refused.
        label: Label
    }
    CreateLabelUserError, CreateLabelErrorCode {
        /// A name is needed.
        NameMissing = NameMissing at "name",
        /// That name is taken.
        NameTaken = NameTaken at "name",
        /// The name is too long.
        TextTooLong = TextTooLong at "name",
        /// There are 200 labels already.
        TooManyLabels = TooManyLabels,
    }
}

/// Which label, and what it is to say.
#[derive(InputObject)]
pub struct UpdateLabelInput {
    /// Which label (`label_...`).
    label_id: ID,
    /// A name that no other label has; at most 60 characters.
    name: String,
}

payload! {
    /// What came of renaming a label.
    UpdateLabelPayload [authenticated] {
        /// The label as it is now; null when it was refused.
        label: Label
    }
    UpdateLabelUserError, UpdateLabelErrorCode {
        /// A name is needed.
        NameMissing = NameMissing at "name",
        /// That name is taken.
        NameTaken = NameTaken at "name",
        /// The name is too long.
        TextTooLong = TextTooLong at "name",
    }
}

/// Which label.
#[derive(InputObject)]
pub struct DeleteLabelInput {
    /// Which label (`label_...`).
    label_id: ID,
}

payload! {
    /// What came of deleting a label.
    DeleteLabelPayload [authenticated] {
        /// The id of what was deleted.
        label_id: ID
    }
    DeleteLabelUserError, DeleteLabelErrorCode {
        /// The workspace would be left without an administrator for good.
        LastAdministrator = LastAdministrator,
    }
}

/// Whose skills, and which.
#[derive(InputObject)]
pub struct SetSkillsInput {
    /// Which member (`mem_...`).
    member_id: ID,
    /// All labels that are their skills (`label_...`); others are taken off.
    label_ids: Vec<ID>,
}

payload! {
    /// What came of saying what a member is good at.
    SetSkillsPayload [authenticated] {
        /// The member; null when it was refused.
        member: Member
    }
    SetSkillsUserError, SetSkillsErrorCode {
        /// The member is no member any more.
        NotActive = NotActive at "memberId",
        /// One of the labels is no skill.
        NotASkill = NotASkill at "labelIds",
    }
}

#[guarded]
impl LabelMutation {
    /// Creates a label, for the whole workspace.
    #[requires(TeamManage)]
    async fn create_label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the label says.")] input: CreateLabelInput,
    ) -> Result<CreateLabelPayload> {
        let outcome = async {
            let change = begin(Request::of(ctx), Permission::TeamManage).await?;
            let row = label::create(&change, &input.name, input.is_skill).await?;
            change.finish().await?;
            Ok(Some(Label(row.into())))
        };
        CreateLabelPayload::new(outcome.await)
    }

    /// Renames a label, on every conversation and member that has it.
    #[requires(TeamManage)]
    async fn update_label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which label, and what it is to say.")] input: UpdateLabelInput,
    ) -> Result<UpdateLabelPayload> {
        let id = parse(&input.label_id)?;
        let outcome = async {
            let change = begin(Request::of(ctx), Permission::TeamManage).await?;
            let row = label::rename(&change, id, &input.name).await?;
            change.finish().await?;
            Ok(Some(Label(row.into())))
        };
        UpdateLabelPayload::new(outcome.await)
    }

    /// Deletes a label, from every conversation and member that has it.
    #[requires(TeamManage)]
    async fn delete_label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which label.")] input: DeleteLabelInput,
    ) -> Result<DeleteLabelPayload> {
        let id = parse(&input.label_id)?;
        let outcome = async {
            let change = begin(Request::of(ctx), Permission::TeamManage).await?;
            let id = label::delete(&change, id).await?;
            change.finish().await?;
            Ok(Some(id))
        };
        DeleteLabelPayload::new(outcome.await)
    }

    /// Says what a member is good at: conversations so marked are theirs to be given.
    #[requires(MemberManage)]
    async fn set_skills(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose skills, and which.")] input: SetSkillsInput,
    ) -> Result<SetSkillsPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.member_id)?;
        let labels = input.label_ids.iter().map(parse).collect::<Result<Vec<_>>>()?;
        let outcome = async {
            let change = begin(request, Permission::MemberManage).await?;
            label::set_skills(&change, id, &labels).await?;
            change.finish().await?;
            let workspace = request.viewer()?.workspace_id;
            let mut found = member::by_ids(request.installation.database.reader(), workspace, &[id]).await?;
            Ok(found.remove(&id).map(|row| Member(row.into())))
        };
        SetSkillsPayload::new(outcome.await)
    }
}
