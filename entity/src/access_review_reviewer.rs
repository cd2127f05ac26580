//! Who may decide in an access review.

use sea_orm::entity::prelude::*;

use crate::id::{AccessReviewId, MemberId, WorkspaceId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_review_reviewers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub review_id: AccessReviewId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub member_id: MemberId,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
