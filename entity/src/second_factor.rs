//! An authenticator app that a person has set up, or is about to.

use sea_orm::entity::prelude::*;

use crate::id::{SecondFactorId, UserId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "second_factors")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SecondFactorId,
    pub user_id: UserId,
    /// The shared secret, sealed and bound to this id.
    pub sealed_secret: Vec<u8>,
    pub sealing_key: String,
    pub created_at: Timestamp,
    /// None: no code of it has been given yet.
    pub confirmed_at: Option<Timestamp>,
    /// The newest time step whose code was used: it and those before it are worth nothing any more.
    pub last_step: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
