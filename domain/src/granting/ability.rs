//! Whether somebody may change somebody's access, told before they try: by the rules that decide when they do.

use portaria_entity::id::{MemberId, RoleId};
use portaria_entity::member::MemberStatus;
use portaria_entity::time::Timestamp;

use super::{Holder, Ledger, keeps_an_administrator, may_touch, may_touch_key};
use crate::error::{Refusal, Result};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// What can be done to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberAct {
    Suspend,
    Reinstate,
    Remove,
    /// Give them a role: which, is another question.
    GrantRole,
}

/// Refuses what this viewer may not do to a member now. Touches no database.
pub fn permit(
    (viewer, ledger): (&Viewer, &Ledger),
    member: MemberId,
    act: MemberAct,
    now: Timestamp,
) -> Result<()> {
    viewer.require_everywhere(
        match act {
            MemberAct::Suspend | MemberAct::Reinstate | MemberAct::Remove => Permission::MemberManage,
            MemberAct::GrantRole => Permission::RoleAssign,
        },
        now,
    )?;
    let target = ledger.member(member)?;
    may_touch(ledger.member(viewer.session()?.member_id)?, target, now)?;
    let fits = match act {
        MemberAct::Suspend => target.status == MemberStatus::Active,
        MemberAct::Reinstate => target.status == MemberStatus::Suspended,
        MemberAct::Remove | MemberAct::GrantRole => target.status != MemberStatus::Removed,
    };
    if !fits {
        return Err(Refusal::NotActive.into());
    }
    if matches!(act, MemberAct::Suspend | MemberAct::Remove) {
        let mut others = ledger.members.clone();
        others.remove(&member);
        keeps_an_administrator(&others, now)?;
    }
    Ok(())
}

/// Refuses who may not edit or delete a role now, because it is built in or somebody holds it whose access is not theirs
/// to change.
pub fn permit_role((viewer, ledger): (&Viewer, &Ledger), role: RoleId, now: Timestamp) -> Result<()> {
    viewer.require_everywhere(Permission::RoleManage, now)?;
    let own = ledger.member(viewer.session()?.member_id)?;
    if ledger.role(role)?.built_in.is_some() {
        return Err(Refusal::BuiltInRole.into());
    }
    for (holder, _) in ledger.holders_of(role) {
        match holder {
            Holder::Member(member) => may_touch(own, ledger.member(member)?, now)?,
            Holder::ApiKey(key) => may_touch_key(own, ledger.keys.get(&key).map_or(&[], Vec::as_slice), now)?,
        }
    }
    Ok(())
}
