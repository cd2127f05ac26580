//! What somebody should know at once.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{AlertId, ChannelId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AlertKind {
    /// Deliveries of an app are turned away because their signature does not fit.
    WebhookRefused,
    /// A delivery was longer than is taken.
    WebhookTooLarge,
    /// A delivery was set aside: it failed too often.
    DeliveryDead,
    /// Deliveries wait longer than they should.
    DeliveriesLagging,
    /// Something came for a number or account that is not this workspace's.
    ForeignNumber,
    /// Meta restricted, disabled or removed the account, or warns of it.
    AccountRestricted,
    /// Something else about the account changed.
    AccountChanged,
    /// The quality, limit or name of a number changed.
    NumberChanged,
    /// A PIN was changed or asked for.
    SecurityEvent,
    /// Something about payment changed, or is missing.
    PaymentEvent,
    /// A template was paused, disabled, rejected or put into another category.
    TemplateChanged,
    /// History or contacts of a number could not be taken over.
    SyncRefused,
    /// Two contacts seem to be one person.
    ContactsConflict,
    /// A customer waits, and nobody may take the conversation.
    WaitingTooLong,
    /// A target for the first response or the resolution is about to be missed.
    TargetAtRisk,
    /// Nothing is sent from a number any more.
    SendingStopped,
    /// A file that came, or was to go out, is harmful.
    FileInfected,
    /// Files of a number cannot be fetched: its token is missing or not taken.
    FilesWaiting,
    /// An endpoint of notifications took nothing for days, or is no more.
    EndpointDisabled,
}

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
pub enum AlertSeverity {
    /// Good to know.
    Notice,
    /// Something will go wrong unless somebody acts.
    Warning,
    /// Something does go wrong.
    Critical,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alerts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AlertId,
    pub kind: AlertKind,
    /// What it is about, as distinct from others of its kind. Never content, never a phone number.
    pub cause: String,
    pub severity: AlertSeverity,
    pub channel_id: Option<ChannelId>,
    /// JSON object of what its words need.
    pub details: String,
    pub opened_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub occurrences: i64,
    pub mailed_at: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
