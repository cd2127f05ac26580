//! API keys: what programs use the API with.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID};
use portaria_domain::api_key;
use portaria_domain::permission::PermissionSet;
use portaria_domain::role;
use portaria_domain::viewer::{Principal, Viewer};
use portaria_entity::id::{ApiKeyId, RoleId};
use portaria_entity::{api_key as api_key_entity, api_key_grant};
use portaria_guard::guarded;

use super::ability::ApiKeyAbilities;
use super::grant::ScopeKind;
use super::least_privilege::LeastPrivilege;
use super::member::Member;
use super::permission_use::PermissionUse;
use super::role::Role;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// Whether a key can be used.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum ApiKeyStatus {
    /// It can.
    Active,
    /// It ended by itself.
    Expired,
    /// Somebody ended it.
    Revoked,
}

pub struct ApiKey {
    row: api_key_entity::Model,
    grants: Vec<ApiKeyGrant>,
}

impl ApiKey {
    /// Puts their grants beside some keys.
    pub async fn all_of(request: &Request, rows: Vec<api_key_entity::Model>) -> Result<Vec<Self>> {
        let (reader, workspace) = (request.installation.database.reader(), request.viewer()?.workspace_id);
        let ids: Vec<ApiKeyId> = rows.iter().map(|row| row.id).collect();
        let roles: HashMap<RoleId, role::RoleRow> =
            role::all(reader, workspace).await?.into_iter().map(|row| (row.role.id, row)).collect();
        let mut grants: HashMap<ApiKeyId, Vec<ApiKeyGrant>> = HashMap::new();
        for row in api_key::grants_of(reader, workspace, &ids).await? {
            if let Some(role) = roles.get(&row.role_id) {
                let role = Role { row: role.clone(), own: is_own(row.api_key_id, request.viewer()?) };
                grants.entry(row.api_key_id).or_default().push(ApiKeyGrant { row, role });
            }
        }
        let with_grants = |row: api_key_entity::Model| {
            let grants = grants.remove(&row.id).unwrap_or_default();
            Self { row, grants }
        };
        Ok(rows.into_iter().map(with_grants).collect())
    }
}

fn is_own(key: ApiKeyId, viewer: &Viewer) -> bool {
    matches!(viewer.principal, Principal::ApiKey(own) if own == key)
}

impl Subject for ApiKey {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }

    fn is_self(&self, viewer: &Viewer) -> bool {
        is_own(self.row.id, viewer)
    }
}

/// A key with which a program uses the API, in the header `Authorization: Bearer ...`. It belongs to the workspace, not to
/// who made it, and holds nothing that is sensitive, whatever its roles allow.
#[guarded]
impl ApiKey {
    /// Starts with `key_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// What the viewer may do with it now.
    #[authenticated]
    fn viewer_can(&self) -> ApiKeyAbilities {
        ApiKeyAbilities(self.row.id)
    }

    /// What it is for.
    #[requires(ApiKeyRead, or_self)]
    fn name(&self) -> &str {
        &self.row.name
    }

    /// How the key itself begins, so that people recognise it. The whole is shown once, when it is made.
    #[requires(ApiKeyRead, or_self)]
    fn prefix(&self) -> &str {
        &self.row.prefix
    }

    /// Whether it can be used.
    #[requires(ApiKeyRead, or_self)]
    fn status(&self, ctx: &Context<'_>) -> ApiKeyStatus {
        if self.row.revoked_at.is_some() {
            ApiKeyStatus::Revoked
        } else if self.row.expires_at <= Request::of(ctx).now {
            ApiKeyStatus::Expired
        } else {
            ApiKeyStatus::Active
        }
    }

    /// What it may do, and where.
    #[requires(ApiKeyRead, or_self)]
    fn grants(&self) -> &[ApiKeyGrant] {
        &self.grants
    }

    /// Who made it.
    #[requires(ApiKeyRead)]
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        Ok(Request::of(ctx).loaders()?.member(self.row.created_by).await?.map(Member))
    }

    /// When it was made.
    #[requires(ApiKeyRead, or_self)]
    fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// When it ends by itself.
    #[requires(ApiKeyRead, or_self)]
    fn expires_at(&self) -> DateTime {
        self.row.expires_at.into()
    }

    /// When it was last used, to the minute; null when never.
    #[requires(ApiKeyRead, or_self)]
    fn last_used_at(&self) -> Option<DateTime> {
        self.row.last_used_at.map(Into::into)
    }

    /// The address that it was last used from, to the minute; null when it is not known.
    #[requires(ApiKeyRead, or_self)]
    fn last_used_address(&self) -> Option<&str> {
        self.row.last_used_address.as_deref()
    }

    /// What it was last used with, in that program's own words; null when it is not known. A stranger's text: show it as such.
    #[requires(ApiKeyRead, or_self)]
    fn last_used_agent(&self) -> Option<&str> {
        self.row.last_used_agent.as_deref()
    }

    /// Where it may be used from: addresses and networks in CIDR notation; empty when from anywhere.
    #[requires(ApiKeyRead, or_self)]
    fn allowed_addresses(&self) -> Vec<&str> {
        self.row.allowed_addresses.split_whitespace().collect()
    }

    /// How often it was tried from elsewhere, and refused, to the minute.
    #[requires(ApiKeyRead)]
    fn refused_count(&self) -> i32 {
        i32::try_from(self.row.refused_count).unwrap_or(i32::MAX)
    }

    /// When it was last tried from elsewhere; null when never.
    #[requires(ApiKeyRead)]
    fn last_refused_at(&self) -> Option<DateTime> {
        self.row.last_refused_at.map(Into::into)
    }

    /// From which address that was; null when never.
    #[requires(ApiKeyRead)]
    fn last_refused_address(&self) -> Option<&str> {
        self.row.last_refused_address.as_deref()
    }

    /// Until when the secret before the last rotation can still be used; null when it cannot.
    #[requires(ApiKeyRead, or_self)]
    fn previous_secret_ends_at(&self, ctx: &Context<'_>) -> Option<DateTime> {
        let now = Request::of(ctx).now;
        self.row.previous_ends_at.filter(|at| *at > now && self.row.revoked_at.is_none()).map(Into::into)
    }

    /// Which of its permissions it has used, since uses are recorded.
    #[requires(AccessAuditRead, or_self)]
    async fn permission_uses(&self, ctx: &Context<'_>) -> Result<Vec<PermissionUse>> {
        let uses = Request::of(ctx).loaders()?.advice.uses_of_api_key(self.row.id).await?;
        Ok(uses.iter().copied().map(PermissionUse).collect())
    }

    /// Which of its permissions it used lately, and what would have sufficed; null when it has ended.
    #[requires(AccessAuditRead)]
    async fn least_privilege(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many days are looked at, from 30 to 366; 90 if not said.")] days: Option<i32>,
    ) -> Result<Option<LeastPrivilege>> {
        let lookback = LeastPrivilege::lookback(days)?;
        let found = Request::of(ctx).loaders()?.advice.of_api_key(self.row.id, lookback).await?;
        Ok(found.map(LeastPrivilege))
    }

    /// When somebody ended it; null when nobody did.
    #[requires(ApiKeyRead, or_self)]
    fn revoked_at(&self) -> Option<DateTime> {
        self.row.revoked_at.map(Into::into)
    }
}

pub struct ApiKeyGrant {
    row: api_key_grant::Model,
    role: Role,
}

impl Subject for ApiKeyGrant {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }

    fn is_self(&self, viewer: &Viewer) -> bool {
        is_own(self.row.api_key_id, viewer)
    }
}

/// A role held by an API key, somewhere, for as long as the key lasts.
#[guarded]
impl ApiKeyGrant {
    /// Starts with `grant_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// The role. What of it is sensitive, the key does not hold.
    #[requires(ApiKeyRead, or_self)]
    fn role(&self) -> &Role {
        &self.role
    }

    /// Where it holds.
    #[requires(ApiKeyRead, or_self)]
    fn scope_kind(&self) -> ScopeKind {
        match (self.row.channel_id, self.row.team_id) {
            (Some(_), _) => ScopeKind::Channel,
            (None, Some(_)) => ScopeKind::Team,
            (None, None) => ScopeKind::Workspace,
        }
    }

    /// Id of the channel or team it holds for; null for the whole workspace.
    #[requires(ApiKeyRead, or_self)]
    fn scope_id(&self) -> Option<ID> {
        self.row.channel_id.map(ID::from).or(self.row.team_id.map(ID::from))
    }
}
