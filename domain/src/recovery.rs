//! For who is locked out, from the machine itself: a link for a new password, a new password, or no second factor any
//! more. Nobody in one workspace may do that to a person who is also in another. The person and the administrators of
//! their workspaces are told.

use std::collections::BTreeMap;

use portaria_entity::id::UserId;
use portaria_entity::member::MemberStatus;
use portaria_entity::{member, user};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::activity::{Actor, Deed, record};
use crate::authentication::normalize_email;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::link::{self, Page};
use crate::member::administrators;
use crate::password::{About, News, issue_link, replace_hash, tell, void_links, workspaces_of};
use crate::second_factor::{forget, reset};
use crate::session;

/// The person behind an e-mail address.
pub async fn find_user(connection: &impl ConnectionTrait, email: &str) -> Result<Option<user::Model>> {
    let email = normalize_email(email);
    Ok(user::Entity::find().filter(user::Column::EmailNormalized.eq(email)).one(connection).await?)
}

/// Makes a one-time link with which a person sets a new password. What they have stays in force until they use it.
pub async fn issue_reset_link(installation: &Installation, email: &str) -> Result<String> {
    let transaction = installation.database.begin().await?;
    let user = find_user(&transaction, email).await?.ok_or(Error::NotFound)?;
    let workspaces = workspaces_of(&transaction, user.id).await?;
    if workspaces.is_empty() {
        return Err(Error::NotFound);
    }
    let token = issue_link(&transaction, installation, &user).await?;
    let members = members_of(&transaction, &user).await?;
    let done = Done { action: "member.reset_link_issued", news: News::LinkByMachine };
    put_on_record(installation, &transaction, (&user, &members), done).await?;
    transaction.commit().await?;
    Ok(link::to_account(installation, &workspaces, Page::ResetPassword, &token))
}

/// Sets a person's password and ends all their sessions, recorded in each of their workspaces.
pub async fn reset_password(installation: &Installation, email: &str, password: &str) -> Result<()> {
    let reader = installation.database.reader();
    let user = find_user(reader, email).await?.ok_or(Error::NotFound)?;
    let workspaces = workspaces_of(reader, user.id).await?;
    let names: Vec<&str> = workspaces.iter().map(|workspace| workspace.name.as_str()).collect();
    let about = About { name: &user.name, email: &user.email, workspaces: &names };
    let hash = installation.passwords.hash(password, &about).await?;
    let transaction = installation.database.begin().await?;
    let of = (user.password_hash.as_deref(), hash);
    if !replace_hash(&transaction, &installation.database, user.id, of).await? {
        return Err(Error::Busy);
    }
    void_links(&transaction, &installation.database, user.id, installation.clock.now()).await?;
    let done = Done { action: "member.password_reset", news: News::SetByMachine };
    end_with(installation, transaction, &user, done).await
}

/// Takes a person's second factors away and ends all their sessions, recorded in each of their workspaces.
pub async fn remove_second_factor(installation: &Installation, email: &str) -> Result<()> {
    let transaction = installation.database.begin().await?;
    let user = find_user(&transaction, email).await?.ok_or(Error::NotFound)?;
    if !forget(&transaction, user.id).await? {
        return Err(Refusal::NoSecondFactor.into());
    }
    for member in crate::second_factor::memberships(&transaction, user.id).await? {
        reset::note(&transaction, &installation.clock, (member.workspace_id, member.id), None).await?;
    }
    let done = Done { action: "member.second_factor_removed", news: News::SecondFactorRemoved };
    end_with(installation, transaction, &user, done).await
}

/// What the machine did to somebody's way in.
#[derive(Clone, Copy)]
struct Done<'a> {
    action: &'a str,
    news: News<'a>,
}

/// Ends all sessions of a person whose way in has changed, and commits.
async fn end_with(
    installation: &Installation,
    transaction: DatabaseTransaction,
    user: &user::Model,
    done: Done<'_>,
) -> Result<()> {
    let members = session::end_all(&transaction, installation, user.id, None).await?;
    put_on_record(installation, &transaction, (user, &members), done).await?;
    transaction.commit().await?;
    for member in members {
        installation.viewers.access_changed(member.workspace_id);
    }
    Ok(())
}

async fn members_of(connection: &impl ConnectionTrait, user: &user::Model) -> Result<Vec<member::Model>> {
    let find = member::Entity::find()
        .filter(member::Column::UserId.eq(user.id))
        .filter(member::Column::Status.ne(MemberStatus::Removed));
    Ok(find.all(connection).await?)
}

/// Records it in each of the person's workspaces, and tells them and the administrators.
async fn put_on_record(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    (user, members): (&user::Model, &[member::Model]),
    done: Done<'_>,
) -> Result<()> {
    for member in members {
        let deed = Deed {
            workspace_id: member.workspace_id,
            actor: Actor::Installation,
            action: done.action,
            subject: member.id.to_string(),
            before: None,
            after: None,
            address: None,
        };
        record(transaction, &installation.clock, deed).await?;
    }
    tell(transaction, installation, user, (done.news, "")).await?;
    for administrator in administrators_beside(installation, transaction, (user, members)).await?.values() {
        let news = News::MachineActedOn { name: &user.name };
        tell(transaction, installation, administrator, (news, "")).await?;
    }
    Ok(())
}

/// Everybody who administers a workspace that the person is in, but not they themselves.
async fn administrators_beside(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    (person, members): (&user::Model, &[member::Model]),
) -> Result<BTreeMap<UserId, user::Model>> {
    let (database, now) = (&installation.database, installation.clock.now());
    let mut all = BTreeMap::new();
    for member in members {
        let found = administrators(transaction, database, member.workspace_id, now).await?;
        all.extend(found.into_iter().filter(|one| one.id != person.id).map(|one| (one.id, one)));
    }
    Ok(all)
}
