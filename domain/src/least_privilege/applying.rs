//! Moves somebody to where less does, by the same steps and rules as by hand, all of it or nothing.

use portaria_entity::id::{ApiKeyId, GrantId, MemberId};

use super::{Advice, Lookback, of_api_keys, of_members};
use crate::api_key;
use crate::error::{Error, Refusal, Result};
use crate::grant::{self, Giving};
use crate::granting::{Change, stated};
use crate::installation::Installation;
use crate::permission::Permission;
use crate::permission_use::Whose;
use crate::viewer::Viewer;

/// What was done.
#[derive(Clone, Debug)]
pub struct Applied {
    pub whose: Whose,
    pub closed: Vec<GrantId>,
    pub given: Vec<GrantId>,
}

/// Does what was seen in advance: `token` is the advice's. Refused when anything of it would be another by now, such as because of a grant
/// or a use since.
pub async fn apply(
    installation: &Installation,
    viewer: &Viewer,
    (whose, lookback): (Whose, Lookback),
    (token, reason): (&str, &str),
) -> Result<Applied> {
    // What was used seconds ago counts.
    installation.viewers.permission_uses().flush().await?;
    let needed = match whose {
        Whose::Member(_) => Permission::RoleAssign,
        Whose::ApiKey(_) => Permission::ApiKeyManage,
    };
    let mut change = Change::by(installation, viewer, &[needed]).await?;
    let reason = stated(reason, Refusal::ReasonMissing)?;
    let applied = match whose {
        Whose::Member(member) => apply_to_member(&mut change, (member, lookback), (token, reason)).await?,
        Whose::ApiKey(key) => apply_to_key(&mut change, (key, lookback), (token, reason)).await?,
    };
    change.finish().await?;
    Ok(applied)
}

async fn apply_to_member(
    change: &mut Change<'_>,
    (member, lookback): (MemberId, Lookback),
    (token, reason): (&str, &str),
) -> Result<Applied> {
    change.touch(member)?;
    let (database, at) = (&change.installation.database, (lookback, change.now));
    let key = (change.workspace_id, [member]);
    let mut found = of_members(&change.transaction, database, (key.0, &key.1), at).await?;
    let advice = as_seen(found.remove(&member), token)?;
    let (mut closed, mut given) = (Vec::new(), Vec::new());
    for (scope, step) in advice.steps() {
        let mut instead = None;
        if let Some(gift) = step.gives {
            let giving = Giving {
                member_id: member,
                role_id: gift.role_id,
                scope,
                valid_from: None,
                valid_until: gift.until,
                reason,
            };
            instead = Some(grant::give(change, giving).await?.id);
        }
        given.extend(instead);
        for id in &step.closes {
            closed.push(grant::revoke(change, *id, reason).await?.id);
            if let Some(instead) = instead {
                grant::hand_on(change, *id, instead).await?;
            }
        }
    }
    Ok(Applied { whose: Whose::Member(member), closed, given })
}

async fn apply_to_key(
    change: &mut Change<'_>,
    (key, lookback): (ApiKeyId, Lookback),
    (token, reason): (&str, &str),
) -> Result<Applied> {
    change.touch_key(key)?;
    let at = (lookback, change.now);
    let mut found = of_api_keys(&change.transaction, (change.workspace_id, &[key]), at).await?;
    let advice = as_seen(found.remove(&key), token)?;
    let gives: Vec<_> =
        advice.steps().filter_map(|(scope, step)| Some((step.gives?.role_id, scope))).collect();
    let closed: Vec<GrantId> = advice.steps().flat_map(|(_, step)| step.closes.iter().copied()).collect();
    let given = api_key::regrant(change, key, (&closed, &gives), reason).await?;
    Ok(Applied { whose: Whose::ApiKey(key), closed, given })
}

fn as_seen(advice: Option<Advice>, token: &str) -> Result<Advice> {
    let advice = advice.ok_or(Error::NotFound)?;
    match advice.token() {
        Some(own) if own == token => Ok(advice),
        Some(_) | None => Err(Refusal::ChangedMeanwhile.into()),
    }
}
