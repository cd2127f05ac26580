//! One way WhatsApp names a customer. Any may be absent, and any may change.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ContactId, ContactIdentityId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    strum::IntoStaticStr,
    VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum IdentityKind {
    BusinessScopedId,
    ParentId,
    Phone,
    Username,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_identities")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ContactIdentityId,
    pub contact_id: ContactId,
    pub kind: IdentityKind,
    /// Business portfolio that a scoped id belongs to; empty for a phone.
    pub portfolio: String,
    pub value: String,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
