//! How a number sends: which process does it, how fast, and whether it is stopped.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ChannelId, WorkspaceId};
use crate::time::Timestamp;

/// Why nothing is sent from a number.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StopReason {
    /// The access token is not good any more.
    Token,
    /// The token may not send from this number.
    Permission,
    /// Meta has locked or restricted the account.
    Restricted,
    /// Payment is missing.
    Payment,
    /// The number is not registered, or is gone.
    NotRegistered,
    /// Too many customers complained.
    Spam,
    /// Somebody stopped it.
    ByHand,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channel_sending")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: ChannelId,
    /// The process that sends from it.
    pub holder: Option<String>,
    pub leased_until: Option<Timestamp>,
    pub messages_per_second: i32,
    /// Until then nothing goes out, as Meta asked.
    pub slowed_until: Option<Timestamp>,
    pub stopped_at: Option<Timestamp>,
    pub stop_reason: Option<StopReason>,
    /// Meta's code.
    pub stop_code: Option<i64>,
    /// When it is tried again whether it is still stopped.
    pub next_probe_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
