//! A one-time link with which a person sets a new password.

use sea_orm::entity::prelude::*;

use crate::id::{PasswordResetId, UserId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "password_resets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PasswordResetId,
    pub user_id: UserId,
    pub token_hash: Vec<u8>,
    pub created_at: Timestamp,
    /// Moved forward to void it before its time.
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
    /// The address that it was used from.
    pub used_from: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
