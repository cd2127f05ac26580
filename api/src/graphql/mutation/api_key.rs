//! Making API keys and ending them.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::api_key::{self, NewApiKey};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use crate::error::{Problem, Result};
use crate::graphql::api_key::ApiKey;
use crate::graphql::grant::GrantScopeInput;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::graphql::time::DateTime;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct ApiKeyMutation;

impl Subject for ApiKeyMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// A role for a key, and where it shall hold.
#[derive(InputObject)]
pub struct ApiKeyGrantInput {
    /// Which role (`role_...`).
    role_id: ID,
    /// Where it holds.
    scope: GrantScopeInput,
}

/// What the key is for, what it may do, and until when.
#[derive(InputObject)]
pub struct CreateApiKeyInput {
    /// What it is for, in at most 100 characters.
    name: String,
    /// What it may do, and where: at least one.
    grants: Vec<ApiKeyGrantInput>,
    /// When it ends by itself: at most 366 days from now.
    expires_at: DateTime,
    /// Where it may be used from: at most 50 addresses or networks in CIDR notation (`203.0.113.0/24`). From anywhere if none.
    #[graphql(default)]
    allowed_addresses: Vec<String>,
}

pub struct CreatedApiKey {
    token: String,
    key: ApiKey,
}

/// A key that has just been made.
#[guarded]
impl CreatedApiKey {
    /// The key itself: `ptr_key_`, 43 random characters and a checksum of 6. Shown this once.
    #[authenticated]
    fn token(&self) -> &str {
        &self.token
    }

    /// What is kept of it.
    #[authenticated]
    fn api_key(&self) -> &ApiKey {
        &self.key
    }
}

payload! {
    /// What came of making a key.
    CreateApiKeyPayload [authenticated] {
        /// The new key; null when it was refused.
        created: CreatedApiKey
    }
    CreateApiKeyUserError, CreateApiKeyErrorCode {
        /// The viewer does not hold there what this would give.
        NotHeld = NotHeld at "grants",
        /// The viewer does not hold for so long what this would give.
        OutlastsGranter = OutlastsGranter at "expiresAt",
        /// There are no grants, or one allows a key nothing in its scope.
        NothingConferred = NothingConferred at "grants",
        /// It would have ended already.
        InvalidPeriod = InvalidPeriod at "expiresAt",
        /// It would last for more than 366 days.
        EndsTooLate = EndsTooLate at "expiresAt",
        /// A name is needed.
        NameMissing = NameMissing at "name",
        /// One is neither an address nor a network in CIDR notation.
        InvalidAddress = InvalidAddress at "allowedAddresses",
        /// There are more than 50 addresses.
        TooMany = TooMany at "allowedAddresses",
    }
}

/// Which key.
#[derive(InputObject)]
pub struct RevokeApiKeyInput {
    /// Which key (`key_...`).
    api_key_id: ID,
}

payload! {
    /// What came of ending a key.
    RevokeApiKeyPayload [authenticated] {
        /// The key, ended; null when it was refused.
        api_key: ApiKey
    }
    RevokeApiKeyUserError, RevokeApiKeyErrorCode {
        /// The key holds what the viewer does not.
        HoldsMore = HoldsMore at "apiKeyId",
        /// It has ended already.
        AlreadyEnded = AlreadyEnded at "apiKeyId",
    }
}

/// Which key, and how long the old secret goes on.
#[derive(InputObject)]
pub struct RotateApiKeyInput {
    /// Which key (`key_...`).
    api_key_id: ID,
    /// For how many hours the secret that is replaced can still be used, from 0 (not at all: for one that has leaked) to 168.
    overlap_hours: i32,
}

payload! {
    /// What came of giving a key a new secret.
    RotateApiKeyPayload [authenticated] {
        /// The key with its new secret; null when it was refused.
        rotated: CreatedApiKey
    }
    RotateApiKeyUserError, RotateApiKeyErrorCode {
        /// The key holds what the viewer does not.
        HoldsMore = HoldsMore at "apiKeyId",
        /// The viewer does not hold there what the key does, and would have it with the new secret.
        NotHeld = NotHeld at "apiKeyId",
        /// The key lasts longer than what the viewer holds.
        OutlastsGranter = OutlastsGranter at "apiKeyId",
        /// It has ended already.
        AlreadyEnded = AlreadyEnded at "apiKeyId",
        /// The old secret may go on for 168 hours at most.
        TooLong = TooLong at "overlapHours",
    }
}

/// Which key, and where it may be used from.
#[derive(InputObject)]
pub struct SetApiKeyAddressesInput {
    /// Which key (`key_...`).
    api_key_id: ID,
    /// At most 50 addresses or networks in CIDR notation (`203.0.113.0/24`), in place of those before. From anywhere if none.
    allowed_addresses: Vec<String>,
}

payload! {
    /// What came of setting where a key may be used from.
    SetApiKeyAddressesPayload [authenticated] {
        /// The key as it is now; null when it was refused.
        api_key: ApiKey
    }
    SetApiKeyAddressesUserError, SetApiKeyAddressesErrorCode {
        /// The key holds what the viewer does not.
        HoldsMore = HoldsMore at "apiKeyId",
        /// It has ended already.
        AlreadyEnded = AlreadyEnded at "apiKeyId",
        /// One is neither an address nor a network in CIDR notation.
        InvalidAddress = InvalidAddress at "allowedAddresses",
        /// There are more than 50 addresses.
        TooMany = TooMany at "allowedAddresses",
    }
}

/// A key with its secret, which is never shown again.
async fn shown_once(
    request: &Request,
    created: api_key::CreatedApiKey,
) -> portaria_domain::Result<Option<CreatedApiKey>> {
    let token = created.token.reveal().to_owned();
    let key = ApiKey::all_of(request, vec![created.key]).await?.pop();
    Ok(key.map(|key| CreatedApiKey { token, key }))
}

#[guarded]
impl ApiKeyMutation {
    /// Makes a key for a program. One gives it only what one holds there, for no longer. Of what is sensitive it holds nothing,
    /// even when its roles allow it.
    #[requires(ApiKeyManage)]
    async fn create_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the key is for, what it may do, and until when.")] input: CreateApiKeyInput,
    ) -> Result<CreateApiKeyPayload> {
        let request = Request::of(ctx);
        let mut grants = Vec::new();
        for grant in &input.grants {
            grants.push((parse(&grant.role_id)?, grant.scope.parse()?));
        }
        let new = NewApiKey {
            name: &input.name,
            grants: &grants,
            expires_at: input.expires_at.0,
            allowed_addresses: &input.allowed_addresses,
        };
        let outcome = async {
            let mut change = begin(request, Permission::ApiKeyManage).await?;
            let created = api_key::create(&mut change, new).await?;
            change.finish().await?;
            shown_once(request, created).await
        };
        CreateApiKeyPayload::new(outcome.await)
    }

    /// Gives a key a new secret at once. The old one goes on for as long as is said here, and never longer than the key; a
    /// secret that was replaced before ends now. Who rotates a key gets its secret, so they must hold all that it holds, for
    /// as long.
    #[requires(ApiKeyManage)]
    async fn rotate_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key, and how long the old secret goes on.")] input: RotateApiKeyInput,
    ) -> Result<RotateApiKeyPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.api_key_id)?;
        let overlap = u32::try_from(input.overlap_hours)
            .map_err(|_| Problem::BadUserInput("`overlapHours` is from 0 to 168.".to_owned()))?;
        let outcome = async {
            let mut change = begin(request, Permission::ApiKeyManage).await?;
            let rotated = api_key::rotate(&mut change, id, overlap).await?;
            change.finish().await?;
            shown_once(request, rotated).await
        };
        RotateApiKeyPayload::new(outcome.await)
    }

    /// Sets where a key may be used from, in force at once, on open subscriptions too.
    #[requires(ApiKeyManage)]
    async fn set_api_key_addresses(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key, and where it may be used from.")] input: SetApiKeyAddressesInput,
    ) -> Result<SetApiKeyAddressesPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.api_key_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::ApiKeyManage).await?;
            let row = api_key::set_addresses(&mut change, id, &input.allowed_addresses).await?;
            change.finish().await?;
            Ok(ApiKey::all_of(request, vec![row]).await?.pop())
        };
        SetApiKeyAddressesPayload::new(outcome.await)
    }

    /// Ends a key, in force at once. It stays on record.
    #[requires(ApiKeyManage)]
    async fn revoke_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: RevokeApiKeyInput,
    ) -> Result<RevokeApiKeyPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.api_key_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::ApiKeyManage).await?;
            let row = api_key::revoke(&mut change, id).await?;
            change.finish().await?;
            Ok(ApiKey::all_of(request, vec![row]).await?.pop())
        };
        RevokeApiKeyPayload::new(outcome.await)
    }
}
