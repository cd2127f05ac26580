//! Letting a directory in, shutting it out, and saying what its groups stand for.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::directory::credential::{self, NewCredential};
use portaria_domain::directory::mapping::{self, GroupRef, Meaning};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use crate::error::{Problem, Result};
use crate::graphql::directory::{DirectoryCredential, DirectoryMapping};
use crate::graphql::grant::GrantScopeInput;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::graphql::time::DateTime;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct DirectoryMutation;

impl Subject for DirectoryMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// A role that a directory may give and take, and where.
#[derive(InputObject)]
pub struct DirectoryApprovalInput {
    /// Which role (`role_...`).
    role_id: ID,
    /// Where it may be given.
    scope: GrantScopeInput,
}

/// Which directory is let in, for what, and until when.
#[derive(InputObject)]
pub struct CreateDirectoryCredentialInput {
    /// Which directory it is for, in at most 100 characters.
    name: String,
    /// What the directory may give and take: at least one.
    approved: Vec<DirectoryApprovalInput>,
    /// When the credential ends by itself: at most 366 days from now.
    expires_at: DateTime,
}

pub struct CreatedDirectoryCredential {
    token: String,
    credential: DirectoryCredential,
}

/// A directory credential that has just been made.
#[guarded]
impl CreatedDirectoryCredential {
    /// The token: `ptr_dir_`, 43 random characters and a checksum of 6. Shown this once; it goes into the directory's settings.
    #[authenticated]
    fn token(&self) -> &str {
        &self.token
    }

    /// What is kept of it.
    #[authenticated]
    fn directory_credential(&self) -> &DirectoryCredential {
        &self.credential
    }
}

payload! {
    /// What came of letting a directory in.
    CreateDirectoryCredentialPayload [authenticated] {
        /// The new credential; null when it was refused.
        created: CreatedDirectoryCredential
    }
    CreateDirectoryCredentialUserError, CreateDirectoryCredentialErrorCode {
        /// The viewer does not hold there what this would let the directory give.
        NotHeld = NotHeld at "approved",
        /// The viewer does not hold it for good, and what a directory gives does not end by itself.
        OutlastsGranter = OutlastsGranter at "approved",
        /// Nothing is approved, or a role allows nothing in its scope.
        NothingConferred = NothingConferred at "approved",
        /// It would have ended already.
        InvalidPeriod = InvalidPeriod at "expiresAt",
        /// It would last for more than 366 days.
        EndsTooLate = EndsTooLate at "expiresAt",
        /// A name is needed.
        NameMissing = NameMissing at "name",
    }
}

/// Which credential.
#[derive(InputObject)]
pub struct RevokeDirectoryCredentialInput {
    /// Which credential (`dir_...`).
    directory_credential_id: ID,
}

payload! {
    /// What came of shutting a directory out.
    RevokeDirectoryCredentialPayload [authenticated] {
        /// The credential, ended; null when it was refused.
        directory_credential: DirectoryCredential
    }
    RevokeDirectoryCredentialUserError, RevokeDirectoryCredentialErrorCode {
        /// It is approved for what the viewer does not hold.
        HoldsMore = HoldsMore at "directoryCredentialId",
        /// It has ended already.
        AlreadyEnded = AlreadyEnded at "directoryCredentialId",
    }
}

/// Which group, and what it stands for: a team, or a role in a scope.
#[derive(InputObject)]
pub struct MapDirectoryGroupInput {
    /// Which group (`dirgroup_...`), if the directory has sent it.
    group_id: Option<ID>,
    /// Which group by its name, whether or not the directory has sent it yet. Instead of `groupId`.
    display_name: Option<String>,
    /// The team that who is in the group shall be in (`team_...`).
    team_id: Option<ID>,
    /// The role that who is in the group shall hold (`role_...`). Instead of `teamId`.
    role_id: Option<ID>,
    /// Where the role shall hold. Only with `roleId`.
    scope: Option<GrantScopeInput>,
}

impl MapDirectoryGroupInput {
    fn group(&self) -> Result<GroupRef<'_>> {
        match (&self.group_id, &self.display_name) {
            (Some(id), None) => Ok(GroupRef::Id(parse(id)?)),
            (None, Some(name)) => Ok(GroupRef::Name(name)),
            (Some(_), Some(_)) | (None, None) => {
                Err(Problem::BadUserInput("Either `groupId` or `displayName` says which group.".to_owned()))
            }
        }
    }

    fn meaning(&self) -> Result<Meaning> {
        match (&self.team_id, &self.role_id, &self.scope) {
            (Some(team), None, None) => Ok(Meaning::Team(parse(team)?)),
            (None, Some(role), Some(scope)) => Ok(Meaning::Role(parse(role)?, scope.parse()?)),
            _ => Err(Problem::BadUserInput("Either `teamId`, or `roleId` with `scope`.".to_owned())),
        }
    }
}

payload! {
    /// What came of mapping a group.
    MapDirectoryGroupPayload [authenticated] {
        /// What the group now stands for; null when it was refused.
        mapping: DirectoryMapping
    }
    MapDirectoryGroupUserError, MapDirectoryGroupErrorCode {
        /// The viewer does not hold there what this would give.
        NotHeld = NotHeld,
        /// The viewer does not hold it for good, and what a group gives does not end by itself.
        OutlastsGranter = OutlastsGranter,
        /// The role allows nothing in that scope.
        NothingConferred = NothingConferred at "scope",
        /// No directory credential is approved for that.
        NotApproved = NotApproved,
        /// The group stands for that already.
        AlreadyActive = AlreadyActive,
    }
}

/// Which mapping.
#[derive(InputObject)]
pub struct UnmapDirectoryGroupInput {
    /// Which mapping (`dirmap_...`).
    mapping_id: ID,
}

payload! {
    /// What came of ending what a group stands for.
    UnmapDirectoryGroupPayload [authenticated] {
        /// What the group no longer stands for; null when it was refused.
        mapping: DirectoryMapping
    }
    UnmapDirectoryGroupUserError, UnmapDirectoryGroupErrorCode {
        /// The viewer has something by this themselves.
        OwnAccess = OwnAccess at "mappingId",
        /// Somebody who has something by this holds what the viewer does not.
        HoldsMore = HoldsMore at "mappingId",
        /// The workspace would be left without an administrator for good.
        LastAdministrator = LastAdministrator at "mappingId",
        /// It has ended already.
        AlreadyEnded = AlreadyEnded at "mappingId",
    }
}

#[guarded]
impl DirectoryMutation {
    /// Lets a company's directory in by SCIM, to bring people in and let them go. It gives the roles approved here and no
    /// others, and touches nobody who holds more; it reads everybody's address. One approves what one holds there for good.
    /// Needs `member:manage`, `member:read_private` and `role:assign` too.
    #[requires(IntegrationManage)]
    async fn create_directory_credential(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which directory is let in, for what, and until when.")]
        input: CreateDirectoryCredentialInput,
    ) -> Result<CreateDirectoryCredentialPayload> {
        let request = Request::of(ctx);
        let mut approved = Vec::new();
        for approval in &input.approved {
            approved.push((parse(&approval.role_id)?, approval.scope.parse()?));
        }
        let new = NewCredential { name: &input.name, approved: &approved, expires_at: input.expires_at.0 };
        let outcome = async {
            let mut change = begin(request, Permission::IntegrationManage).await?;
            let created = credential::create(&mut change, new).await?;
            change.finish().await?;
            let token = created.token.reveal().to_owned();
            let credential = DirectoryCredential::all_of(request, vec![created.credential]).await?.pop();
            Ok(credential.map(|credential| CreatedDirectoryCredential { token, credential }))
        };
        CreateDirectoryCredentialPayload::new(outcome.await)
    }

    /// Shuts a directory out, in force at once. What it gave stays; whom it has asked and who has not accepted yet can only
    /// do so while another credential is in force.
    #[requires(IntegrationManage)]
    async fn revoke_directory_credential(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which credential.")] input: RevokeDirectoryCredentialInput,
    ) -> Result<RevokeDirectoryCredentialPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.directory_credential_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::IntegrationManage).await?;
            let row = credential::revoke(&mut change, id).await?;
            change.finish().await?;
            Ok(DirectoryCredential::all_of(request, vec![row]).await?.pop())
        };
        RevokeDirectoryCredentialPayload::new(outcome.await)
    }

    /// Says what a group of the directory stands for, from now on and for all who are in it. That is granting it to whoever
    /// the directory puts there: one needs to hold it for good, and a credential must be approved for it. Needs
    /// `member:manage`, `member:read_private` and `role:assign` too, for a team also `team:manage`.
    #[requires(IntegrationManage)]
    async fn map_directory_group(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which group, and what it stands for.")] input: MapDirectoryGroupInput,
    ) -> Result<MapDirectoryGroupPayload> {
        let request = Request::of(ctx);
        let (group, meaning) = (input.group()?, input.meaning()?);
        let outcome = async {
            let mut change = begin(request, Permission::IntegrationManage).await?;
            let row = mapping::map(&mut change, group, meaning).await?;
            change.finish().await?;
            Ok(DirectoryMapping::all_of(request, vec![row]).await?.pop())
        };
        MapDirectoryGroupPayload::new(outcome.await)
    }

    /// Ends what a group of the directory stands for, with everything that came of it.
    #[requires(IntegrationManage)]
    async fn unmap_directory_group(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which mapping.")] input: UnmapDirectoryGroupInput,
    ) -> Result<UnmapDirectoryGroupPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.mapping_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::IntegrationManage).await?;
            let row = mapping::unmap(&mut change, id).await?;
            change.finish().await?;
            Ok(DirectoryMapping::all_of(request, vec![row]).await?.pop())
        };
        UnmapDirectoryGroupPayload::new(outcome.await)
    }
}
