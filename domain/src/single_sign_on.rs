//! Single sign-on: somebody proves to an identity provider of a workspace who they are, and the provider tells.
//!
//! A [`Flow`] goes out with the browser, sealed, as the state of OAuth; beginning one writes nothing. What the provider
//! answers counts once ([`answer`]); it is kept for a minute under a code that only works together with the secret that
//! the browser or app was given at the beginning. Talking to the provider is the API's work: what it hands over is an
//! [`Assertion`] that it has verified.
//!
//! A session that comes of it opens the workspace that the provider belongs to, and no other. Who runs a provider can be
//! everybody who is linked to it, there: so such a session has no hand in what a person signs in with elsewhere
//! ([`require_own_account`]).

mod admission;
mod answer;
mod assertion;
mod flow;
mod roles;
mod step_up;

use portaria_entity::id::WorkspaceId;
use portaria_entity::workspace;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::database::Database;
use crate::error::{Error, Refusal, Result};
use crate::identity_provider::{self, ProviderRow};
use crate::installation::Installation;
use crate::viewer::Viewer;

pub use admission::finish;
pub use answer::{Fetching, Returned, accept, hand_over};
pub use assertion::Assertion;
pub use flow::{Beginning, Begun, Flow, Purpose, Want, begin};
pub use step_up::{link, step_up, unlink};

/// A workspace by its id or by its short name.
pub async fn workspace(connection: &impl ConnectionTrait, named: &str) -> Result<workspace::Model> {
    let find = match named.parse::<WorkspaceId>() {
        Ok(id) => workspace::Entity::find_by_id(id),
        Err(_) => workspace::Entity::find().filter(workspace::Column::Slug.eq(named)),
    };
    find.one(connection).await?.ok_or(Error::NotFound)
}

/// By what the people of a workspace may sign in; nothing when there is no such workspace.
pub async fn providers(connection: &impl ConnectionTrait, named: &str) -> Result<Vec<ProviderRow>> {
    match workspace(connection, named).await {
        Ok(workspace) => identity_provider::all(connection, workspace.id).await,
        Err(Error::NotFound) => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

/// Where a browser goes with what came of it, which stands behind the `#`: browsers keep that out of requests.
pub async fn landing(installation: &Installation, flow: &Flow, fragment: &str) -> Result<String> {
    let workspace = crate::workspace::find(installation.database.reader(), flow.workspace_id).await?;
    let base = workspace.front_end_url.as_deref().unwrap_or(&installation.public_url);
    Ok(format!("{}{}#{fragment}", base.trim_end_matches('/'), flow.path))
}

const SHARED: &str = "
SELECT 1 FROM sessions s
JOIN members m ON m.user_id = s.user_id AND m.workspace_id <> s.workspace_id AND m.status <> 'removed'
WHERE s.workspace_id = $1 AND s.id = $2 AND s.confined LIMIT 1";

/// Refuses to touch what an account signs in with, its second factors and their attempts included, in a session that
/// counts in one workspace alone while the account belongs to others too: what one workspace's provider or pages vouch for
/// says nothing there.
pub async fn require_own_account(
    connection: &impl ConnectionTrait,
    database: &Database,
    viewer: &Viewer,
) -> Result<()> {
    let session = viewer.session()?.session_id;
    let statement = database.statement(SHARED, [viewer.workspace_id.0.into(), session.0.into()]);
    match connection.query_one_raw(statement).await? {
        Some(_) => Err(Refusal::SharedAccount.into()),
        None => Ok(()),
    }
}
