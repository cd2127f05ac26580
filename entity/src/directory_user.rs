//! A person as the directory knows them; linked to a member once they have accepted.

use sea_orm::entity::prelude::*;

use crate::id::{DirectoryUserId, MemberId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    /// Of a member who was there before the directory: the same number as theirs.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DirectoryUserId,
    /// In lower case: one in a workspace.
    pub user_name: String,
    /// What the directory calls them.
    pub external_id: Option<String>,
    /// Every address in lower case, each between two line ends.
    pub addresses: String,
    /// JSON, in the names of RFC 7643.
    pub profile: String,
    /// What the directory last said; how a member stands, the member says.
    pub active: bool,
    /// None: they have not accepted yet.
    pub member_id: Option<MemberId>,
    /// Whether their account came to be by accepting the directory's invitation.
    pub made_account: bool,
    /// Suspended by the directory then. What others suspend, the directory does not reinstate.
    pub suspended_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
