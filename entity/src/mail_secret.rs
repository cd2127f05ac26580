//! What a letter keeps apart from its text until it is sent, such as the token of its link.

use sea_orm::entity::prelude::*;

use crate::id::OutgoingMailId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_secrets")]
pub struct Model {
    /// The mail's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OutgoingMailId,
    /// Bound to the mail's id.
    pub sealed_secret: Vec<u8>,
    pub sealing_key: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
