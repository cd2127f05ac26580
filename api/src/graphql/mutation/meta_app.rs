//! Registering Meta apps, and the secrets with which they sign.

use std::time::Duration;

use async_graphql::{Context, ID, InputObject};
use portaria_domain::meta_app::{self, NewMetaApp};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::meta_app as entity;
use portaria_guard::guarded;
use serde_json::json;

use super::begin;
use crate::error::Result;
use crate::graphql::id::parse;
use crate::graphql::meta_app::MetaApp;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct MetaAppMutation;

impl Subject for MetaAppMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// A Meta app to be let in.
#[derive(InputObject)]
pub struct CreateMetaAppInput {
    /// Last segment of the callback URL: 1 to 64 of a-z, 0-9 and `-`. It is taken once in the whole installation.
    key: String,
    /// What the company calls it.
    name: String,
    /// The app secret, from Meta's dashboard: App settings, Basic. It cannot be read back.
    app_secret: String,
    /// A text of your own choice, to be repeated in Meta's dashboard as "Verify token".
    verify_token: String,
}

/// A new secret of a Meta app.
#[derive(InputObject)]
pub struct RotateMetaAppSecretInput {
    /// Which app (`app_...`).
    meta_app_id: ID,
    /// The new app secret. It cannot be read back.
    app_secret: String,
    /// For how many hours deliveries signed with the old ones are still taken, from 0 to 720.
    #[graphql(default = 24)]
    overlap_hours: u32,
}

/// Which secret of a Meta app.
#[derive(InputObject)]
pub struct EndMetaAppSecretInput {
    /// Which secret (`appsec_...`).
    secret_id: ID,
}

payload! {
    /// What came of registering a Meta app.
    CreateMetaAppPayload [authenticated] {
        /// The app; null when it was refused.
        meta_app: MetaApp
    }
    CreateMetaAppUserError, CreateMetaAppErrorCode {
        /// A name is needed.
        NameMissing = NameMissing at "name",
        /// A key is 1 to 64 of a-z, 0-9 and `-`, and not one that is taken.
        InvalidKey = InvalidKey at "key",
        /// A secret and a verify token are needed, of at least 8 characters.
        SecretTooShort = SecretTooShort,
    }
}

payload! {
    /// What came of replacing the secret of a Meta app.
    RotateMetaAppSecretPayload [authenticated] {
        /// The app; null when it was refused.
        meta_app: MetaApp
    }
    RotateMetaAppSecretUserError, RotateMetaAppSecretErrorCode {
        /// A secret has at least 8 characters.
        SecretTooShort = SecretTooShort at "appSecret",
        /// The old ones are taken for 30 days more at most.
        InvalidPeriod = InvalidPeriod at "overlapHours",
    }
}

payload! {
    /// What came of ending the secret of a Meta app.
    EndMetaAppSecretPayload [authenticated] {
        /// The app; null when it was refused.
        meta_app: MetaApp
    }
    EndMetaAppSecretUserError, EndMetaAppSecretErrorCode {
        /// It has ended already.
        AlreadyEnded = AlreadyEnded at "secretId",
        /// It is the only one that is to stay: without it nothing would be let in.
        LastSecret = LastSecret at "secretId",
    }
}

#[guarded]
impl MetaAppMutation {
    /// Registers a Meta app, so that its webhooks are let in.
    #[requires(ChannelManage)]
    async fn create_meta_app(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The app.")] input: CreateMetaAppInput,
    ) -> Result<CreateMetaAppPayload> {
        let request = Request::of(ctx);
        let outcome = async {
            let change = begin(request, Permission::ChannelManage).await?;
            let new = NewMetaApp {
                workspace_id: change.workspace_id,
                key: &input.key,
                name: &input.name,
                verify_token: &input.verify_token,
                app_secret: &input.app_secret,
            };
            let app = meta_app::create(&change.transaction, &request.installation, new).await?;
            let told = json!({ "key": app.key, "name": app.name });
            change.record("meta_app.created", app.id, (None, Some(told))).await?;
            change.finish().await?;
            as_it_is(request, app).await
        };
        CreateMetaAppPayload::new(outcome.await)
    }

    /// Puts a new app secret in the place of those in use, after it was reset in Meta's dashboard. The old ones are taken for a
    /// while longer, so that nothing is lost meanwhile.
    #[requires(ChannelManage)]
    async fn rotate_meta_app_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new secret.")] input: RotateMetaAppSecretInput,
    ) -> Result<RotateMetaAppSecretPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.meta_app_id)?;
        let overlap = Duration::from_secs(u64::from(input.overlap_hours) * 60 * 60);
        let outcome = async {
            let change = begin(request, Permission::ChannelManage).await?;
            let app = meta_app::find(&change.transaction, change.workspace_id, id).await?;
            let new = (input.app_secret.as_str(), overlap);
            meta_app::rotate_secret(&change.transaction, &request.installation, &app, new).await?;
            let told = json!({ "key": app.key, "overlapHours": input.overlap_hours });
            change.record("meta_app.secret_rotated", app.id, (None, Some(told))).await?;
            change.finish().await?;
            as_it_is(request, app).await
        };
        RotateMetaAppSecretPayload::new(outcome.await)
    }

    /// Ends the secret of a Meta app, in force within five seconds.
    #[requires(ChannelManage)]
    async fn end_meta_app_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which secret.")] input: EndMetaAppSecretInput,
    ) -> Result<EndMetaAppSecretPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.secret_id)?;
        let outcome = async {
            let change = begin(request, Permission::ChannelManage).await?;
            let which = (change.workspace_id, id);
            let ended = meta_app::end_secret(&change.transaction, &request.installation, which).await?;
            let app = meta_app::find(&change.transaction, change.workspace_id, ended.meta_app_id).await?;
            change.record("meta_app.secret_ended", app.id, (None, Some(json!({ "secret": id })))).await?;
            change.finish().await?;
            as_it_is(request, app).await
        };
        EndMetaAppSecretPayload::new(outcome.await)
    }
}

/// An app with its secrets as they are now.
async fn as_it_is(request: &Request, app: entity::Model) -> portaria_domain::Result<Option<MetaApp>> {
    let reader = request.installation.database.reader();
    let all = meta_app::all(reader, app.workspace_id).await?;
    let found = all.into_iter().find(|(row, _)| row.id == app.id);
    let public_url = request.installation.public_url.clone();
    Ok(found.map(|(row, secrets)| MetaApp { row, secrets, public_url }))
}
