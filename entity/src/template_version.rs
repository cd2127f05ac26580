//! What somebody wrote of a template: it is never changed, only approved, sent, and followed by another.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ApiKeyId, MemberId, TemplateId, TemplateVersionId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TemplateVersionState {
    /// Nobody was asked yet.
    Draft,
    /// It waits for somebody to approve it.
    Requested,
    Declined,
    Withdrawn,
    /// It is on its way to Meta.
    Approved,
    /// Meta has it.
    Submitted,
    /// Meta did not take it.
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "template_versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TemplateVersionId,
    pub template_id: TemplateId,
    /// From 1 on, in each template.
    pub number: i32,
    /// JSON of what it says.
    pub definition: String,
    /// Who wrote it: a member, or an API key.
    pub author_id: Option<MemberId>,
    pub author_key_id: Option<ApiKeyId>,
    pub created_at: Timestamp,
    pub state: TemplateVersionState,
    pub requested_by: Option<MemberId>,
    pub requested_by_key: Option<ApiKeyId>,
    pub requested_at: Option<Timestamp>,
    pub decided_by: Option<MemberId>,
    pub decided_at: Option<Timestamp>,
    /// Why it was declined, or what Meta had against it.
    pub reason: Option<String>,
    /// Approved by an author of it, for there was nobody else.
    pub alone: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
