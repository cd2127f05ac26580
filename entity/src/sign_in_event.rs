//! One attempt to sign in, whatever came of it.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{SignInEventId, UserId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SignInOutcome {
    Succeeded,
    UnknownEmail,
    WrongPassword,
    NoPassword,
    NotAMember,
    /// The password was right; a code was needed and not given.
    SecondFactorMissing,
    /// The password or session was right, the code was not.
    WrongCode,
    /// Not looked at, after too many wrong codes.
    Throttled,
    /// A passkey that nobody has here.
    UnknownPasskey,
    /// A passkey that did not prove what was asked.
    WrongPasskey,
    /// A passkey that counts backwards: there may be a copy of it.
    PasskeyCopied,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SignInEventId,
    pub at: Timestamp,
    /// None: no such account.
    pub user_id: Option<UserId>,
    /// The workspace that was signed in to.
    pub workspace_id: Option<WorkspaceId>,
    /// As attempted, normalised and cut to 254 characters.
    pub email: String,
    pub outcome: SignInOutcome,
    pub address: String,
    /// The connection that the address is of: an IPv6 address's first 64 bits, an IPv4 address itself.
    pub network: String,
    pub user_agent: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
