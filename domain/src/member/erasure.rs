//! Forgetting who a removed member was. That something was done stays, whoever did it; the chain of the log holds.

use portaria_entity::id::MemberId;
use portaria_entity::member as member_entity;
use portaria_entity::member::MemberStatus;
use portaria_entity::{known_device, password_reset, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::activity;
use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, stated};
use crate::second_factor;

/// What was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Of how many activities the details were erased.
    pub activities: usize,
    /// Whether the person's account went too: it stays while they belong to another workspace.
    pub account: bool,
}

/// Rows of the workspace that tell where the person (`$2`) signed in from, by which name a provider knows them, and what they did when.
const BY_PERSON: &[&str] = &[
    "UPDATE sign_in_events SET email = '', address = '', network = '', user_agent = '' WHERE workspace_id = $1 AND user_id = $2",
    "UPDATE sessions SET address = '', network = '', user_agent = '' WHERE workspace_id = $1 AND user_id = $2",
    "DELETE FROM session_uses WHERE workspace_id = $1 AND session_id IN \
     (SELECT id FROM sessions WHERE workspace_id = $1 AND user_id = $2)",
    "DELETE FROM external_identities WHERE workspace_id = $1 AND member_id IN \
     (SELECT id FROM members WHERE workspace_id = $1 AND user_id = $2)",
    "UPDATE access_review_people SET name = '', email = '', salt = NULL WHERE workspace_id = $1 AND member_id IN \
     (SELECT id FROM members WHERE workspace_id = $1 AND user_id = $2)",
    "DELETE FROM member_permission_uses WHERE workspace_id = $1 AND member_id IN \
     (SELECT id FROM members WHERE workspace_id = $1 AND user_id = $2)",
];
/// What was seen of them (`$2`): from where and with what they signed in. Of who is gone nothing is left to do. What findings about
/// others tell of them stays: it is the others' evidence, and names them by their id.
const FINDINGS: &str = "UPDATE findings SET evidence = '[]', status = 'resolved', resolved_at = COALESCE(resolved_at, $3) \
                        WHERE workspace_id = $1 AND member_id = $2";
/// Rows of the workspace that were meant for their address (`$2`).
const BY_ADDRESS: &[&str] = &["UPDATE invitations SET name = '', email = '', email_normalized = '' \
     WHERE workspace_id = $1 AND email_normalized = $2"];

/// Erases what tells who a removed member was: the details of their activities and of those about them, addresses,
/// invitations and mail; and, of who belongs to no other workspace, name and e-mail address.
pub async fn erase(change: &mut Change<'_>, member: MemberId, reason: &str) -> Result<Erased> {
    if change.touch(member)?.status != MemberStatus::Removed {
        return Err(Refusal::NotRemoved.into());
    }
    stated(reason, Refusal::ReasonMissing)?;
    let key = (change.workspace_id, member);
    let row = member_entity::Entity::find_by_id(key).one(&change.transaction).await?;
    let user_id = row.ok_or(Error::NotFound)?.user_id;
    let person = user::Entity::find_by_id(user_id).one(&change.transaction).await?.ok_or(Error::NotFound)?;
    // Who becomes a member elsewhere just now keeps the account that they have just proved to be theirs.
    second_factor::reset::keep_out_of_others(change, user_id).await?;
    // First, while it is known where they were written to.
    crate::mail::erase(change, &person, member).await?;
    for sql in BY_PERSON {
        change.execute(sql, [person.id.0.into()]).await?;
    }
    for sql in BY_ADDRESS {
        change.execute(sql, [person.email_normalized.clone().into()]).await?;
    }
    let theirs = [member.0.into(), change.now.0.into()];
    change.execute(FINDINGS, theirs).await?;
    crate::directory::user::forget(change, member).await?;
    let elsewhere = member_entity::Entity::find()
        .filter(member_entity::Column::UserId.eq(person.id))
        .filter(member_entity::Column::Status.ne(MemberStatus::Removed))
        .count(&change.transaction)
        .await?;
    let account = elsewhere == 0;
    if account {
        forget_account(change, &person).await?;
    }
    let activities = activity::erase_member(change, member, reason).await?;
    Ok(Erased { activities, account })
}

async fn forget_account(change: &Change<'_>, person: &user::Model) -> Result<()> {
    // No mail goes to a name that is reserved for being invalid (RFC 6761).
    let address = format!("{}@erased.invalid", person.id.0.simple());
    let forgotten = user::ActiveModel {
        id: Set(person.id),
        name: Set("—".to_owned()),
        email: Set(address.clone()),
        email_normalized: Set(address),
        password_hash: Set(None),
        ..user::ActiveModel::default()
    };
    user::Entity::update(forgotten).exec(&change.transaction).await?;
    second_factor::forget(&change.transaction, person.id).await?;
    let theirs = password_reset::Column::UserId.eq(person.id);
    password_reset::Entity::delete_many().filter(theirs).exec(&change.transaction).await?;
    crate::throttle::forget(&change.transaction, &change.installation.database, person.id).await?;
    let theirs = known_device::Column::UserId.eq(person.id);
    known_device::Entity::delete_many().filter(theirs).exec(&change.transaction).await?;
    Ok(())
}
