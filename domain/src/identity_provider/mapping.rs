//! Role mappings: who gets a role because of what a provider claims of them.

use portaria_entity::id::{GrantId, IdentityProviderId, MemberId, RoleId, RoleMappingId, WorkspaceId};
use portaria_entity::role_mapping;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

use super::short;
use crate::access::Scope;
use crate::error::{Error, Refusal, Result};
use crate::grant::{close, require_scope};
use crate::granting::{Change, Conferral, Holder};
use crate::role::Disposal;

/// More would only be a mistake.
const MOST: usize = 200;

/// A mapping to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMapping {
    pub claim: String,
    pub value: String,
    pub role_id: RoleId,
    pub scope: Scope,
}

impl NewMapping {
    fn is(&self, row: &role_mapping::Model) -> bool {
        let scope = Scope::of_grant(row.channel_id, row.team_id);
        (&self.claim, &self.value, self.role_id, self.scope) == (&row.claim, &row.value, row.role_id, scope)
    }
}

/// The mappings in force of some providers.
pub async fn in_force(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    providers: &[IdentityProviderId],
) -> Result<Vec<role_mapping::Model>> {
    let find = role_mapping::Entity::find()
        .filter(role_mapping::Column::WorkspaceId.eq(workspace))
        .filter(role_mapping::Column::ProviderId.is_in(providers.iter().copied()))
        .filter(role_mapping::Column::ClosedAt.is_null())
        .order_by_asc(role_mapping::Column::Id);
    Ok(find.all(connection).await?)
}

/// Makes these the mappings of a provider. Those that are there already stay, with what they have given.
pub(super) async fn replace(
    change: &mut Change<'_>,
    provider: IdentityProviderId,
    wanted: &[NewMapping],
) -> Result<()> {
    if wanted.len() > MOST {
        return Err(Error::BadInput(format!("a provider has at most {MOST} mappings")));
    }
    let there = in_force(&change.transaction, change.workspace_id, &[provider]).await?;
    for row in there.iter().filter(|row| !wanted.iter().any(|new| new.is(row))) {
        change.touch_holder(Holder::Mapping(row.id))?;
        end(change, row.id).await?;
    }
    let mut added: Vec<&NewMapping> = Vec::new();
    for new in wanted {
        if there.iter().any(|row| new.is(row)) || added.contains(&new) {
            continue;
        }
        add(change, provider, new).await?;
        added.push(new);
    }
    change.reload().await
}

async fn add(change: &Change<'_>, provider: IdentityProviderId, new: &NewMapping) -> Result<()> {
    let permissions = change.ledger.role(new.role_id)?.permissions;
    require_scope(change, new.scope).await?;
    if new.scope.narrow(permissions).is_empty() {
        return Err(Refusal::NothingConferred.into());
    }
    let (channel_id, team_id) = new.scope.columns();
    let row = role_mapping::Model {
        workspace_id: change.workspace_id,
        id: change.installation.clock.new_id(),
        provider_id: provider,
        claim: short("a claim", &new.claim)?,
        value: short("a value", &new.value)?,
        role_id: new.role_id,
        channel_id,
        team_id,
        configured_by: change.author().ok_or(Error::PersonRequired)?,
        created_at: change.now,
        closed_at: None,
        closed_by: None,
    };
    change.confer_to(Holder::Mapping(row.id), Conferral { scope: new.scope, permissions, until: None })?;
    role_mapping::Entity::insert(role_mapping::ActiveModel::from(row))
        .exec_without_returning(&change.transaction)
        .await?;
    Ok(())
}

/// Ends a mapping and the grants that it has made.
async fn end(change: &mut Change<'_>, id: RoleMappingId) -> Result<()> {
    let given = "SELECT g.id, g.member_id FROM mapped_grants m \
                 JOIN grants g ON g.workspace_id = m.workspace_id AND g.id = m.grant_id AND g.closed_at IS NULL \
                 WHERE m.workspace_id = $1 AND m.mapping_id = $2";
    let database = &change.installation.database;
    let statement = database.statement(given, [change.workspace_id.0.into(), id.0.into()]);
    for row in change.transaction.query_all_raw(statement).await? {
        let grant: GrantId = row.try_get_by_index(0)?;
        change.touch(row.try_get_by_index::<MemberId>(1)?)?;
        let by = (change.now, change.author());
        close(&change.transaction, database, (change.workspace_id, grant), by).await?;
    }
    let sql = "UPDATE role_mappings SET closed_at = $3, closed_by = $4 WHERE workspace_id = $1 AND id = $2";
    let by = change.author().map(|author| author.0);
    change.execute(sql, [id.0.into(), change.now.0.into(), by.into()]).await?;
    Ok(())
}

/// What becomes of a mapping whose role is deleted. Its grants are looked after as those of the role.
pub(crate) async fn dispose(change: &Change<'_>, id: RoleMappingId, disposal: Disposal) -> Result<()> {
    let Disposal::Replace(replacement) = disposal else {
        let sql =
            "UPDATE role_mappings SET closed_at = $3, closed_by = $4 WHERE workspace_id = $1 AND id = $2";
        let by = change.author().map(|author| author.0);
        change.execute(sql, [id.0.into(), change.now.0.into(), by.into()]).await?;
        return Ok(());
    };
    let (role, scope) = (change.ledger.role(replacement)?, change.ledger.mapping(id)?.scope);
    let what = Conferral { scope, permissions: role.permissions, until: None };
    change.confer_to(Holder::Mapping(id), what)?;
    let find = role_mapping::Entity::find_by_id((change.workspace_id, id));
    let provider = find.one(&change.transaction).await?.ok_or(Error::NotFound)?.provider_id;
    let key = (change.workspace_id, provider);
    let before = super::find(&change.transaction, key).await?;
    let sql = "UPDATE role_mappings SET role_id = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [id.0.into(), replacement.0.into()]).await?;
    let after = super::find(&change.transaction, key).await?;
    let told = (Some(super::told(&before)), Some(super::told(&after)));
    change.record("identity_provider.updated", provider, told).await
}

/// A grant has been replaced: whatever mapping gave it, gave the new one.
pub(crate) async fn hand_on(change: &Change<'_>, before: GrantId, after: GrantId) -> Result<()> {
    let sql = "UPDATE mapped_grants SET grant_id = $3 WHERE workspace_id = $1 AND grant_id = $2";
    change.execute(sql, [before.0.into(), after.0.into()]).await?;
    Ok(())
}

pub(super) fn told(row: &role_mapping::Model) -> Value {
    json!({
        "claim": row.claim,
        "value": row.value,
        "role": row.role_id,
        "channel": row.channel_id,
        "team": row.team_id,
    })
}
