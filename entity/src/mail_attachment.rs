//! What goes along with a mail.

use sea_orm::entity::prelude::*;

use crate::id::OutgoingMailId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_attachments")]
pub struct Model {
    /// The mail's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OutgoingMailId,
    pub name: String,
    pub media_type: String,
    pub content: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
