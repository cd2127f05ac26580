//! Somebody who is in a group, was, or asks to be.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ContactId, WorkspaceId};
use crate::time::Timestamp;

/// How somebody stands to a group. The order decides between two things told of one second: the later one is what comes after.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    strum::IntoStaticStr,
    VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ParticipantStatus {
    /// They ask to be let in.
    Asked,
    /// They ask no more.
    Withdrew,
    Joined,
    Left,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "group_participants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub group_contact_id: ContactId,
    /// Meta's business-scoped id of them, else their number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub phone: Option<String>,
    pub user_id: Option<String>,
    pub status: ParticipantStatus,
    pub status_at: Timestamp,
    pub joined_at: Option<Timestamp>,
    pub left_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
