//! Workspaces: how one comes to be, with its built-in roles and its first administrator.

use std::time::Duration;

use portaria_entity::id::{SetupTokenId, WorkspaceId};
use portaria_entity::role::BuiltInRole;
use portaria_entity::session::AuthenticationMethod;
use portaria_entity::{setup_token, user, workspace};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::access::Scope;
use crate::activity::{Actor, Deed, record};
use crate::authentication::{Holder, OpenedSession, Origin, Proof, open_session};
use crate::error::{Error, Refusal, Result};
use crate::grant::NewGrant;
use crate::installation::Installation;
use crate::member::NewMember;
use crate::password::{About, News, tell};
use crate::token::{Token, TokenHash};

/// How long the link to the first administrator's account may be used.
const SETUP_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// A workspace to be created.
pub struct NewWorkspace<'a> {
    pub name: &'a str,
    /// IANA name.
    pub time_zone: &'a str,
    /// BCP 47 tag.
    pub locale: &'a str,
}

/// Creates a workspace with the five built-in roles.
pub async fn create(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    new: NewWorkspace<'_>,
) -> Result<workspace::Model> {
    if jiff::tz::TimeZone::get(new.time_zone).is_err() {
        return Err(Error::BadInput(format!("{} is not an IANA time zone", new.time_zone)));
    }
    if new.name.trim().is_empty() {
        return Err(Error::BadInput("a workspace needs a name".to_owned()));
    }
    let id: WorkspaceId = installation.clock.new_id();
    let row = workspace::Model {
        id,
        name: new.name.trim().to_owned(),
        slug: id.to_string(),
        time_zone: new.time_zone.to_owned(),
        locale: new.locale.to_owned(),
        front_end_url: None,
        access_epoch: 1,
        audit_minute: 8 * 60,
        reports_daily: true,
        reports_weekday: Some(0),
        reports_set_at: installation.clock.now(),
        uses_recorded_since: installation.clock.now(),
        created_at: installation.clock.now(),
    };
    workspace::Entity::insert(workspace::ActiveModel::from(row.clone()))
        .exec_without_returning(transaction)
        .await?;
    crate::role::create_built_in(transaction, &installation.clock, id).await?;
    crate::security_policy::establish(transaction, &installation.clock, id).await?;
    Ok(row)
}

/// A workspace by its id.
pub async fn find(connection: &impl ConnectionTrait, id: WorkspaceId) -> Result<workspace::Model> {
    workspace::Entity::find_by_id(id).one(connection).await?.ok_or(Error::NotFound)
}

/// Every workspace of the installation.
pub async fn all(connection: &impl ConnectionTrait) -> Result<Vec<workspace::Model>> {
    Ok(workspace::Entity::find().all(connection).await?)
}

/// Makes every cached viewer of the workspace stale, in the transaction that changes who may do what.
pub async fn bump_access_epoch(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    workspace: WorkspaceId,
) -> Result<()> {
    let statement = installation.database.statement(
        "UPDATE workspaces SET access_epoch = access_epoch + 1 WHERE id = $1",
        [workspace.0.into()],
    );
    transaction.execute_raw(statement).await?;
    Ok(())
}

/// On an installation without any user, makes a one-time token for its first administrator.
/// An earlier token that was not used is replaced.
pub async fn issue_setup_token(installation: &Installation) -> Result<Option<Token>> {
    let transaction = installation.database.begin().await?;
    if portaria_entity::user::Entity::find().count(&transaction).await? > 0 {
        return Ok(None);
    }
    setup_token::Entity::delete_many()
        .filter(setup_token::Column::UsedAt.is_null())
        .exec(&transaction)
        .await?;
    let token = Token::generate("ptr_setup")?;
    let now = installation.clock.now();
    let row = setup_token::ActiveModel {
        id: Set(installation.clock.new_id::<SetupTokenId>()),
        token_hash: Set(token.hash().to_vec()),
        created_at: Set(now),
        expires_at: Set(now + SETUP_LIFETIME),
        used_at: Set(None),
    };
    setup_token::Entity::insert(row).exec_without_returning(&transaction).await?;
    transaction.commit().await?;
    Ok(Some(token))
}

/// The first administrator and their workspace.
pub struct FirstAdministrator<'a> {
    pub setup_token: &'a str,
    pub name: &'a str,
    pub email: &'a str,
    pub password: &'a str,
    pub workspace: NewWorkspace<'a>,
    pub origin: Origin,
}

/// Uses up the setup token: creates the workspace and its administrator, and signs them in.
pub async fn create_first_administrator(
    installation: &Installation,
    first: FirstAdministrator<'_>,
) -> Result<OpenedSession> {
    let now = installation.clock.now();
    let hash = TokenHash::of(first.setup_token).to_vec();
    // Looked at before the costly hash, and used up for good in the transaction.
    let usable = setup_token::Entity::find()
        .filter(setup_token::Column::TokenHash.eq(hash.clone()))
        .filter(setup_token::Column::UsedAt.is_null())
        .filter(setup_token::Column::ExpiresAt.gt(now));
    if usable.clone().one(installation.database.reader()).await?.is_none() {
        return Err(Refusal::InvalidToken.into());
    }
    let about = About { name: first.name, email: first.email, workspaces: &[first.workspace.name] };
    let password_hash = installation.passwords.hash(first.password, &about).await?;
    let transaction = installation.database.begin().await?;
    let used = setup_token::Entity::update_many()
        .set(setup_token::ActiveModel { used_at: Set(Some(now)), ..setup_token::ActiveModel::default() })
        .filter(setup_token::Column::TokenHash.eq(hash))
        .filter(setup_token::Column::UsedAt.is_null())
        .filter(setup_token::Column::ExpiresAt.gt(now))
        .exec(&transaction)
        .await?;
    if used.rows_affected != 1 {
        return Err(Refusal::InvalidToken.into());
    }
    let workspace = create(&transaction, installation, first.workspace).await?;
    let new = NewMember {
        name: first.name,
        email: first.email,
        locale: &workspace.locale,
        password_hash: Some(password_hash),
    };
    let member = crate::member::create(&transaction, installation, workspace.id, new).await?;
    let role = crate::role::built_in(&transaction, workspace.id, BuiltInRole::Administrator).await?;
    let grant = NewGrant {
        workspace_id: workspace.id,
        member_id: member.id,
        role_id: role.id,
        scope: Scope::Workspace,
        valid_until: None,
        reason: "First administrator",
        granted_by: None,
    };
    crate::grant::insert(&transaction, &installation.clock, grant).await?;
    let deed = Deed {
        workspace_id: workspace.id,
        actor: Actor::Installation,
        action: "workspace.created",
        subject: workspace.id.to_string(),
        before: None,
        after: Some(serde_json::json!({ "administrator": member.id })),
        address: Some(first.origin.address.clone()),
    };
    record(&transaction, &installation.clock, deed).await?;
    let person = user::Entity::find_by_id(member.user_id).one(&transaction).await?.ok_or(Error::NotFound)?;
    tell(&transaction, installation, &person, (News::FirstAdministrator, &first.origin.address)).await?;
    let holder = Holder { workspace_id: workspace.id, user_id: member.user_id, member_id: member.id };
    let proof = Proof { method: AuthenticationMethod::Bootstrap, second_factor: false, confined: false };
    let opened = open_session(installation, &transaction, holder, proof, first.origin).await?;
    transaction.commit().await?;
    Ok(opened)
}
