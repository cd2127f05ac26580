//! A person with one sign-in, who may be a member of several workspaces.

use sea_orm::entity::prelude::*;

use crate::id::UserId;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    /// As typed.
    pub email: String,
    /// Trimmed and lower-cased: what signs in.
    pub email_normalized: String,
    pub name: String,
    pub locale: String,
    /// Argon2id in PHC form; none until a password is set.
    pub password_hash: Option<String>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
