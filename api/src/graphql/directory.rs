//! A company's directory: what it signs in with, the groups it has sent, and what they stand for.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID};
use portaria_domain::directory::{credential, group, mapping};
use portaria_domain::permission::PermissionSet;
use portaria_domain::role;
use portaria_domain::viewer::Viewer;
use portaria_entity::id::{DirectoryCredentialId, DirectoryGroupId, RoleId};
use portaria_entity::{directory_approval, directory_credential, directory_group, directory_mapping};
use portaria_guard::guarded;

use super::ability::DirectoryCredentialAbilities;
use super::grant::ScopeKind;
use super::member::Member;
use super::role::Role;
use super::team::Team;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// Whether a directory credential can be used.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryCredentialStatus {
    /// It can.
    Active,
    /// It ended by itself.
    Expired,
    /// Somebody ended it.
    Revoked,
}

/// The roles of the workspace by id.
async fn roles(request: &Request) -> Result<HashMap<RoleId, role::RoleRow>> {
    let (reader, workspace) = (request.installation.database.reader(), request.viewer()?.workspace_id);
    Ok(role::all(reader, workspace).await?.into_iter().map(|row| (row.role.id, row)).collect())
}

pub struct DirectoryCredential {
    row: directory_credential::Model,
    approved: Vec<DirectoryApproval>,
}

impl DirectoryCredential {
    /// Puts what they are approved for beside some credentials.
    pub async fn all_of(request: &Request, rows: Vec<directory_credential::Model>) -> Result<Vec<Self>> {
        let (reader, workspace) = (request.installation.database.reader(), request.viewer()?.workspace_id);
        let ids: Vec<DirectoryCredentialId> = rows.iter().map(|row| row.id).collect();
        let roles = roles(request).await?;
        let mut approved: HashMap<DirectoryCredentialId, Vec<DirectoryApproval>> = HashMap::new();
        for row in credential::approvals_of(reader, workspace, &ids).await? {
            if let Some(role) = roles.get(&row.role_id) {
                let role = Role { row: role.clone(), own: false };
                approved.entry(row.credential_id).or_default().push(DirectoryApproval { row, role });
            }
        }
        let with_approvals = |row: directory_credential::Model| {
            let approved = approved.remove(&row.id).unwrap_or_default();
            Self { row, approved }
        };
        Ok(rows.into_iter().map(with_approvals).collect())
    }
}

impl Subject for DirectoryCredential {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// What a company's directory (Entra ID, Okta and the like) uses SCIM with, at `/scim/v2`, in the header
/// `Authorization: Bearer ...`. It opens nothing else. The directory brings people in and lets them go, and gives them what
/// is approved here.
#[guarded]
impl DirectoryCredential {
    /// Starts with `dir_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// What the viewer may do with it now.
    #[authenticated]
    fn viewer_can(&self, ctx: &Context<'_>) -> DirectoryCredentialAbilities {
        let ended = self.row.revoked_at.is_some() || self.row.expires_at <= Request::of(ctx).now;
        DirectoryCredentialAbilities { id: self.row.id, ended }
    }

    /// Which directory it is for.
    #[requires(IntegrationRead)]
    fn name(&self) -> &str {
        &self.row.name
    }

    /// How the token begins, so that people recognise it. The whole is shown once, when it is made.
    #[requires(IntegrationRead)]
    fn prefix(&self) -> &str {
        &self.row.prefix
    }

    /// Whether it can be used.
    #[requires(IntegrationRead)]
    fn status(&self, ctx: &Context<'_>) -> DirectoryCredentialStatus {
        if self.row.revoked_at.is_some() {
            DirectoryCredentialStatus::Revoked
        } else if self.row.expires_at <= Request::of(ctx).now {
            DirectoryCredentialStatus::Expired
        } else {
            DirectoryCredentialStatus::Active
        }
    }

    /// What the directory may give and take, and where. It touches nobody who holds more.
    #[requires(IntegrationRead)]
    fn approved(&self) -> &[DirectoryApproval] {
        &self.approved
    }

    /// Who let the directory in.
    #[requires(IntegrationRead)]
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        Ok(Request::of(ctx).loaders()?.member(self.row.created_by).await?.map(Member))
    }

    /// When it was made.
    #[requires(IntegrationRead)]
    fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// When it ends by itself. What the directory gave, stays.
    #[requires(IntegrationRead)]
    fn expires_at(&self) -> DateTime {
        self.row.expires_at.into()
    }

    /// When it was last used, to the minute; null when never.
    #[requires(IntegrationRead)]
    fn last_used_at(&self) -> Option<DateTime> {
        self.row.last_used_at.map(Into::into)
    }

    /// When somebody ended it; null when nobody did.
    #[requires(IntegrationRead)]
    fn revoked_at(&self) -> Option<DateTime> {
        self.row.revoked_at.map(Into::into)
    }
}

pub struct DirectoryApproval {
    row: directory_approval::Model,
    role: Role,
}

impl Subject for DirectoryApproval {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// A role that a directory may give and take, somewhere.
#[guarded]
impl DirectoryApproval {
    /// The role.
    #[requires(IntegrationRead)]
    fn role(&self) -> &Role {
        &self.role
    }

    /// Where it may be given.
    #[requires(IntegrationRead)]
    fn scope_kind(&self) -> ScopeKind {
        scope_kind(self.row.channel_id.is_some(), self.row.team_id.is_some())
    }

    /// Id of the channel or team it may be given for; null for the whole workspace.
    #[requires(IntegrationRead)]
    fn scope_id(&self) -> Option<ID> {
        self.row.channel_id.map(ID::from).or(self.row.team_id.map(ID::from))
    }
}

fn scope_kind(channel: bool, team: bool) -> ScopeKind {
    match (channel, team) {
        (true, _) => ScopeKind::Channel,
        (false, true) => ScopeKind::Team,
        (false, false) => ScopeKind::Workspace,
    }
}

pub struct DirectoryGroup {
    row: directory_group::Model,
    size: i64,
    mappings: Vec<DirectoryMapping>,
}

impl DirectoryGroup {
    /// Puts what they stand for beside some groups, and how many are in them.
    pub async fn all_of(request: &Request, rows: Vec<directory_group::Model>) -> Result<Vec<Self>> {
        let (reader, workspace) = (request.installation.database.reader(), request.viewer()?.workspace_id);
        let ids: Vec<DirectoryGroupId> = rows.iter().map(|row| row.id).collect();
        let sizes = group::sizes_of(reader, workspace, &ids).await?;
        let mut of: HashMap<DirectoryGroupId, Vec<DirectoryMapping>> = HashMap::new();
        let mappings = mapping::of_groups(reader, workspace, &ids).await?;
        for mapping in DirectoryMapping::all_of(request, mappings).await? {
            of.entry(mapping.row.group_id).or_default().push(mapping);
        }
        let whole = |row: directory_group::Model| Self {
            size: sizes.get(&row.id).copied().unwrap_or(0),
            mappings: of.remove(&row.id).unwrap_or_default(),
            row,
        };
        Ok(rows.into_iter().map(whole).collect())
    }
}

impl Subject for DirectoryGroup {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// A group that the directory keeps. Who is in it gets what the group is mapped to, and nothing without.
#[guarded]
impl DirectoryGroup {
    /// Starts with `dirgroup_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// What the directory calls it.
    #[requires(IntegrationRead)]
    fn display_name(&self) -> &str {
        &self.row.name
    }

    /// Whether it was mapped by its name, and the directory has not sent it yet.
    #[requires(IntegrationRead)]
    fn awaited(&self) -> bool {
        self.row.awaited
    }

    /// How many people the directory has put into it, those included who have not accepted yet.
    #[requires(IntegrationRead)]
    fn size(&self) -> i64 {
        self.size
    }

    /// What it stands for.
    #[requires(IntegrationRead)]
    fn mappings(&self) -> &[DirectoryMapping] {
        &self.mappings
    }
}

pub struct DirectoryMapping {
    row: directory_mapping::Model,
    role: Option<Role>,
}

impl DirectoryMapping {
    /// Puts their roles beside some mappings.
    pub async fn all_of(request: &Request, rows: Vec<directory_mapping::Model>) -> Result<Vec<Self>> {
        let roles = roles(request).await?;
        let with_role = |row: directory_mapping::Model| {
            let role = row.role_id.and_then(|id| roles.get(&id));
            Self { role: role.map(|row| Role { row: row.clone(), own: false }), row }
        };
        Ok(rows.into_iter().map(with_role).collect())
    }
}

impl Subject for DirectoryMapping {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// What a group of the directory stands for: a place in a team, or a role somewhere.
#[guarded]
impl DirectoryMapping {
    /// Starts with `dirmap_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// The team that who is in the group is in; null when it stands for a role.
    #[requires(IntegrationRead)]
    async fn team(&self, ctx: &Context<'_>) -> Result<Option<Team>> {
        match self.row.joins_team_id {
            Some(id) => Ok(Request::of(ctx).loaders()?.team(id).await?.map(Team)),
            None => Ok(None),
        }
    }

    /// The role that who is in the group holds; null when it stands for a team.
    #[requires(IntegrationRead)]
    fn role(&self) -> Option<&Role> {
        self.role.as_ref()
    }

    /// Where the role holds; null without one.
    #[requires(IntegrationRead)]
    fn scope_kind(&self) -> Option<ScopeKind> {
        self.row.role_id.map(|_| scope_kind(self.row.channel_id.is_some(), self.row.team_id.is_some()))
    }

    /// Id of the channel or team the role holds for; null for the whole workspace, and without a role.
    #[requires(IntegrationRead)]
    fn scope_id(&self) -> Option<ID> {
        self.row.channel_id.map(ID::from).or(self.row.team_id.map(ID::from))
    }

    /// Who said so.
    #[requires(IntegrationRead)]
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        Ok(Request::of(ctx).loaders()?.member(self.row.created_by).await?.map(Member))
    }

    /// When.
    #[requires(IntegrationRead)]
    fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }
}
