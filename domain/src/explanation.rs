//! Why somebody may do something, or may not: role, grant, scope, condition. Derived from the same `Access` that decides.

use portaria_entity::id::{ChannelId, ContactId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{conversation, grant};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::access::{Access, Placement, Reading, Scope};
use crate::conversation::placement;
use crate::database::Database;
use crate::error::Result;
use crate::grant::access_of_members;
use crate::permission::{Breadth, Permission, PermissionSet};
use crate::role::{self, RoleRow};
use crate::security_policy::waited_for;

/// Towards what something would be done.
#[derive(Clone, Debug)]
pub enum Object {
    /// Anything at all: is it held somewhere?
    Anything,
    Channel(ChannelId),
    Conversation(Placement),
    /// Through any of the conversations with them.
    Contact(ContactId),
}

/// The question: may this member do that, there?
pub struct Question {
    pub workspace_id: WorkspaceId,
    pub member_id: MemberId,
    pub permission: Permission,
    pub object: Object,
    pub now: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// It is held, and usable in a two-factor session that was authenticated within the last hour; or the workspace
    /// demands a second factor of the member, who has none.
    AllowedWithTwoFactor,
    Denied,
}

/// What one grant does for the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantOutcome {
    Confers,
    RoleLacksIt,
    /// The permission does not exist at so narrow a scope.
    TooNarrow,
    /// It holds for another number or team.
    Elsewhere,
    NotYet,
    Ended,
}

/// How much of the row in question the member may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowCondition {
    Whole,
    /// It waits in the queue: little may be done before it is claimed.
    QueueOnly,
    NotVisible,
}

#[derive(Clone, Debug)]
pub struct Explanation {
    pub permission: Permission,
    pub verdict: Verdict,
    /// An inactive member may do nothing.
    pub member_active: bool,
    /// For a conversation or a contact.
    pub row: Option<RowCondition>,
    pub grants: Vec<(grant::Model, RoleRow, GrantOutcome)>,
}

/// Answers the question. The caller has checked that its asker may know of the member's access and of the object.
pub async fn explain(
    connection: &impl ConnectionTrait,
    database: &Database,
    question: &Question,
) -> Result<Explanation> {
    let workspace = question.workspace_id;
    let mut everybody = access_of_members(connection, database, workspace, question.now).await?;
    let access = everybody.remove(&question.member_id);
    let mut placements = match question.object {
        Object::Anything | Object::Channel(_) => Vec::new(),
        Object::Conversation(placement) => vec![placement],
        Object::Contact(contact) => conversation::Entity::find()
            .filter(conversation::Column::WorkspaceId.eq(workspace))
            .filter(conversation::Column::ContactId.eq(contact))
            .filter(conversation::Column::MergedIntoId.is_null())
            .all(connection)
            .await?
            .iter()
            .map(placement)
            .collect(),
    };
    if let (Object::Contact(_), Some(access)) = (&question.object, &access) {
        // Others count for nothing, and that there are any is not for the member to know.
        placements.retain(|row| access.reading(*row).is_some());
    }
    let roles = role::all(connection, workspace).await?;
    let grants = grant::Entity::find()
        .filter(grant::Column::WorkspaceId.eq(workspace))
        .filter(grant::Column::MemberId.eq(question.member_id))
        .order_by_asc(grant::Column::Id)
        .all(connection)
        .await?;
    let explained = grants.into_iter().filter_map(|grant| {
        let role = roles.iter().find(|role| role.role.id == grant.role_id)?.clone();
        let outcome = outcome(question, &grant, role.permissions, &placements);
        Some((grant, role, outcome))
    });
    let held =
        access.as_ref().map_or(PermissionSet::EMPTY, |access| held(access, &question.object, &placements));
    let waited_for = waited_for(connection, database, workspace, question.now).await?;
    let verdict = match held.contains(question.permission) {
        false => Verdict::Denied,
        true if waited_for.contains(&question.member_id) => Verdict::AllowedWithTwoFactor,
        true if PermissionSet::SENSITIVE.contains(question.permission) => Verdict::AllowedWithTwoFactor,
        true => Verdict::Allowed,
    };
    let row = match question.object {
        Object::Anything | Object::Channel(_) => None,
        Object::Conversation(_) | Object::Contact(_) => Some(
            access.as_ref().map_or(RowCondition::NotVisible, |access| row_condition(access, &placements)),
        ),
    };
    Ok(Explanation {
        permission: question.permission,
        verdict,
        member_active: access.is_some(),
        row,
        grants: explained.collect(),
    })
}

/// What is held towards the object: what the guards ask.
fn held(access: &Access, object: &Object, placements: &[Placement]) -> PermissionSet {
    let towards = |row: &Placement| access.reading(*row).map(|reading| access.towards(*row, reading));
    let through_rows =
        || placements.iter().filter_map(towards).fold(PermissionSet::EMPTY, PermissionSet::union);
    match object {
        Object::Anything => access.anywhere(),
        Object::Channel(channel) => access.in_channel(*channel),
        Object::Conversation(_) => through_rows(),
        Object::Contact(_) if access.everywhere().contains(Permission::ContactReadAll) => {
            through_rows().union(access.everywhere())
        }
        Object::Contact(_) => through_rows(),
    }
}

fn row_condition(access: &Access, placements: &[Placement]) -> RowCondition {
    let readings: Vec<_> = placements.iter().filter_map(|row| access.reading(*row)).collect();
    if readings.contains(&Reading::Whole) {
        RowCondition::Whole
    } else if readings.contains(&Reading::QueueEntry) {
        RowCondition::QueueOnly
    } else {
        RowCondition::NotVisible
    }
}

fn outcome(
    question: &Question,
    grant: &grant::Model,
    permissions: PermissionSet,
    placements: &[Placement],
) -> GrantOutcome {
    let now = question.now;
    let scope = Scope::of_grant(grant.channel_id, grant.team_id);
    let basic = question.permission.entry().breadth == Breadth::Basic;
    if grant.closed_at.is_some() || grant.valid_until.is_some_and(|until| until <= now) {
        GrantOutcome::Ended
    } else if grant.valid_from > now {
        GrantOutcome::NotYet
    } else if !permissions.contains(question.permission) {
        GrantOutcome::RoleLacksIt
    } else if !basic && !scope.narrow(permissions).contains(question.permission) {
        GrantOutcome::TooNarrow
    } else if covers(scope, &question.object, placements) {
        GrantOutcome::Confers
    } else {
        GrantOutcome::Elsewhere
    }
}

fn covers(scope: Scope, object: &Object, placements: &[Placement]) -> bool {
    match (scope, object) {
        (Scope::Workspace, _) | (_, Object::Anything) => true,
        (Scope::Channel(channel), Object::Channel(wanted)) => channel == *wanted,
        (Scope::Team(_), Object::Channel(_)) => false,
        (Scope::Channel(channel), Object::Conversation(_) | Object::Contact(_)) => {
            placements.iter().any(|row| row.channel_id == channel)
        }
        (Scope::Team(team), Object::Conversation(_) | Object::Contact(_)) => {
            placements.iter().any(|row| row.team_id == Some(team))
        }
    }
}
