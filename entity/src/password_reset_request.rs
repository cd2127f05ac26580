//! That somebody asked for a link to reset a password, whether or not the address belongs to anybody. It goes as soon as
//! it is dealt with.

use sea_orm::entity::prelude::*;

use crate::id::PasswordResetRequestId;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "password_reset_requests")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PasswordResetRequestId,
    /// Normalised.
    pub email: String,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
