//! A passkey that a person has registered: a key of theirs, kept by their device, that proves who they are.

use sea_orm::entity::prelude::*;

use crate::id::{PasskeyId, UserId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "passkeys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PasskeyId,
    pub user_id: UserId,
    /// The device's name for it.
    pub credential_id: Vec<u8>,
    /// Public key, counter and state of backup, as JSON. Nothing in it is secret.
    pub credential: String,
    /// The host whose pages may use it.
    pub rp_id: String,
    /// What the person calls it.
    pub name: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
