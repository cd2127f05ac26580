//! What somebody in a closed access review was called: may be erased; the hash over it stays.

use sea_orm::entity::prelude::*;

use crate::id::{AccessReviewId, MemberId, WorkspaceId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_review_people")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub review_id: AccessReviewId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub member_id: MemberId,
    /// SHA-256 over salt, name and address.
    pub hash: Vec<u8>,
    /// None: erased.
    pub salt: Option<Vec<u8>>,
    pub name: String,
    pub email: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
