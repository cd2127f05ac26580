//! What a customer or the company said.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ApiKeyId, ChannelId, ConversationId, MemberId, MessageId, WebhookDeliveryId, WorkspaceId};
use crate::outgoing_message::SendState;
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Direction {
    Inbound,
    Outbound,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeliveryStatus {
    None,
    Sent,
    Delivered,
    Read,
    Played,
    Failed,
}

impl DeliveryStatus {
    /// A status never goes back; a failure is final.
    pub fn rank(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Sent => 1,
            Self::Delivered => 2,
            Self::Read => 3,
            Self::Played => 4,
            Self::Failed => 5,
        }
    }

    pub fn is_further_than(self, other: Self) -> bool {
        self.rank() > other.rank()
    }
}

/// How Portaria came to know of a message, the least telling first.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    strum::IntoStaticStr,
    VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MessageSource {
    /// From what was said before the number was connected.
    History,
    /// What another application sent while it held the conversation.
    StandbyEcho,
    /// What was said while another application held the conversation.
    Standby,
    /// Sent from the WhatsApp Business app.
    Echo,
    /// Said to us, or sent by us.
    Live,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub channel_id: ChannelId,
    pub direction: Direction,
    /// Meta's id. It contains the phone number: personal data. Until Meta has given one, the message's own id.
    pub whatsapp_id: String,
    /// Meta's message type, e.g. `text` or one not yet known.
    pub kind: String,
    /// What a person would read: text, caption, title, place.
    pub body: Option<String>,
    /// The message as Meta sent it, whole.
    pub payload: String,
    pub reply_to_whatsapp_id: Option<String>,
    /// Who of the company wrote it.
    pub author_id: Option<MemberId>,
    /// When WhatsApp says it was sent.
    pub sent_at: Timestamp,
    /// When Portaria stored it.
    pub received_at: Timestamp,
    pub status: DeliveryStatus,
    pub status_at: Option<Timestamp>,
    pub edited_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub source: MessageSource,
    /// The delivery that told of it first.
    pub delivery_id: Option<WebhookDeliveryId>,
    /// The API key that wrote it, where no member did.
    pub author_key_id: Option<ApiKeyId>,
    /// Where it is on its way to Meta; none for what Portaria did not send.
    pub sending: Option<SendState>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
