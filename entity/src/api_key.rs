//! A key with which a program uses the API: a principal of the workspace with grants of its own.

use sea_orm::entity::prelude::*;

use crate::id::{ApiKeyId, MemberId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    pub name: String,
    /// How the key begins, so that people recognise it.
    pub prefix: String,
    /// SHA-256 of the key, which is shown once.
    pub token_hash: Vec<u8>,
    pub created_by: MemberId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub revoked_by: Option<MemberId>,
    /// SHA-256 of the secret that was replaced, good until `previous_ends_at`.
    pub previous_token_hash: Option<Vec<u8>>,
    pub previous_ends_at: Option<Timestamp>,
    /// Networks that it may be used from, separated by spaces; empty: any.
    pub allowed_addresses: String,
    pub last_used_address: Option<String>,
    pub last_used_agent: Option<String>,
    /// How often it was tried from another address, and when and where last.
    pub refused_count: i64,
    pub last_refused_at: Option<Timestamp>,
    pub last_refused_address: Option<String>,
    /// Who gave it the secret that it has, when that is not who made it.
    pub rotated_by: Option<MemberId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
