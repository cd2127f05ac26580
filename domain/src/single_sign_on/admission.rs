//! Signing in by what a provider has said: by a linked identity, or for the first time, by an invitation or because the
//! provider makes members. An account that is there already is never entered by its e-mail address.

use std::time::Duration;

use portaria_entity::id::{MemberId, WorkspaceId};
use portaria_entity::member::MemberStatus;
use portaria_entity::session::AuthenticationMethod;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::{external_identity as identity_entity, invitation, member as member_entity};
use portaria_entity::{single_sign_on_session, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::answer::{Fetched, Fetching, fetch};
use super::assertion::Assertion;
use super::flow::Purpose;
use super::roles;
use crate::access::Scope;
use crate::activity::{Actor, Deed, record};
use crate::authentication::{Holder, OpenedSession, Origin, Proof, open_session};
use crate::error::{Error, Refusal, Result};
use crate::external_identity;
use crate::granting::{Authority, Change, Conferral, may_confer, may_touch};
use crate::identity_provider::{self, ProviderRow};
use crate::installation::Installation;
use crate::invitation::{admit, authority_of, pending, promises};
use crate::member::{self, NewMember};
use crate::throttle::network;
use crate::viewer::no_longer_fresh;
use crate::workspace;

/// A provider takes somebody's access away by no longer vouching for them: it is asked anew after so long.
const SESSION_LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// Signs in by a provider's answer. A refusal is recorded in the workspace that the provider belongs to.
pub async fn finish(
    installation: &Installation,
    fetching: Fetching<'_>,
    origin: Origin,
) -> Result<OpenedSession> {
    let fetched = fetch(installation, fetching).await?;
    let Purpose::SignIn { invitation } = &fetched.flow.purpose else {
        return Err(Refusal::InvalidToken.into());
    };
    match enter(installation, &fetched, invitation.as_deref(), origin.clone()).await {
        Err(Error::Refused(refusal)) => {
            note(installation, &fetched, refusal, origin).await?;
            Err(refusal.into())
        }
        done => done,
    }
}

async fn note(
    installation: &Installation,
    fetched: &Fetched,
    refusal: Refusal,
    origin: Origin,
) -> Result<()> {
    let deed = Deed {
        workspace_id: fetched.flow.workspace_id,
        actor: Actor::Installation,
        action: "single_sign_on.refused",
        subject: fetched.flow.provider_id.to_string(),
        before: None,
        after: Some(json!({ "subject": fetched.assertion.subject, "reason": refusal.to_string() })),
        address: Some(origin.address),
    };
    let transaction = installation.database.begin().await?;
    record(&transaction, &installation.clock, deed).await?;
    Ok(transaction.commit().await?)
}

async fn enter(
    installation: &Installation,
    fetched: &Fetched,
    letter: Option<&[u8]>,
    origin: Origin,
) -> Result<OpenedSession> {
    let reader = installation.database.reader();
    let (workspace, provider) = fetched.key();
    let known = external_identity::find(reader, (workspace, provider), &fetched.assertion.subject).await?;
    let invited = match &known {
        Some(identity) if !is_removed(reader, identity).await? => None,
        // Who has been removed may be invited again.
        Some(_) | None => invitation_for(installation, workspace, &fetched.assertion, letter).await?,
    };
    let authority = invited.as_ref().map_or(Authority::Installation, authority_of);
    let mut change = Change::begin(installation, workspace, authority).await?;
    let provider = match identity_provider::find(&change.transaction, (workspace, provider)).await {
        Err(Error::NotFound) => return Err(Refusal::InvalidToken.into()),
        found => found?,
    };
    // Of two who come for the first time at once, one has been linked meanwhile.
    let subject = &fetched.assertion.subject;
    let known = external_identity::find(&change.transaction, fetched.key(), subject).await?;
    let identity = match (known, invited) {
        (Some(identity), None) => identity,
        (known, Some(row)) => {
            let has_letter = letter.is_some();
            by_invitation(&mut change, (&provider, known), &fetched.assertion, (&row, has_letter)).await?
        }
        (None, None) => as_new_member(&mut change, &provider, &fetched.assertion).await?,
    };
    let key = (workspace, identity.member_id);
    let member =
        member_entity::Entity::find_by_id(key).one(&change.transaction).await?.ok_or(Error::NotFound)?;
    if member.status != MemberStatus::Active {
        return Err(Refusal::NotActive.into());
    }
    roles::bring_into_line(&mut change, &provider, member.id, &fetched.assertion).await?;
    let opened = open(&change, &provider, (&identity, &member), &fetched.assertion, origin).await?;
    change.finish().await?;
    Ok(opened)
}

/// The invitation that somebody unknown comes with: the one of their letter, or one to an address that the provider says
/// is theirs.
async fn invitation_for(
    installation: &Installation,
    workspace: WorkspaceId,
    assertion: &Assertion,
    letter: Option<&[u8]>,
) -> Result<Option<invitation::Model>> {
    let all = pending(installation.database.reader(), workspace, installation.clock.now()).await?;
    if let Some(token) = letter {
        let found = all.into_iter().find(|row| row.token_hash == token);
        return found.map(Some).ok_or_else(|| Refusal::InvalidToken.into());
    }
    let (Some(email), Some(true)) = (assertion.email(), assertion.email_verified()) else { return Ok(None) };
    let Ok(email) = member::address(email) else { return Ok(None) };
    Ok(all.into_iter().find(|row| row.email_normalized == email))
}

/// The account that an address belongs to. Whose it is, its own password shows and nothing else.
async fn account(change: &Change<'_>, email: &str) -> Result<Option<user::Model>> {
    let Ok(email) = member::address(email) else { return Ok(None) };
    let find = user::Entity::find().filter(user::Column::EmailNormalized.eq(email));
    Ok(find.one(&change.transaction).await?)
}

async fn is_member(change: &Change<'_>, user: &user::Model) -> Result<bool> {
    let find = member_entity::Entity::find()
        .filter(member_entity::Column::WorkspaceId.eq(change.workspace_id))
        .filter(member_entity::Column::UserId.eq(user.id));
    Ok(find.one(&change.transaction).await?.is_some())
}

async fn is_removed(connection: &impl ConnectionTrait, identity: &identity_entity::Model) -> Result<bool> {
    let find = member_entity::Entity::find_by_id((identity.workspace_id, identity.member_id));
    Ok(find.one(connection).await?.is_none_or(|member| member.status == MemberStatus::Removed))
}

async fn by_invitation(
    change: &mut Change<'_>,
    (provider, known): (&ProviderRow, Option<identity_entity::Model>),
    assertion: &Assertion,
    (row, has_letter): (&invitation::Model, bool),
) -> Result<identity_entity::Model> {
    let account = account(change, &row.email).await?;
    match (&known, &account) {
        (None, None) => {}
        (None, Some(_)) => return Err(Refusal::LinkRequired.into()),
        (Some(identity), account) => {
            let find = member_entity::Entity::find_by_id((change.workspace_id, identity.member_id));
            let member = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
            if account.as_ref().map(|user| user.id) != Some(member.user_id) {
                return Err(Refusal::NotActive.into());
            }
        }
    }
    if !has_letter {
        vouch(change, provider, row).await?;
    }
    let name = assertion.name();
    let name = if name == "?" { row.name.as_str() } else { name.as_str() };
    let new = NewMember { name, email: &row.email, locale: &row.locale, password_hash: None };
    let member = admit(change, row, new, account.as_ref()).await?;
    if !has_letter {
        vouch_for_all(change, provider, member.id)?;
    }
    match known {
        Some(identity) => Ok(identity),
        None => external_identity::insert(change, provider.provider.id, &assertion.subject, member.id).await,
    }
}

/// Without the letter, only the provider says that this is who was invited. So it must not promise more than who
/// configured the provider could grant: they could have themselves called by any name.
async fn vouch(change: &Change<'_>, provider: &ProviderRow, row: &invitation::Model) -> Result<()> {
    let configurer = change.ledger.member(provider.provider.configured_by)?;
    for promise in promises(&change.transaction, (row.workspace_id, row.id)).await? {
        let what = Conferral {
            scope: Scope::of_grant(promise.channel_id, promise.team_id),
            permissions: change.ledger.role(promise.role_id)?.permissions,
            until: promise.valid_until,
        };
        if !configurer.is_active() || may_confer(configurer, what, change.now).is_err() {
            return Err(Refusal::NotLinked.into());
        }
    }
    Ok(())
}

/// The same of what came with it: what the groups of a directory stand for.
fn vouch_for_all(change: &Change<'_>, provider: &ProviderRow, member: MemberId) -> Result<()> {
    let configurer = change.ledger.member(provider.provider.configured_by)?;
    match may_touch(configurer, change.ledger.member(member)?, change.now) {
        Ok(()) => Ok(()),
        Err(_) => Err(Refusal::NotLinked.into()),
    }
}

/// Makes somebody unknown a member, where the provider is to do that and a role is mapped for them.
async fn as_new_member(
    change: &mut Change<'_>,
    provider: &ProviderRow,
    assertion: &Assertion,
) -> Result<identity_entity::Model> {
    let mapped = provider.mappings.iter().any(|mapping| assertion.matches(mapping));
    let makes = provider.provider.creates_members && mapped && assertion.email_verified() != Some(false);
    let Some(email) = assertion.email().filter(|email| member::address(email).is_ok()) else {
        return Err(Refusal::NotLinked.into());
    };
    // That there is an account is told where it matters only: who runs a provider could ask for any address.
    match account(change, email).await? {
        Some(user) if makes || is_member(change, &user).await? => return Err(Refusal::LinkRequired.into()),
        None if makes => {}
        Some(_) | None => return Err(Refusal::NotLinked.into()),
    }
    let locale = workspace::find(&change.transaction, change.workspace_id).await?.locale;
    let name = assertion.name();
    let new = NewMember { name: &name, email, locale: &locale, password_hash: None };
    let member = member::create(&change.transaction, change.installation, change.workspace_id, new).await?;
    change.affects(member.id);
    let told = Some(json!({ "provider": provider.provider.id, "name": name }));
    change.record("member.created", member.id, (None, told)).await?;
    change.reload().await?;
    external_identity::insert(change, provider.provider.id, &assertion.subject, member.id).await
}

/// Opens the session and puts down by which identity.
async fn open(
    change: &Change<'_>,
    provider: &ProviderRow,
    (identity, member): (&identity_entity::Model, &member_entity::Model),
    assertion: &Assertion,
    origin: Origin,
) -> Result<OpenedSession> {
    let (installation, transaction, now) = (change.installation, &change.transaction, change.now);
    let email = email_of(transaction, member).await?;
    let event = sign_in_event::ActiveModel {
        id: Set(installation.clock.new_id()),
        at: Set(now),
        user_id: Set(Some(member.user_id)),
        workspace_id: Set(Some(member.workspace_id)),
        email: Set(email),
        outcome: Set(SignInOutcome::Succeeded),
        address: Set(origin.address.clone()),
        network: Set(network(&origin.address)),
        user_agent: Set(origin.user_agent.clone()),
    };
    sign_in_event::Entity::insert(event).exec_without_returning(transaction).await?;
    let holder = Holder { workspace_id: member.workspace_id, user_id: member.user_id, member_id: member.id };
    let second_factor = assertion.has_second_factor(&provider.provider);
    let proof = Proof { method: AuthenticationMethod::SingleSignOn, second_factor, confined: true };
    let mut opened = open_session(installation, transaction, holder, proof, origin).await?;
    let session = &mut opened.session;
    session.authenticated_at = match assertion.authenticated_at() {
        Some(at) => at.min(now),
        // It may be as old as what the provider remembers: too old for what is sensitive.
        None if second_factor => no_longer_fresh(now),
        None => now,
    };
    session.expires_at = session.expires_at.min(now + SESSION_LIFETIME);
    let sql =
        "UPDATE sessions SET authenticated_at = $3, expires_at = $4 WHERE workspace_id = $1 AND id = $2";
    let values = [session.id.0.into(), session.authenticated_at.0.into(), session.expires_at.0.into()];
    change.execute(sql, values).await?;
    let row = single_sign_on_session::ActiveModel {
        workspace_id: Set(member.workspace_id),
        session_id: Set(session.id),
        provider_id: Set(identity.provider_id),
        identity_id: Set(identity.id),
    };
    single_sign_on_session::Entity::insert(row).exec_without_returning(transaction).await?;
    let sql = "UPDATE external_identities SET last_used_at = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [identity.id.0.into(), now.0.into()]).await?;
    Ok(opened)
}

async fn email_of(connection: &impl ConnectionTrait, member: &member_entity::Model) -> Result<String> {
    let user = user::Entity::find_by_id(member.user_id).one(connection).await?.ok_or(Error::NotFound)?;
    Ok(user.email_normalized)
}
