//! One thing that a merge moved or changed.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ContactMergeId, WorkspaceId};

/// What was moved or changed. `part_id` is its id, `from_id` where it was before.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MergePart {
    /// What the one who stayed was called, and where they are reached.
    Profile,
    Identity,
    Consent,
    /// A refusal that was put down because one of them had refused; `from_id` is the one who stayed.
    AddedConsent,
    /// Of a message in a group: who wrote it.
    Sender,
    /// A conversation that went over whole.
    Conversation,
    /// A conversation that became part of another, which is `from_id`; with how both stood before.
    Joined,
    Message,
    /// A message on which an edit or a revocation of the other conversation took effect; with how it read.
    AmendedMessage,
    Episode,
    Decision,
    Escalation,
    Transfer,
    BotTurn,
    /// A message on its way to Meta.
    Outgoing,
    /// That the customer came from an advertisement.
    FreeEntryPoint,
    /// A stretch that was ended because another goes on; `from_id` is its conversation.
    EndedEpisode,
    /// A stretch that goes on for both, with its times before; `from_id` is its conversation.
    JoinedEpisode,
    /// A label that was put on `from_id`.
    AddedLabel,
    /// A member who is not to be given the episode `from_id`.
    AddedDecline,
    /// What had been merged before into what was merged now.
    MergedContact,
    MergedConversation,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_merge_parts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub merge_id: ContactMergeId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: MergePart,
    #[sea_orm(primary_key, auto_increment = false)]
    pub part_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_id: Uuid,
    /// JSON.
    pub before: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
