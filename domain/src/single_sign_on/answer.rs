//! A provider's answer: taken once, kept for a minute, fetched once, by who began.

use std::time::Duration;

use portaria_entity::id::IdentityProviderId;
use portaria_entity::single_sign_on_answer as entity;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};

use super::assertion::Assertion;
use super::flow::Flow;
use crate::error::{Error, Refusal, Result};
use crate::identity_provider::{self, ProviderRow};
use crate::installation::Installation;
use crate::token::{Token, TokenHash};

/// How long an answer waits to be fetched.
const LIFETIME: Duration = Duration::from_secs(60);

/// Somebody has come back from a provider.
pub struct Returned {
    pub flow: Flow,
    pub provider: ProviderRow,
}

/// How an answer is fetched.
#[derive(Clone, Copy)]
pub struct Fetching<'a> {
    pub code: &'a str,
    pub secret: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    flow: Flow,
    assertion: Assertion,
}

/// Takes up what a browser has come back with, at the address of this provider. Each state counts once, at the address of
/// the provider that it was made for, and one that was given to a browser only from that browser.
pub async fn accept(
    installation: &Installation,
    provider: IdentityProviderId,
    state: &str,
    cookie: Option<&str>,
) -> Result<Returned> {
    let now = installation.clock.now();
    let flow = Flow::open(state, &installation.keys, now)?;
    if flow.provider_id != provider || flow.by_cookie && !cookie.is_some_and(|cookie| flow.is_of(cookie)) {
        return Err(Refusal::InvalidToken.into());
    }
    let transaction = installation.database.begin().await?;
    let key = (flow.workspace_id, flow.provider_id);
    let provider = match identity_provider::find(&transaction, key).await {
        Err(Error::NotFound) => return Err(Refusal::InvalidToken.into()),
        found => found?,
    };
    // A row goes when nothing could come of its state any more.
    let sql = "DELETE FROM single_sign_on_answers WHERE expires_at < $1";
    transaction.execute_raw(installation.database.statement(sql, [now.0.into()])).await?;
    let row = entity::ActiveModel {
        workspace_id: Set(flow.workspace_id),
        id: Set(flow.id),
        provider_id: Set(flow.provider_id),
        code_hash: Set(None),
        sealed_answer: Set(None),
        sealing_key: Set(None),
        created_at: Set(now),
        expires_at: Set(flow.ends_at() + LIFETIME),
        used_at: Set(None),
    };
    let once = OnConflict::columns([entity::Column::WorkspaceId, entity::Column::Id]).do_nothing().to_owned();
    let taken = entity::Entity::insert(row).on_conflict(once).exec_without_returning(&transaction).await?;
    if taken != 1 {
        return Err(Refusal::InvalidToken.into());
    }
    transaction.commit().await?;
    Ok(Returned { flow, provider })
}

/// Keeps what the provider has said until it is fetched by this code.
pub async fn hand_over(installation: &Installation, flow: &Flow, assertion: Assertion) -> Result<Token> {
    let code = Token::generate("ptr_sso")?;
    let answer = serde_json::to_vec(&Sealed { flow: flow.clone(), assertion }).map_err(Error::internal)?;
    let sealed = installation.keys.seal(&answer, flow.id.0.as_bytes())?;
    let row = entity::ActiveModel {
        workspace_id: Set(flow.workspace_id),
        id: Set(flow.id),
        code_hash: Set(Some(code.hash().to_vec())),
        sealed_answer: Set(Some(sealed.bytes)),
        sealing_key: Set(Some(sealed.key)),
        // Not before its state could be tried again.
        expires_at: Set(flow.ends_at().max(installation.clock.now()) + LIFETIME),
        created_at: Set(installation.clock.now()),
        ..entity::ActiveModel::default()
    };
    entity::Entity::update(row).exec(installation.database.writer()).await?;
    Ok(code)
}

/// What a code stands for, used up.
pub(super) struct Fetched {
    pub flow: Flow,
    pub assertion: Assertion,
}

impl Fetched {
    pub fn key(&self) -> (portaria_entity::id::WorkspaceId, IdentityProviderId) {
        (self.flow.workspace_id, self.flow.provider_id)
    }
}

/// Fetches an answer for who has both its code and its secret, once. Who has only the code uses nothing up.
pub(super) async fn fetch(installation: &Installation, fetching: Fetching<'_>) -> Result<Fetched> {
    let refused = || Error::from(Refusal::InvalidToken);
    let now = installation.clock.now();
    let transaction = installation.database.begin().await?;
    let find =
        entity::Entity::find().filter(entity::Column::CodeHash.eq(TokenHash::of(fetching.code).to_vec()));
    let row = find.one(&transaction).await?.ok_or_else(refused)?;
    let (Some(sealed), Some(key)) = (&row.sealed_answer, &row.sealing_key) else { return Err(refused()) };
    let opened = installation.keys.open(sealed, key, row.id.0.as_bytes())?;
    let Sealed { flow, assertion } = serde_json::from_slice(&opened).map_err(Error::internal)?;
    if now.since(row.created_at) > LIFETIME || !flow.is_of(fetching.secret) {
        return Err(refused());
    }
    let sql = "UPDATE single_sign_on_answers SET used_at = $3, sealed_answer = NULL, sealing_key = NULL \
               WHERE workspace_id = $1 AND id = $2 AND used_at IS NULL";
    let values = [row.workspace_id.0.into(), row.id.0.into(), now.0.into()];
    let used = transaction.execute_raw(installation.database.statement(sql, values)).await?;
    if used.rows_affected() != 1 {
        return Err(refused());
    }
    transaction.commit().await?;
    Ok(Fetched { flow, assertion })
}
