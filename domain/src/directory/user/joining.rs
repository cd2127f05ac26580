//! When somebody accepts: they are the person whom the directory knows, and what its groups stand for becomes theirs.

use portaria_entity::id::DirectoryUserId;
use portaria_entity::{directory_user, invitation, member};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::{Search, Window, page};
use crate::directory::{credential, settling};
use crate::error::Result;
use crate::granting::{Authority, Change};

/// Whether a directory that is still let in still wants the person whom it had asked.
pub(crate) async fn is_awaited(change: &Change<'_>, id: DirectoryUserId) -> Result<bool> {
    let find = directory_user::Entity::find_by_id((change.workspace_id, id));
    let wanted = find.one(&change.transaction).await?.is_some_and(|row| row.active);
    Ok(wanted && !credential::in_force(change).await?.is_empty())
}

/// Links who has just accepted to whom the directory knows, whoever had asked them.
pub(crate) async fn joined(
    change: &mut Change<'_>,
    invitation: &invitation::Model,
    (member, new_account): (&member::Model, bool),
) -> Result<()> {
    // Of an earlier membership, which ended with everything that it had.
    let sql = "DELETE FROM directory_effects WHERE workspace_id = $1 AND member_id = $2";
    change.execute(sql, [member.id.0.into()]).await?;
    let Some(id) = whom(change, invitation, member).await? else { return Ok(()) };
    let sql = "UPDATE directory_users SET member_id = $3, made_account = $4, active = $5, suspended_at = NULL \
               WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [id.0.into(), member.id.0.into(), new_account.into(), true.into()]).await?;
    change.record("directory_user.joined", id, (None, Some(json!({ "member": member.id })))).await?;
    let before = change.act_by(Authority::Directory(None));
    let settled = settling::settle(change, &[id]).await;
    change.act_by(before);
    settled
}

async fn whom(
    change: &Change<'_>,
    invitation: &invitation::Model,
    member: &member::Model,
) -> Result<Option<DirectoryUserId>> {
    let linked = directory_user::Entity::find()
        .filter(directory_user::Column::WorkspaceId.eq(change.workspace_id))
        .filter(directory_user::Column::MemberId.eq(member.id))
        .one(&change.transaction)
        .await?;
    if let Some(linked) = linked {
        return Ok(Some(linked.id));
    }
    if invitation.directory_user_id.is_some() {
        return Ok(invitation.directory_user_id);
    }
    let search = Search { address: Some(invitation.email_normalized.clone()), ..Search::default() };
    let source = (&change.installation.database, change.workspace_id);
    let few = Window { offset: 0, limit: 10 };
    let found = page(&change.transaction, source, &search, few).await?;
    Ok(found.into_iter().find(|person| person.member.is_none() && person.is_active()).map(|person| person.id))
}
