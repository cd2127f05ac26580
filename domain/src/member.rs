//! Members: people in a workspace.

mod administrators;
mod erasure;
mod status;

use std::collections::HashMap;

use portaria_entity::id::{MemberId, UserId, WorkspaceId};
use portaria_entity::member::{Availability, MemberStatus};
use portaria_entity::{member, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::authentication::normalize_email;
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::second_factor::vouched;
use crate::viewer::Viewer;

pub use administrators::administrators;
pub use erasure::{Erased, erase};
pub use status::{reinstate, remove, set_availability, set_capacity, suspend};

/// How many open conversations routing gives a member at once, until somebody sets it otherwise.
const DEFAULT_CAPACITY: i32 = 20;

/// A person to be made a member.
pub struct NewMember<'a> {
    pub name: &'a str,
    pub email: &'a str,
    pub locale: &'a str,
    pub password_hash: Option<String>,
}

/// A member with the person behind it.
#[derive(Clone, Debug)]
pub struct MemberRow {
    pub member: member::Model,
    pub user: user::Model,
}

/// Makes a person a member. Somebody who has an account already keeps it, their name and their password.
pub async fn create(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    workspace: WorkspaceId,
    new: NewMember<'_>,
) -> Result<member::Model> {
    let email = address(new.email)?;
    if new.name.trim().is_empty() {
        return Err(Error::BadInput("a member needs a name".to_owned()));
    }
    let known =
        user::Entity::find().filter(user::Column::EmailNormalized.eq(&email)).one(transaction).await?;
    let user_id = match known {
        Some(user) => {
            vouched::forget(transaction, installation, user.id).await?;
            user.id
        }
        None => create_user(transaction, installation, email, new).await?,
    };
    let row = member::Model {
        workspace_id: workspace,
        id: installation.clock.new_id(),
        user_id,
        status: MemberStatus::Active,
        availability: Availability::Available,
        capacity: DEFAULT_CAPACITY,
        last_active_at: None,
        created_at: installation.clock.now(),
    };
    member::Entity::insert(member::ActiveModel::from(row.clone()))
        .exec_without_returning(transaction)
        .await?;
    Ok(row)
}

/// An e-mail address in the form that signs in.
pub(crate) fn address(typed: &str) -> Result<String> {
    let email = normalize_email(typed);
    if !email.contains('@')
        || email.starts_with('@')
        || email.ends_with('@')
        || email.contains(char::is_whitespace)
    {
        return Err(Error::BadInput(format!("{} is not an e-mail address", typed.trim())));
    }
    Ok(email)
}

async fn create_user(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    email: String,
    new: NewMember<'_>,
) -> Result<UserId> {
    let id = installation.clock.new_id();
    let row = user::ActiveModel {
        id: Set(id),
        email: Set(new.email.trim().to_owned()),
        email_normalized: Set(email),
        name: Set(new.name.trim().to_owned()),
        locale: Set(new.locale.to_owned()),
        password_hash: Set(new.password_hash),
        created_at: Set(installation.clock.now()),
    };
    user::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(id)
}

fn joined(rows: Vec<(member::Model, Option<user::Model>)>) -> Result<Vec<MemberRow>> {
    rows.into_iter()
        .map(|(member, user)| match user {
            Some(user) => Ok(MemberRow { member, user }),
            None => Err(Error::internal("a member without its user")),
        })
        .collect()
}

/// Members of the viewer's workspace in the order in which they joined. Every active member may know them.
pub async fn page(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    after: Option<MemberId>,
    limit: u64,
) -> Result<Vec<MemberRow>> {
    let mut find = member::Entity::find()
        .filter(member::Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(member::Column::Status.ne(MemberStatus::Removed));
    if let Some(after) = after {
        find = find.filter(member::Column::Id.gt(after));
    }
    let rows = with_user(find).order_by_asc(member::Column::Id).limit(limit).all(connection).await?;
    joined(rows)
}

/// Members by id, those of them that are in the viewer's workspace.
pub async fn by_ids(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    ids: &[MemberId],
) -> Result<HashMap<MemberId, MemberRow>> {
    let find = member::Entity::find()
        .filter(member::Column::WorkspaceId.eq(workspace))
        .filter(member::Column::Id.is_in(ids.iter().copied()));
    let rows = with_user(find).all(connection).await?;
    Ok(joined(rows)?.into_iter().map(|row| (row.member.id, row)).collect())
}

fn with_user(find: sea_orm::Select<member::Entity>) -> sea_orm::SelectTwo<member::Entity, user::Entity> {
    let join = member::Entity::belongs_to(user::Entity).from(member::Column::UserId).to(user::Column::Id);
    find.join(sea_orm::JoinType::InnerJoin, join.into()).select_also(user::Entity)
}
