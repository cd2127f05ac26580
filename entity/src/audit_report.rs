//! Which audit report went to whom. One a reader and run.

use sea_orm::entity::prelude::*;

use crate::id::{AuditRunId, MemberId, OutgoingMailId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_reports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub audit_run_id: AuditRunId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub member_id: MemberId,
    pub mail_id: OutgoingMailId,
    /// Of a report of the week: the local date it was due on.
    pub week: Option<String>,
    /// What opened, ended or was changed after this was told in it,
    pub covers_from: Timestamp,
    /// up to this.
    pub covers_to: Timestamp,
    /// When it was not sent after all, because its reader might not read it any more.
    pub withdrawn_at: Option<Timestamp>,
    /// Whether it tells whom findings are about and what was seen of them.
    pub tells_people: bool,
    /// Whether it tells who changed whose access.
    pub tells_log: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
