//! A message that Portaria itself sends, on its way to Meta.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ChannelId, ConversationId, MessageId, TemplateId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SendState {
    /// It waits for its turn.
    Queued,
    /// The request may be on its way.
    Sending,
    /// Meta has taken it.
    Accepted,
    /// The request may have come through or not: a status will tell.
    Unclear,
    /// No status told for so long that its author has to know. It is never sent again by itself.
    Undecided,
    /// It was not taken, and will not be.
    Refused,
    /// It was called back before it went out.
    Cancelled,
}

/// By which of Meta's categories it is charged.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    strum::IntoStaticStr,
    strum::EnumString,
    VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MessageCategory {
    /// Anything but a template.
    Service,
    Utility,
    Marketing,
    Authentication,
}

/// Why a message was not sent, or did not arrive.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SendFailure {
    /// More than a day since the customer last wrote.
    WindowClosed,
    /// The customer wants no marketing.
    MarketingStopped,
    /// Meta holds marketing to this customer back, to keep them from too much of it.
    MarketingHeldBack,
    /// There is no WhatsApp there, or it cannot take the message.
    Undeliverable,
    /// WhatsApp knows no address of theirs that would do.
    NotAddressable,
    /// The template is paused, disabled, or not there.
    TemplateUnusable,
    /// The values do not fit the template.
    TemplateValues,
    /// The file was not taken.
    Media,
    /// Meta does not take the message as it is.
    Invalid,
    /// Too much was sent, for too long.
    RateLimited,
    /// The number or account may not send.
    NumberStopped,
    /// Payment is missing.
    Payment,
    /// Who wrote it may no longer send it.
    NotPermitted,
    /// It waited for too long.
    Expired,
    /// WhatsApp was out of order for too long.
    Unavailable,
    /// Meta gave a reason that is not known.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outgoing_messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    /// The message, and what goes along to Meta to know its statuses by.
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: MessageId,
    pub conversation_id: ConversationId,
    pub channel_id: ChannelId,
    /// The member or API key that sends it: each has idempotency keys of its own.
    pub sender_id: Uuid,
    pub idempotency_key: String,
    /// Of everything that was asked for: two that differ are not one.
    pub content_hash: Vec<u8>,
    pub category: MessageCategory,
    pub template_id: Option<TemplateId>,
    pub state: SendState,
    pub attempts: i32,
    pub next_attempt_at: Timestamp,
    /// How long whoever sends it may take.
    pub leased_until: Option<Timestamp>,
    /// When the request that counts was begun.
    pub begun_at: Option<Timestamp>,
    /// When its fate was known.
    pub settled_at: Option<Timestamp>,
    pub failure: Option<SendFailure>,
    /// Meta's code.
    pub failure_code: Option<i64>,
    /// What Meta said of it.
    pub failure_details: Option<String>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
