//! Where administrators are told at once besides by mail.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::finding::Severity;
use crate::id::{MemberId, NotificationEndpointId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EndpointKind {
    /// Slack, or what takes the same as its incoming webhooks do.
    Slack,
    /// Anything that takes signed JSON.
    Webhook,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification_endpoints")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NotificationEndpointId,
    pub name: String,
    pub kind: EndpointKind,
    /// Of its address, which is kept sealed, what may be shown.
    pub host: String,
    /// BCP 47 tag of what it is told in.
    pub language: String,
    /// What is less severe is not told there.
    pub least_severity: Severity,
    /// Keys with spaces between them: what it holds.
    pub permissions: String,
    /// None: whoever has the machine.
    pub created_by: Option<MemberId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Since when nothing has come through.
    pub failing_since: Option<Timestamp>,
    pub disabled_at: Option<Timestamp>,
    pub disabled_because: Option<String>,
    pub deleted_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
