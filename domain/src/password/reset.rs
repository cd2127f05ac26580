//! Forgotten passwords: asking for a link, sending it, and setting a new password by it.
//!
//! Whoever asks gets the same answer in the same time: all that happens before it is that the question is written down.
//! Whether the address belongs to anybody is looked up afterwards, apart from the request.

use std::time::Duration;

use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::{password_reset, password_reset_request, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::letter::send_link;
use super::{About, News, replace_hash, tell, void_links, workspaces_of};
use crate::activity::{Actor, Deed, record};
use crate::authentication::{Origin, normalize_email};
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::recovery::find_user;
use crate::second_factor::{Asked, ask};
use crate::session::{end_all, lock};
use crate::throttle::{self, Door};
use crate::token::{Token, TokenHash};

/// How long the link in a letter may be used.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How long the link for a first password may be used.
const FIRST_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// So many questions are dealt with at a time.
const BATCH: u64 = 100;

/// Writes down that somebody wants to reset the password of whoever has this address.
pub async fn request_reset(installation: &Installation, email: &str, origin: &Origin) -> Result<()> {
    throttle::take(installation, &Door::ResetRequest { origin }).await?;
    let row = password_reset_request::ActiveModel {
        id: Set(installation.clock.new_id()),
        email: Set(normalize_email(email)),
        created_at: Set(installation.clock.now()),
    };
    password_reset_request::Entity::insert(row)
        .exec_without_returning(installation.database.writer())
        .await?;
    Ok(())
}

/// Sends a link to each person for whom one was asked; to be called about every second. Nobody gets more than a few an
/// hour.
pub async fn answer_requests(installation: &Installation) -> Result<()> {
    let waiting = password_reset_request::Entity::find()
        .order_by_asc(password_reset_request::Column::Id)
        .limit(BATCH)
        .all(installation.database.reader())
        .await?;
    for request in waiting {
        answer(installation, &request).await?;
    }
    Ok(())
}

async fn answer(installation: &Installation, request: &password_reset_request::Model) -> Result<()> {
    let reader = installation.database.reader();
    // Without a password there is none to forget: who signs in by other means is not given a second way in.
    let user = find_user(reader, &request.email).await?.filter(|user| user.password_hash.is_some());
    let person = match user {
        Some(user) => {
            Some((workspaces_of(reader, user.id).await?, user)).filter(|(found, _)| !found.is_empty())
        }
        None => None,
    };
    let turn = match person {
        Some(_) => match throttle::take(installation, &Door::ResetLetter { email: &request.email }).await {
            Ok(turn) => Some(turn),
            Err(Error::Refused(_)) => None,
            Err(failure) => return Err(failure),
        },
        None => None,
    };
    let transaction = installation.database.begin().await?;
    let done = password_reset_request::Entity::delete_by_id(request.id).exec(&transaction).await?;
    match (turn, person) {
        // Another process was faster.
        (Some(turn), _) if done.rows_affected == 0 => turn.give_back(&transaction, installation).await?,
        (Some(_), Some((workspaces, user))) => {
            let token = issue_link(&transaction, installation, &user).await?;
            let key = format!("password-forgotten:{}", request.id);
            send_link(&transaction, installation, (&user, &workspaces), (&token, key)).await?;
        }
        _ => {}
    }
    Ok(transaction.commit().await?)
}

/// Makes a one-time token for a new password, good for half an hour; for a first one, for a day. Earlier ones are void.
pub async fn issue_link(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: &user::Model,
) -> Result<Token> {
    let now = installation.clock.now();
    void_links(transaction, &installation.database, user.id, now).await?;
    let lifetime = if user.password_hash.is_some() { LIFETIME } else { FIRST_LIFETIME };
    let token = Token::generate("ptr_reset")?;
    let row = password_reset::ActiveModel {
        id: Set(installation.clock.new_id()),
        user_id: Set(user.id),
        token_hash: Set(token.hash().to_vec()),
        created_at: Set(now),
        expires_at: Set(now + lifetime),
        used_at: Set(None),
        used_from: Set(None),
    };
    password_reset::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(token)
}

/// Who sets a new password by a link.
pub struct Reset<'a> {
    pub token: &'a str,
    pub new: &'a str,
    /// Of their second factor, if they have one: a letter is no way around it.
    pub code: Option<&'a str>,
    pub origin: Origin,
}

/// Sets a new password. All sessions of the person end, in all workspaces. Answers the address to sign in with.
pub async fn reset(installation: &Installation, wanted: Reset<'_>) -> Result<String> {
    let reader = installation.database.reader();
    let link = password_reset::Entity::find()
        .filter(password_reset::Column::TokenHash.eq(TokenHash::of(wanted.token).to_vec()))
        .filter(password_reset::Column::UsedAt.is_null())
        .filter(password_reset::Column::ExpiresAt.gt(installation.clock.now()))
        .one(reader)
        .await?
        .ok_or(Refusal::InvalidToken)?;
    let owner = user::Entity::find_by_id(link.user_id).one(reader).await?.ok_or(Error::NotFound)?;
    let workspaces = workspaces_of(reader, owner.id).await?;
    let names: Vec<&str> = workspaces.iter().map(|workspace| workspace.name.as_str()).collect();
    let about = About { name: &owner.name, email: &owner.email, workspaces: &names };
    let hash = installation.passwords.hash(wanted.new, &about).await?;
    let transaction = installation.database.begin().await?;
    lock(&transaction, owner.id).await?;
    let asked = ask(&transaction, installation, owner.id, (wanted.code, &wanted.origin)).await?;
    if let Asked::Refused(outcome, refusal) = asked {
        let event = refused(installation, &owner, outcome, &wanted.origin);
        sign_in_event::Entity::insert(event).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
        return Err(refusal.into());
    }
    use_up(&transaction, installation, &link, &wanted.origin).await?;
    let of = (owner.password_hash.as_deref(), hash);
    if !replace_hash(&transaction, &installation.database, owner.id, of).await? {
        return Err(Refusal::InvalidToken.into());
    }
    throttle::forgive(&transaction, installation, (&owner.email_normalized, &wanted.origin)).await?;
    finish(installation, transaction, &owner, &wanted.origin).await?;
    Ok(owner.email)
}

/// Of two who use a link at once, one is too late.
async fn use_up(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    link: &password_reset::Model,
    origin: &Origin,
) -> Result<()> {
    let now = installation.clock.now();
    let used = password_reset::ActiveModel {
        used_at: Set(Some(now)),
        used_from: Set(Some(origin.address.clone())),
        ..password_reset::ActiveModel::default()
    };
    let used = password_reset::Entity::update_many()
        .set(used)
        .filter(password_reset::Column::Id.eq(link.id))
        .filter(password_reset::Column::UsedAt.is_null())
        .filter(password_reset::Column::ExpiresAt.gt(now))
        .exec(transaction)
        .await?;
    if used.rows_affected == 1 { Ok(()) } else { Err(Refusal::InvalidToken.into()) }
}

async fn finish(
    installation: &Installation,
    transaction: DatabaseTransaction,
    owner: &user::Model,
    origin: &Origin,
) -> Result<()> {
    void_links(&transaction, &installation.database, owner.id, installation.clock.now()).await?;
    let members = end_all(&transaction, installation, owner.id, None).await?;
    for member in &members {
        let deed = Deed {
            workspace_id: member.workspace_id,
            // The person, who has no session: the log knows no other way to name them than as the subject.
            actor: Actor::Installation,
            action: "member.password_reset",
            subject: member.id.to_string(),
            before: None,
            after: Some(serde_json::json!({ "by": "link" })),
            address: Some(origin.address.clone()),
        };
        record(&transaction, &installation.clock, deed).await?;
    }
    tell(&transaction, installation, owner, (News::Reset, &origin.address)).await?;
    transaction.commit().await?;
    for member in members {
        installation.viewers.access_changed(member.workspace_id);
    }
    installation.events.wake();
    Ok(())
}

fn refused(
    installation: &Installation,
    owner: &user::Model,
    outcome: SignInOutcome,
    origin: &Origin,
) -> sign_in_event::ActiveModel {
    sign_in_event::ActiveModel {
        id: Set(installation.clock.new_id()),
        at: Set(installation.clock.now()),
        user_id: Set(Some(owner.id)),
        workspace_id: Set(None),
        email: Set(owner.email_normalized.clone()),
        outcome: Set(outcome),
        address: Set(origin.address.clone()),
        network: Set(throttle::network(&origin.address)),
        user_agent: Set(origin.user_agent.clone()),
    }
}
