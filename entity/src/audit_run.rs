//! One run of the auditor, claimed once in the whole installation.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{AuditRunId, MemberId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AuditTrigger {
    Schedule,
    Manual,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_runs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditRunId,
    pub job: String,
    /// Local date and time it was due, or the id of a manual run: unique per job.
    pub scheduled_for: String,
    pub trigger: AuditTrigger,
    pub started_at: Timestamp,
    pub leased_until: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub members_checked: i32,
    pub findings_open: i32,
    /// Who asked for it; none: nobody did, a program, or somebody on the command line.
    pub requested_by: Option<MemberId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
