//! What a device has been asked to sign, once, and for what.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{PasskeyChallengeId, SessionId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ChallengePurpose {
    Registration,
    SignIn,
    StepUp,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "passkey_challenges")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PasskeyChallengeId,
    pub purpose: ChallengePurpose,
    /// The session that asked; none of who signs in.
    pub session_id: Option<SessionId>,
    /// The page that the answer must come from.
    pub origin: String,
    /// Who asked.
    pub address: String,
    /// What the answer is checked against, as JSON.
    pub state: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
