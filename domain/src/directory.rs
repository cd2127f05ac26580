//! A company's directory (Entra ID, Okta, Keycloak and the like) creates and removes access, as people come and go.
//!
//! A directory acts with a credential that people have approved for some roles. It gives what is approved, touches nobody
//! who holds more, and its power ends at the members of its workspace. Whom it brings in becomes a member when they
//! accept, proving an account that they have already: until then they are pending, and no account is anybody's. What its
//! groups stand for is said here, by mappings, not there.

pub mod credential;
pub mod group;
mod letter;
pub mod mapping;
pub mod profile;
mod settling;
pub mod user;

use portaria_entity::id::{DirectoryCredentialId, WorkspaceId};

use crate::error::{Refusal, Result};
use crate::granting::{Authority, Change};
use crate::installation::Installation;
use crate::permission::Permission;

/// What it takes to let a directory in, and to say what its groups stand for: whoever may, may do all that a directory does,
/// which reads everybody's address.
pub const REQUIRED: [Permission; 4] = [
    Permission::IntegrationManage,
    Permission::MemberManage,
    Permission::RoleAssign,
    Permission::MemberReadPrivate,
];

/// A directory that asks for something, by one of its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    pub workspace_id: WorkspaceId,
    pub credential_id: DirectoryCredentialId,
    /// From where, if that is known.
    pub address: Option<String>,
}

/// Begins a change by a directory, whose credential is looked at again where nothing changes meanwhile.
pub async fn begin<'a>(installation: &'a Installation, directory: &'a Directory) -> Result<Change<'a>> {
    let authority = Authority::Directory(Some(directory));
    let change = Change::begin(installation, directory.workspace_id, authority).await?;
    if credential::is_in_force(&change, directory.credential_id).await? {
        Ok(change)
    } else {
        Err(Refusal::AlreadyEnded.into())
    }
}

/// Refuses who may not let directories in or say what their groups stand for.
fn require(change: &Change<'_>) -> Result<()> {
    REQUIRED.iter().try_for_each(|permission| change.require(*permission))
}
