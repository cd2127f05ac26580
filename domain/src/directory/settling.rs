//! Makes grants and team memberships what the groups stand for. What people did by hand stays: a grant that somebody made,
//! and also the end that somebody put to one of the directory's.

use std::collections::{BTreeMap, HashMap, HashSet};

use portaria_entity::id::{DirectoryGroupId, DirectoryMappingId, DirectoryUserId, GrantId, MemberId, TeamId};
use portaria_entity::member::MemberStatus;
use portaria_entity::{
    directory_group, directory_group_member, directory_mapping, directory_user, team_member,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::mapping::{Meaning, meaning, of_groups};
use crate::error::{Error, Refusal, Result};
use crate::grant::{NewGrant, close, insert_from};
use crate::granting::{Change, Conferral, Holder};
use crate::team::add_member;

/// Mappings with the grants that came of them; none for those of teams.
type Effects = BTreeMap<DirectoryMappingId, Option<GrantId>>;

/// What settling works from, read at once.
struct Plan {
    members: Vec<MemberId>,
    wanted: HashMap<MemberId, Vec<DirectoryMappingId>>,
    had: HashMap<MemberId, Effects>,
    mappings: HashMap<DirectoryMappingId, directory_mapping::Model>,
    group_names: HashMap<DirectoryGroupId, String>,
}

/// Settles what these people have by their groups. Nobody gains what may not be given them: that is passed over, and put
/// down. What may not be taken from them is refused.
pub(super) async fn settle(change: &mut Change<'_>, people: &[DirectoryUserId]) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let mut plan = Plan::read(change, people).await?;
    for member in std::mem::take(&mut plan.members) {
        let wanted = plan.wanted.remove(&member).unwrap_or_default();
        let mut had = plan.had.remove(&member).unwrap_or_default();
        let lost: Vec<_> = had.keys().filter(|id| !wanted.contains(id)).copied().collect();
        for id in wanted {
            if had.contains_key(&id) {
                continue;
            }
            match plan.make(change, member, id, &had).await {
                Ok(Some(grant)) => {
                    had.insert(id, grant);
                }
                Ok(None) => {}
                Err(Error::Refused(refusal)) => pass_over(change, member, id, refusal).await?,
                Err(failure) => return Err(failure),
            }
        }
        // Afterwards, so that who goes from one group to another of the same team does not leave it meanwhile.
        for id in lost {
            let grant = had.remove(&id).flatten();
            plan.end(change, member, (id, grant), &had).await?;
        }
    }
    change.reload().await
}

async fn pass_over(
    change: &Change<'_>,
    member: MemberId,
    mapping: DirectoryMappingId,
    refusal: Refusal,
) -> Result<()> {
    let told = json!({ "member": member, "reason": refusal.to_string() });
    change.record("directory_mapping.passed_over", mapping, (None, Some(told))).await
}

impl Plan {
    async fn read(change: &Change<'_>, people: &[DirectoryUserId]) -> Result<Self> {
        let (connection, workspace) = (&change.transaction, change.workspace_id);
        let rows = directory_user::Entity::find()
            .filter(directory_user::Column::WorkspaceId.eq(workspace))
            .filter(directory_user::Column::Id.is_in(people.iter().copied()))
            .filter(directory_user::Column::MemberId.is_not_null())
            .all(connection)
            .await?;
        let members: HashMap<DirectoryUserId, MemberId> =
            rows.into_iter().filter_map(|row| row.member_id.map(|member| (row.id, member))).collect();
        let places = directory_group_member::Entity::find()
            .filter(directory_group_member::Column::WorkspaceId.eq(workspace))
            .filter(directory_group_member::Column::UserId.is_in(members.keys().copied()))
            .all(connection)
            .await?;
        let groups: Vec<DirectoryGroupId> = places.iter().map(|place| place.group_id).collect();
        let open = of_groups(connection, workspace, &groups).await?;
        let mut wanted: HashMap<MemberId, Vec<DirectoryMappingId>> = HashMap::new();
        for place in &places {
            let Some(member) = members.get(&place.user_id) else { continue };
            let of_group = open.iter().filter(|mapping| mapping.group_id == place.group_id);
            wanted.entry(*member).or_default().extend(of_group.map(|mapping| mapping.id));
        }
        let had = had(change, members.values().copied()).await?;
        let mut mappings: HashMap<_, _> = open.into_iter().map(|row| (row.id, row)).collect();
        let ended = had.values().flat_map(BTreeMap::keys).filter(|id| !mappings.contains_key(id)).copied();
        let ended = directory_mapping::Entity::find()
            .filter(directory_mapping::Column::WorkspaceId.eq(workspace))
            .filter(directory_mapping::Column::Id.is_in(ended.collect::<Vec<_>>()))
            .all(connection)
            .await?;
        mappings.extend(ended.into_iter().map(|row| (row.id, row)));
        let names = directory_group::Entity::find()
            .filter(directory_group::Column::WorkspaceId.eq(workspace))
            .filter(directory_group::Column::Id.is_in(groups))
            .all(connection)
            .await?;
        let mut members: Vec<MemberId> = members.into_values().collect();
        members.sort_unstable();
        let group_names = names.into_iter().map(|row| (row.id, row.name)).collect();
        Ok(Self { members, wanted, had, mappings, group_names })
    }

    fn mapping(&self, id: DirectoryMappingId) -> Result<&directory_mapping::Model> {
        self.mappings.get(&id).ok_or_else(|| Error::internal("an effect without its mapping"))
    }

    fn team(&self, id: DirectoryMappingId) -> Option<TeamId> {
        self.mappings.get(&id).and_then(|row| row.joins_team_id)
    }

    /// Ends what came of a mapping, unless another one keeps it up.
    async fn end(
        &self,
        change: &mut Change<'_>,
        member: MemberId,
        (id, grant): (DirectoryMappingId, Option<GrantId>),
        kept: &Effects,
    ) -> Result<()> {
        change.touch(member)?;
        let (workspace, by) = (change.workspace_id, (change.now, change.author()));
        let database = &change.installation.database;
        if let Some(grant) = grant {
            if close(&change.transaction, database, (workspace, grant), by).await? {
                let told = Some(json!({ "reason": "directory", "member": member }));
                change.record("grant.revoked", grant, (None, told)).await?;
            }
        } else if let Some(team) = self.team(id)
            && !kept.keys().any(|other| self.team(*other) == Some(team))
        {
            let which = (workspace, team, member);
            team_member::Entity::delete_by_id(which).exec(&change.transaction).await?;
            change.leaves(member, team);
            let told = Some(json!({ "member": member }));
            change.record("team.member_removed", team, (told, None)).await?;
        }
        let sql =
            "DELETE FROM directory_effects WHERE workspace_id = $1 AND mapping_id = $2 AND member_id = $3";
        change.execute(sql, [id.0.into(), member.0.into()]).await?;
        Ok(())
    }

    /// Makes a mapping come true for a member; `None` when nothing was to be done, for it is so by somebody's hand.
    async fn make(
        &self,
        change: &mut Change<'_>,
        member: MemberId,
        id: DirectoryMappingId,
        had: &Effects,
    ) -> Result<Option<Option<GrantId>>> {
        let standing = change.touch(member)?;
        if standing.status == MemberStatus::Removed {
            return Ok(None);
        }
        let member_of = standing.member_of.clone();
        let made = match meaning(self.mapping(id)?)? {
            Meaning::Role(..) => Some(self.grant(change, member, id).await?),
            Meaning::Team(team) => {
                let by_directory = had.keys().any(|other| self.team(*other) == Some(team));
                if !by_directory && member_of.contains(&team) {
                    return Ok(None);
                }
                if !by_directory {
                    self.join(change, member, team).await?;
                }
                None
            }
        };
        let sql = "INSERT INTO directory_effects (workspace_id, mapping_id, member_id, grant_id) VALUES ($1, $2, $3, $4)";
        change.execute(sql, [id.0.into(), member.0.into(), made.map(|grant| grant.0).into()]).await?;
        Ok(Some(made))
    }

    async fn join(&self, change: &Change<'_>, member: MemberId, team: TeamId) -> Result<()> {
        change.admit(member, team)?;
        add_member(&change.transaction, change.installation, (change.workspace_id, team), member).await?;
        change.record("team.member_added", team, (None, Some(json!({ "member": member })))).await
    }

    async fn grant(&self, change: &Change<'_>, member: MemberId, id: DirectoryMappingId) -> Result<GrantId> {
        let mapping = self.mapping(id)?;
        let Meaning::Role(role_id, scope) = meaning(mapping)? else {
            return Err(Error::internal("a mapping to a team is no grant"));
        };
        let permissions = change.ledger.role(role_id)?.permissions;
        change.confer_to(Holder::Member(member), Conferral { scope, permissions, until: None })?;
        let group = self.group_names.get(&mapping.group_id).map(String::as_str).unwrap_or_default();
        let reason = format!("directory: {group}");
        let new = NewGrant {
            workspace_id: change.workspace_id,
            member_id: member,
            role_id,
            scope,
            valid_until: None,
            reason: &reason,
            granted_by: change.author(),
        };
        let grant = insert_from(&change.transaction, &change.installation.clock, new, change.now).await?;
        let (channel, team) = scope.columns();
        let told = json!({ "grant": grant, "member": member, "role": role_id, "channel": channel, "team": team,
                           "reason": reason });
        change.record("grant.made", grant, (None, Some(told))).await?;
        Ok(grant)
    }
}

/// What has come of groups for some members until now.
async fn had(
    change: &Change<'_>,
    members: impl Iterator<Item = MemberId>,
) -> Result<HashMap<MemberId, Effects>> {
    let members: HashSet<MemberId> = members.collect();
    let sql = "SELECT member_id, mapping_id, grant_id FROM directory_effects WHERE workspace_id = $1";
    let statement = change.installation.database.statement(sql, [change.workspace_id.0.into()]);
    let mut had: HashMap<MemberId, Effects> = HashMap::new();
    for row in change.transaction.query_all_raw(statement).await? {
        let member = row.try_get_by_index(0)?;
        if members.contains(&member) {
            had.entry(member).or_default().insert(row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        }
    }
    Ok(had)
}
