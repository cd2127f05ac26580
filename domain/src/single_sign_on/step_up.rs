//! What a member does with a provider while they are signed in: link an identity to themselves, unlink one, and prove anew
//! who they are.

use std::time::Duration;

use portaria_entity::external_identity as entity;
use portaria_entity::id::ExternalIdentityId;
use sea_orm::ConnectionTrait;

use super::answer::{Fetched, Fetching, fetch};
use super::flow::Purpose;
use crate::authentication::Origin;
use crate::error::{Refusal, Result};
use crate::external_identity::{self, News};
use crate::granting::Change;
use crate::identity_provider;
use crate::installation::Installation;
use crate::permission::PermissionSet;
use crate::second_factor::Factors;
use crate::session::{Renewed, renew};
use crate::viewer::{MemberSession, Viewer};

/// How far a provider's clock may be from ours.
const SKEW: Duration = Duration::from_secs(60);

/// Links the identity that somebody has just proved to have to the member whose session it was begun in.
pub async fn link(
    installation: &Installation,
    viewer: &Viewer,
    fetching: Fetching<'_>,
) -> Result<entity::Model> {
    let session = viewer.session()?;
    if !viewer.is_stepped_up(installation.clock.now()) {
        return Err(viewer.step_up_required(PermissionSet::EMPTY));
    }
    let fetched = fetch(installation, fetching).await?;
    if fetched.flow.purpose != (Purpose::Link { session: session.session_id }) {
        return Err(Refusal::InvalidToken.into());
    }
    let mut change = Change::by(installation, viewer, &[]).await?;
    let (workspace, provider) = fetched.key();
    identity_provider::find(&change.transaction, (workspace, provider)).await?;
    let row =
        external_identity::insert(&change, provider, &fetched.assertion.subject, session.member_id).await?;
    external_identity::tell(&change, &row, News::Linked).await?;
    change.affects(session.member_id);
    change.finish().await?;
    Ok(row)
}

/// Takes a link away, by who proved within the hour who they are: with a second factor, if they have one.
pub async fn unlink(
    installation: &Installation,
    viewer: &Viewer,
    id: ExternalIdentityId,
) -> Result<ExternalIdentityId> {
    let (session, now) = (viewer.session()?, installation.clock.now());
    let has = Factors::of(installation.database.reader(), session.user_id).await?;
    if has.is_enrolled() && !viewer.is_stepped_up(now) {
        return Err(viewer.step_up_required(PermissionSet::EMPTY));
    }
    if !session.is_fresh(now) {
        return Err(Refusal::AuthenticationTooOld.into());
    }
    let mut change = Change::by(installation, viewer, &[]).await?;
    let id = external_identity::unlink(&mut change, id).await?;
    change.finish().await?;
    Ok(id)
}

/// Proves anew who is in a session that this identity has opened: what is sensitive can be used for an hour. The session
/// goes on under a new token.
pub async fn step_up(
    installation: &Installation,
    viewer: &Viewer,
    fetching: Fetching<'_>,
    origin: &Origin,
) -> Result<Renewed> {
    let session = *viewer.session()?;
    let fetched = fetch(installation, fetching).await?;
    if fetched.flow.purpose != (Purpose::StepUp { session: session.session_id }) {
        return Err(Refusal::InvalidToken.into());
    }
    let change = Change::by(installation, viewer, &[]).await?;
    let row = identity_provider::find(&change.transaction, fetched.key()).await?;
    require_same(&change, &session, &fetched).await?;
    let proved_at = fetched.assertion.authenticated_at().filter(|at| *at + SKEW >= fetched.flow.began_at);
    let Some(proved_at) = proved_at.filter(|_| fetched.assertion.has_second_factor(&row.provider)) else {
        return Err(Refusal::NoSecondFactorGiven.into());
    };
    let authenticated_at = proved_at.min(change.now);
    let renewed = renew(&change.transaction, installation, viewer, Some(authenticated_at)).await?;
    let told = serde_json::json!({ "provider": row.provider.id, "address": origin.address });
    change.record("session.stepped_up", session.session_id, (None, Some(told))).await?;
    change.finish().await?;
    Ok(renewed)
}

const OPENED_BY: &str = "
SELECT 1 FROM single_sign_on_sessions s
JOIN external_identities e ON e.workspace_id = s.workspace_id AND e.id = s.identity_id
WHERE s.workspace_id = $1 AND s.session_id = $2 AND e.provider_id = $3 AND e.subject = $4";

/// Refuses another identity than the one that opened the session; and a session that a password has opened, which is
/// stepped up by what belongs to the password.
async fn require_same(change: &Change<'_>, session: &MemberSession, fetched: &Fetched) -> Result<()> {
    let values = [
        change.workspace_id.0.into(),
        session.session_id.0.into(),
        fetched.flow.provider_id.0.into(),
        fetched.assertion.subject.clone().into(),
    ];
    let statement = change.installation.database.statement(OPENED_BY, values);
    match change.transaction.query_one_raw(statement).await? {
        Some(_) => Ok(()),
        None => Err(Refusal::NotLinked.into()),
    }
}
