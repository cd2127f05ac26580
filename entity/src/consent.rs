//! What a customer wants of messages of a kind, as they or somebody for them said at one time.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ConsentId, ContactId, MemberId, WorkspaceId};
use crate::time::Timestamp;

/// What the consent is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ConsentTopic {
    Marketing,
}

/// Whether they want it. The order decides between two of the same second: a refusal counts.
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
pub enum ConsentChoice {
    Granted,
    Withdrawn,
}

/// How it became known.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ConsentSource {
    /// They chose it in WhatsApp.
    Whatsapp,
    /// WhatsApp did not deliver, because they want no more.
    Undelivered,
    /// Somebody of the company put it down.
    Recorded,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConsentId,
    pub contact_id: ContactId,
    pub topic: ConsentTopic,
    pub choice: ConsentChoice,
    pub source: ConsentSource,
    /// Where or how they said it, for what somebody put down.
    pub note: Option<String>,
    pub recorded_by: Option<MemberId>,
    /// When they said it.
    pub stated_at: Timestamp,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
