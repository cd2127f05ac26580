//! What is to be done with a template at Meta, and what came of it.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{MemberId, TemplateId, TemplateSubmissionId, TemplateVersionId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TemplateOperation {
    Create,
    Edit,
    Delete,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SubmissionState {
    Queued,
    /// It is being sent just now, or was when its sender died.
    Sending,
    /// It was sent and no answer came: Meta is asked what it has.
    Unclear,
    Done,
    Refused,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "template_submissions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TemplateSubmissionId,
    pub template_id: TemplateId,
    /// None: it is to be deleted.
    pub version_id: Option<TemplateVersionId>,
    pub waba_id: String,
    pub operation: TemplateOperation,
    pub state: SubmissionState,
    pub attempts: i32,
    /// Not before then.
    pub due_at: Timestamp,
    /// Somebody works on it until then.
    pub leased_until: Timestamp,
    /// When it was sent first.
    pub began_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Meta's number of what was wrong.
    pub error_code: Option<i64>,
    /// What was wrong, in words.
    pub error: Option<String>,
    pub requested_by: Option<MemberId>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
