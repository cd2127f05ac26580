//! Accepting an invitation: by a new person, who chooses a password, or by one who has an account and proves it.

use portaria_entity::member::{Availability, MemberStatus};
use portaria_entity::session::AuthenticationMethod;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::{invitation, member as member_entity, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::promises;
use crate::access::Scope;
use crate::authentication::{Holder, OpenedSession, Origin, Proof, open_session};
use crate::directory;
use crate::error::{Error, Refusal, Result};
use crate::grant::{Giving, give};
use crate::granting::{Authority, Change};
use crate::installation::Installation;
use crate::member::{self, NewMember};
use crate::password::{About, Verdict};
use crate::permission::Permission;
use crate::second_factor::{Asked, ask};
use crate::throttle::{self, Door};
use crate::token::TokenHash;
use crate::workspace;

/// Who accepts.
pub struct Acceptance<'a> {
    /// From the letter.
    pub token: &'a str,
    /// What they want to be called; without it, as they were invited. Who has an account keeps their name.
    pub name: Option<&'a str>,
    /// The one they choose, or, of who has an account, the one they have.
    pub password: &'a str,
    /// From the authenticator app, of who has an account with one.
    pub code: Option<&'a str>,
    pub origin: Origin,
}

/// Makes the invited person a member, grants what was promised, and signs them in.
pub async fn accept(installation: &Installation, acceptance: Acceptance<'_>) -> Result<OpenedSession> {
    let invitation = find(installation, acceptance.token).await?;
    let known = user::Entity::find()
        .filter(user::Column::EmailNormalized.eq(&invitation.email_normalized))
        .one(installation.database.reader())
        .await?;
    let (password_hash, second_factor) = match &known {
        Some(user) => (None, prove(installation, user, &invitation, &acceptance).await?),
        None => (Some(choose(installation, &invitation, &acceptance).await?), false),
    };
    let mut change = Change::begin(installation, invitation.workspace_id, authority_of(&invitation)).await?;
    let new = NewMember {
        name: acceptance.name.filter(|name| !name.trim().is_empty()).unwrap_or(&invitation.name),
        email: &invitation.email,
        locale: &invitation.locale,
        password_hash,
    };
    let member = admit(&mut change, &invitation, new, known.as_ref()).await?;
    let event =
        signed_in(installation, &invitation, member.user_id, SignInOutcome::Succeeded, &acceptance.origin);
    sign_in_event::Entity::insert(event).exec_without_returning(&change.transaction).await?;
    let holder = Holder { workspace_id: member.workspace_id, user_id: member.user_id, member_id: member.id };
    let proof = Proof { method: AuthenticationMethod::Password, second_factor, confined: false };
    let opened = open_session(installation, &change.transaction, holder, proof, acceptance.origin).await?;
    change.finish().await?;
    Ok(opened)
}

/// The hash of the password that a new person chooses.
async fn choose(
    installation: &Installation,
    invitation: &invitation::Model,
    acceptance: &Acceptance<'_>,
) -> Result<String> {
    let workspace = workspace::find(installation.database.reader(), invitation.workspace_id).await?;
    let about = About {
        name: acceptance.name.unwrap_or(&invitation.name),
        email: &invitation.email,
        workspaces: &[&workspace.name],
    };
    installation.passwords.hash(acceptance.password, &about).await
}

/// On whose word somebody is let in: the directory's that asked them, or their inviter's.
pub(crate) fn authority_of(invitation: &invitation::Model) -> Authority<'static> {
    match invitation.directory_user_id {
        Some(_) => Authority::Directory(None),
        None => Authority::Member(invitation.invited_by),
    }
}

/// Uses an invitation up and keeps what it promises. The change is its inviter's.
pub(crate) async fn admit(
    change: &mut Change<'_>,
    invitation: &invitation::Model,
    new: NewMember<'_>,
    known: Option<&user::Model>,
) -> Result<member_entity::Model> {
    use_up(change, invitation).await?;
    require_inviter(change, invitation).await?;
    let member = join(change, new, known).await?;
    let sql = "UPDATE invitations SET accepted_by = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [invitation.id.0.into(), member.id.0.into()]).await?;
    let told = Some(json!({ "member": member.id }));
    change.record("invitation.accepted", invitation.id, (None, told)).await?;
    keep_promises(change, invitation, &member).await?;
    directory::user::joined(change, invitation, (&member, known.is_none())).await?;
    Ok(member)
}

/// The invitation behind a token, while it may be accepted.
pub(super) async fn find(installation: &Installation, token: &str) -> Result<invitation::Model> {
    let found = invitation::Entity::find()
        .filter(invitation::Column::TokenHash.eq(TokenHash::of(token).to_vec()))
        .filter(invitation::Column::AcceptedAt.is_null())
        .filter(invitation::Column::RevokedAt.is_null())
        .filter(invitation::Column::ExpiresAt.gt(installation.clock.now()))
        .one(installation.database.reader())
        .await?;
    found.ok_or_else(|| Refusal::InvalidToken.into())
}

/// Refuses who cannot sign in to the account that the address belongs to. The attempt is recorded. Answers whether a
/// second factor was given.
async fn prove(
    installation: &Installation,
    user: &user::Model,
    invitation: &invitation::Model,
    acceptance: &Acceptance<'_>,
) -> Result<bool> {
    let hash = user.password_hash.clone();
    let (email, origin) = (&user.email_normalized, &acceptance.origin);
    let turn = throttle::take(installation, &Door::Password { email, user: Some(user.id), origin }).await?;
    let verdict = installation.passwords.verify(acceptance.password, hash, &origin.address).await;
    let transaction = installation.database.begin().await?;
    let asked = match &verdict {
        Ok(Verdict { correct: true, .. }) => {
            ask(&transaction, installation, user.id, (acceptance.code, origin)).await?
        }
        Ok(_) => Asked::Refused(SignInOutcome::WrongPassword, Refusal::InvalidCredentials),
        Err(_) => Asked::NothingToGive,
    };
    match asked {
        Asked::Refused(outcome, _) if outcome != SignInOutcome::SecondFactorMissing => {}
        _ => turn.give_back(&transaction, installation).await?,
    }
    if let Asked::Refused(outcome, _) = &asked {
        let event = signed_in(installation, invitation, user.id, *outcome, origin);
        sign_in_event::Entity::insert(event).exec_without_returning(&transaction).await?;
    }
    transaction.commit().await?;
    verdict?;
    match asked {
        Asked::NothingToGive => Ok(false),
        Asked::Given => Ok(true),
        Asked::Refused(_, refusal) => Err(refusal.into()),
    }
}

fn signed_in(
    installation: &Installation,
    invitation: &invitation::Model,
    user: portaria_entity::id::UserId,
    outcome: SignInOutcome,
    origin: &Origin,
) -> sign_in_event::ActiveModel {
    sign_in_event::ActiveModel {
        id: Set(installation.clock.new_id()),
        at: Set(installation.clock.now()),
        user_id: Set(Some(user)),
        workspace_id: Set(Some(invitation.workspace_id)),
        email: Set(invitation.email_normalized.clone()),
        outcome: Set(outcome),
        address: Set(origin.address.clone()),
        network: Set(throttle::network(&origin.address)),
        user_agent: Set(origin.user_agent.clone()),
    }
}

/// Of two who accept at once, one is too late.
async fn use_up(change: &Change<'_>, invitation: &invitation::Model) -> Result<()> {
    let sql = "UPDATE invitations SET accepted_at = $3 \
               WHERE workspace_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL";
    match change.execute(sql, [invitation.id.0.into(), change.now.0.into()]).await? {
        1 => Ok(()),
        _ => Err(Refusal::InvalidToken.into()),
    }
}

/// Refuses when who sent the invitation could not send it any more.
async fn require_inviter(change: &Change<'_>, invitation: &invitation::Model) -> Result<()> {
    if let Some(id) = invitation.directory_user_id {
        let awaited = directory::user::is_awaited(change, id).await?;
        return if awaited { Ok(()) } else { Err(Refusal::InvitationVoid.into()) };
    }
    let inviter = change.ledger.member(invitation.invited_by)?;
    match change.require(Permission::MemberManage) {
        Ok(()) if inviter.is_active() => Ok(()),
        Ok(()) | Err(Error::Forbidden { .. }) => Err(Refusal::InvitationVoid.into()),
        Err(failure) => Err(failure),
    }
}

/// Makes the person a member, or one again.
async fn join(
    change: &mut Change<'_>,
    new: NewMember<'_>,
    known: Option<&user::Model>,
) -> Result<member_entity::Model> {
    let (installation, workspace) = (change.installation, change.workspace_id);
    let find = user::Entity::find().filter(user::Column::EmailNormalized.eq(member::address(new.email)?));
    let user = find.one(&change.transaction).await?;
    // An account, or a password, that was made meanwhile is one that nobody has proved.
    let proved = |user: &user::Model| (user.id, user.password_hash.clone());
    if user.as_ref().map(proved) != known.map(proved) {
        return Err(Error::Busy);
    }
    let earlier = match &user {
        Some(user) => {
            member_entity::Entity::find()
                .filter(member_entity::Column::WorkspaceId.eq(workspace))
                .filter(member_entity::Column::UserId.eq(user.id))
                .one(&change.transaction)
                .await?
        }
        None => None,
    };
    let member = match earlier {
        Some(member) if member.status == MemberStatus::Removed => {
            let sql = "UPDATE members SET status = 'active', availability = 'available' \
                       WHERE workspace_id = $1 AND id = $2";
            change.execute(sql, [member.id.0.into()]).await?;
            member_entity::Model {
                status: MemberStatus::Active,
                availability: Availability::Available,
                ..member
            }
        }
        Some(_) => return Err(Refusal::AlreadyMember.into()),
        None => member::create(&change.transaction, installation, workspace, new).await?,
    };
    change.affects(member.id);
    change.reload().await?;
    Ok(member)
}

/// Grants what was promised, if its inviter still may. What has ended meanwhile is not granted any more.
async fn keep_promises(
    change: &mut Change<'_>,
    invitation: &invitation::Model,
    member: &member_entity::Model,
) -> Result<()> {
    let promises = promises(&change.transaction, (invitation.workspace_id, invitation.id)).await?;
    for promise in promises {
        if promise.valid_until.is_some_and(|until| until <= change.now) {
            continue;
        }
        let giving = Giving {
            member_id: member.id,
            role_id: promise.role_id,
            scope: Scope::of_grant(promise.channel_id, promise.team_id),
            valid_from: promise.valid_from,
            valid_until: promise.valid_until,
            reason: &promise.reason,
        };
        let given = match change.require(Permission::RoleAssign) {
            Ok(()) => give(change, giving).await,
            Err(refused) => Err(refused),
        };
        match given {
            Ok(_) => {}
            Err(Error::Refused(_) | Error::NotFound | Error::Forbidden { .. }) => {
                return Err(Refusal::InvitationVoid.into());
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}
