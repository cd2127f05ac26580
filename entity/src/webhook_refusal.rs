//! How many webhook requests were refused in a minute, by cause.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RefusalCause {
    /// No such app is registered.
    UnknownApp,
    MissingSignature,
    MalformedSignature,
    /// By none of the secrets that are known.
    WrongSignature,
    /// By a secret of another app of the workspace, or by one that has ended.
    AnotherSecret,
    /// It fits the body with other characters escaped: something on the way has written the body again.
    ReescapedBody,
    /// A trusted proxy tells of another client certificate than Meta's, or of none while one is required.
    ClientCertificate,
    /// Of the handshake by which Meta makes sure of the address.
    WrongVerifyToken,
    TooLarge,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_refusals")]
pub struct Model {
    /// Start of the minute.
    #[sea_orm(primary_key, auto_increment = false)]
    pub minute: Timestamp,
    /// Empty when no such app is registered.
    #[sea_orm(primary_key, auto_increment = false)]
    pub app_key: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub cause: RefusalCause,
    pub count: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
