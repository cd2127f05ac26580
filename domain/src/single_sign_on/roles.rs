//! Roles from claims: at each sign-in a member gets what is mapped for them, and loses what is no longer. Grants that
//! somebody has made are left alone.

use std::collections::HashMap;

use portaria_entity::id::{GrantId, MemberId, RoleMappingId};
use portaria_entity::{mapped_grant, role_mapping};
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};

use super::assertion::Assertion;
use crate::access::Scope;
use crate::error::Result;
use crate::grant::{NewGrant, close, insert};
use crate::granting::{Change, Title, keeps_an_administrator};
use crate::identity_provider::ProviderRow;

const HELD: &str = "
SELECT g.id, r.id FROM grants g
JOIN mapped_grants m ON m.workspace_id = g.workspace_id AND m.grant_id = g.id
JOIN role_mappings r ON r.workspace_id = m.workspace_id AND r.id = m.mapping_id
WHERE g.workspace_id = $1 AND g.member_id = $2 AND r.provider_id = $3 AND g.closed_at IS NULL";

/// Gives and takes what the claims say. The mappings were granted when they were configured.
pub(super) async fn bring_into_line(
    change: &mut Change<'_>,
    provider: &ProviderRow,
    member: MemberId,
    assertion: &Assertion,
) -> Result<()> {
    let held = held(change, provider, member).await?;
    let wanted: Vec<_> = provider.mappings.iter().filter(|mapping| assertion.matches(mapping)).collect();
    let given: Vec<_> = wanted.iter().filter(|mapping| !held.contains_key(&mapping.id)).collect();
    let lost: Vec<_> =
        held.iter().filter(|(id, _)| !wanted.iter().any(|mapping| mapping.id == **id)).collect();
    if given.is_empty() && lost.is_empty() {
        return Ok(());
    }
    change.affects(member);
    for mapping in given {
        give(change, provider, member, mapping).await?;
    }
    change.reload().await?;
    for (mapping, grant) in lost {
        take_back(change, (member, *grant), *mapping).await?;
    }
    Ok(())
}

async fn held(
    change: &Change<'_>,
    provider: &ProviderRow,
    member: MemberId,
) -> Result<HashMap<RoleMappingId, GrantId>> {
    let values = [change.workspace_id.0.into(), member.0.into(), provider.provider.id.0.into()];
    let statement = change.installation.database.statement(HELD, values);
    let rows = change.transaction.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(1)?, row.try_get_by_index(0)?))).collect()
}

async fn give(
    change: &Change<'_>,
    provider: &ProviderRow,
    member: MemberId,
    mapping: &role_mapping::Model,
) -> Result<()> {
    let reason = format!("Single sign-on: {}", provider.provider.name);
    let new = NewGrant {
        workspace_id: change.workspace_id,
        member_id: member,
        role_id: mapping.role_id,
        scope: Scope::of_grant(mapping.channel_id, mapping.team_id),
        valid_until: None,
        reason: &reason,
        granted_by: None,
    };
    let grant = insert(&change.transaction, &change.installation.clock, new).await?;
    let row = mapped_grant::ActiveModel {
        workspace_id: Set(change.workspace_id),
        grant_id: Set(grant),
        mapping_id: Set(mapping.id),
    };
    mapped_grant::Entity::insert(row).exec_without_returning(&change.transaction).await?;
    let told = json!({
        "grant": grant, "member": member, "role": mapping.role_id, "channel": mapping.channel_id,
        "team": mapping.team_id, "mapping": mapping.id, "reason": reason,
    });
    change.record("grant.made", grant, (None, Some(told))).await
}

/// Ends a grant of a mapping, unless the workspace would be left without an administrator.
async fn take_back(
    change: &mut Change<'_>,
    (member, grant): (MemberId, GrantId),
    mapping: RoleMappingId,
) -> Result<()> {
    let told: Option<Value> = Some(json!({ "member": member, "mapping": mapping }));
    let mut without = change.ledger.members.clone();
    if let Some(standing) = without.get_mut(&member) {
        standing.holdings.retain(|holding| holding.title != Title::Grant(grant));
    }
    let administered = keeps_an_administrator(&change.ledger.members, change.now).is_ok();
    if administered && keeps_an_administrator(&without, change.now).is_err() {
        return change.record("grant.kept", grant, (None, told)).await;
    }
    let database = &change.installation.database;
    close(&change.transaction, database, (change.workspace_id, grant), (change.now, None)).await?;
    change.record("grant.revoked", grant, (told, Some(json!({ "reason": "no longer claimed" })))).await?;
    change.reload().await
}
