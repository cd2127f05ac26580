//! Whom an identity provider means by a subject. A link holds in the workspace that the provider belongs to, and nowhere
//! else; e-mail addresses link nobody.

mod letter;

use portaria_entity::id::{ExternalIdentityId, IdentityProviderId, MemberId, WorkspaceId};
use portaria_entity::{external_identity, member, user};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::json;

use crate::error::{Error, Refusal, Result};
use crate::granting::Change;
use crate::permission::Permission;

pub(crate) use letter::{News, tell};

/// The identities of a provider.
pub async fn of_provider(
    connection: &impl ConnectionTrait,
    (workspace, provider): (WorkspaceId, IdentityProviderId),
) -> Result<Vec<external_identity::Model>> {
    let find = external_identity::Entity::find()
        .filter(external_identity::Column::WorkspaceId.eq(workspace))
        .filter(external_identity::Column::ProviderId.eq(provider))
        .order_by_asc(external_identity::Column::Id);
    Ok(find.all(connection).await?)
}

/// The identities of a member.
pub async fn of_member(
    connection: &impl ConnectionTrait,
    (workspace, member): (WorkspaceId, MemberId),
) -> Result<Vec<external_identity::Model>> {
    let find = external_identity::Entity::find()
        .filter(external_identity::Column::WorkspaceId.eq(workspace))
        .filter(external_identity::Column::MemberId.eq(member))
        .order_by_asc(external_identity::Column::Id);
    Ok(find.all(connection).await?)
}

/// The identity behind a provider's subject.
pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    (workspace, provider): (WorkspaceId, IdentityProviderId),
    subject: &str,
) -> Result<Option<external_identity::Model>> {
    let find = external_identity::Entity::find()
        .filter(external_identity::Column::WorkspaceId.eq(workspace))
        .filter(external_identity::Column::ProviderId.eq(provider))
        .filter(external_identity::Column::Subject.eq(subject));
    Ok(find.one(connection).await?)
}

/// Links a subject to a member.
pub(crate) async fn insert(
    change: &Change<'_>,
    provider: IdentityProviderId,
    subject: &str,
    member: MemberId,
) -> Result<external_identity::Model> {
    if let Some(other) = find(&change.transaction, (change.workspace_id, provider), subject).await? {
        return Err(match other.member_id == member {
            true => Refusal::AlreadyLinked.into(),
            false => Refusal::IdentityTaken.into(),
        });
    }
    let own = of_member(&change.transaction, (change.workspace_id, member)).await?;
    if own.iter().any(|identity| identity.provider_id == provider) {
        return Err(Refusal::AlreadyLinked.into());
    }
    let row = external_identity::Model {
        workspace_id: change.workspace_id,
        id: change.installation.clock.new_id(),
        provider_id: provider,
        subject: subject.to_owned(),
        member_id: member,
        created_at: change.now,
        last_used_at: None,
    };
    external_identity::Entity::insert(external_identity::ActiveModel::from(row.clone()))
        .exec_without_returning(&change.transaction)
        .await?;
    let told = json!({ "identity": row.id, "provider": provider, "subject": subject });
    change.record("external_identity.linked", member, (None, Some(told))).await?;
    Ok(row)
}

/// Takes a link away; the sessions that it opened end. One's own, or, by who may manage the security policy, that of
/// somebody whose access is theirs to change.
pub async fn unlink(change: &mut Change<'_>, id: ExternalIdentityId) -> Result<ExternalIdentityId> {
    let find = external_identity::Entity::find_by_id((change.workspace_id, id));
    let row = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
    if change.author() == Some(row.member_id) {
        refuse_last_way_in(change, &row).await?;
        change.affects(row.member_id);
    } else {
        match change.require(Permission::SecurityPolicyManage) {
            // Whose identities there are is not for everybody to know.
            Err(Error::Forbidden { .. }) => return Err(Error::NotFound),
            required => required?,
        }
        change.touch(row.member_id)?;
    }
    end(change, &row).await?;
    Ok(id)
}

/// Nobody locks themselves out by mistake.
async fn refuse_last_way_in(change: &Change<'_>, row: &external_identity::Model) -> Result<()> {
    let key = (change.workspace_id, row.member_id);
    let member = member::Entity::find_by_id(key).one(&change.transaction).await?.ok_or(Error::NotFound)?;
    let find = user::Entity::find_by_id(member.user_id);
    let user = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
    let identities = external_identity::Entity::find()
        .filter(external_identity::Column::WorkspaceId.eq(change.workspace_id))
        .filter(external_identity::Column::MemberId.eq(row.member_id));
    if user.password_hash.is_none() && identities.count(&change.transaction).await? == 1 {
        return Err(Refusal::LastWayIn.into());
    }
    Ok(())
}

/// Ends a link with the sessions that it opened, and tells whose it was. The caller has checked that it may.
pub(crate) async fn end(change: &Change<'_>, row: &external_identity::Model) -> Result<()> {
    let sql = "UPDATE sessions SET ended_at = $3 WHERE workspace_id = $1 AND ended_at IS NULL AND id IN \
               (SELECT session_id FROM single_sign_on_sessions WHERE workspace_id = $1 AND identity_id = $2)";
    change.execute(sql, [row.id.0.into(), change.now.0.into()]).await?;
    let key = (change.workspace_id, row.id);
    external_identity::Entity::delete_by_id(key).exec(&change.transaction).await?;
    let told = json!({ "identity": row.id, "provider": row.provider_id, "subject": row.subject });
    change.record("external_identity.unlinked", row.member_id, (Some(told), None)).await?;
    tell(change, row, News::Unlinked).await
}
