//! A message template of a WhatsApp Business account: each fact that Meta tells of it with the time it is of. One that was
//! written here is known before Meta knows it.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{TemplateId, WorkspaceId};
use crate::time::Timestamp;

/// What Meta says of a template's use.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    strum::IntoStaticStr,
    strum::EnumString,
    VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TemplateStatus {
    Pending,
    Approved,
    Rejected,
    Paused,
    Disabled,
    Flagged,
    InAppeal,
    LimitExceeded,
    Locked,
    Archived,
    PendingDeletion,
    Deleted,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "templates")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TemplateId,
    pub waba_id: String,
    /// None until Meta has it.
    pub meta_id: Option<String>,
    pub name: Option<String>,
    pub name_at: Option<Timestamp>,
    pub language: Option<String>,
    pub language_at: Option<Timestamp>,
    /// None until Meta has said anything of it.
    pub status: Option<TemplateStatus>,
    pub status_at: Option<Timestamp>,
    /// Why it was rejected, disabled or paused, in Meta's words.
    pub reason: Option<String>,
    pub reason_at: Option<Timestamp>,
    pub category: Option<String>,
    pub category_at: Option<Timestamp>,
    /// Into which category Meta will put it within 24 hours.
    pub coming_category: Option<String>,
    pub coming_category_at: Option<Timestamp>,
    pub quality: Option<String>,
    pub quality_at: Option<Timestamp>,
    /// JSON as Meta last told of its title, text, footer and buttons.
    pub components: Option<String>,
    pub components_at: Option<Timestamp>,
    /// JSON of all its parts, as Meta last told them.
    pub definition: Option<String>,
    pub definition_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
