//! Least privilege: which of their permissions somebody has used lately, the smallest roles that would have sufficed, and moving them there.
//!
//! A use is known by permission and not by where: what was used anywhere counts as needed wherever it is held. So nothing is proposed
//! that would have kept somebody from anything they did. Nothing is said too early: of a member, a key, a grant or a record that is younger
//! than the time that is looked at. What a directory or an identity provider gives is theirs to take.

mod applying;
mod plan;
mod reading;

use std::collections::BTreeSet;
use std::time::Duration;

use portaria_entity::id::{GrantId, RoleId};
use portaria_entity::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::access::Scope;
use crate::error::{Error, Result};
use crate::permission::{Permission, PermissionSet};
use crate::permission_use::Whose;

pub use applying::{Applied, apply};
pub use reading::{of_api_keys, of_members, page};

/// So many days are looked at if nobody says otherwise.
pub const DEFAULT_DAYS: u32 = 90;
/// A holiday is no reason to take something from somebody.
const FEWEST_DAYS: u32 = 30;
const MOST_DAYS: u32 = 366;

/// Who uses one of these gives to others, or takes from them, and has to hold what they hold.
const ADMINISTERING: PermissionSet = PermissionSet::of(&[
    Permission::MemberManage,
    Permission::SessionRevoke,
    Permission::TeamManage,
    Permission::RoleManage,
    Permission::RoleAssign,
    Permission::ApiKeyManage,
    Permission::PrivacyManage,
    Permission::IntegrationManage,
    Permission::AccessReviewDecide,
]);

/// How long is looked back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookback {
    days: u32,
}

impl Lookback {
    pub fn new(days: Option<i64>) -> Result<Self> {
        let days = u32::try_from(days.unwrap_or(DEFAULT_DAYS.into())).unwrap_or(0);
        if (FEWEST_DAYS..=MOST_DAYS).contains(&days) {
            return Ok(Self { days });
        }
        Err(Error::BadInput(format!("`days` is from {FEWEST_DAYS} to {MOST_DAYS}")))
    }

    pub fn days(self) -> u32 {
        self.days
    }

    fn length(self) -> Duration {
        Duration::from_secs(u64::from(self.days) * 24 * 60 * 60)
    }

    fn from(self, now: Timestamp) -> Timestamp {
        now - self.length()
    }
}

/// What is to be said of somebody's access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They, or the record of uses, are too new; from then on something can be said.
    TooEarly { until: Timestamp },
    /// They have used nothing that not every member has: whether they need access at all is the question.
    Unused,
    /// They change what others may do, and have to hold what those hold.
    Administers,
    /// No role that is there and smaller would have sufficed.
    Fits,
    /// Less would have sufficed.
    Excess,
}

/// What was found out about one member or key.
#[derive(Clone, Debug)]
pub struct Advice {
    pub whose: Whose,
    pub lookback: Lookback,
    /// From when on uses count.
    pub since: Timestamp,
    /// Since when they are recorded in this workspace.
    pub recorded_since: Timestamp,
    pub verdict: Verdict,
    /// One for each scope in which they hold something, the widest first.
    pub scopes: Vec<ScopeAdvice>,
}

/// What they hold in one scope, what of it they used, and what would have sufficed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeAdvice {
    pub scope: Scope,
    /// What their grants there give now, but for what every member has.
    pub held: PermissionSet,
    pub used: PermissionSet,
    pub grants: Vec<HeldGrant>,
    /// What is to be closed and given; nothing where it fits.
    pub step: Option<Step>,
    /// Where no role that is there is small enough: the one that comes nearest, and what it lacks.
    pub nearest: Option<(RoleId, PermissionSet)>,
    /// What a custom role would allow that gives what was used and no more; none where a role that is there does.
    pub custom: Option<PermissionSet>,
}

/// What would be done in a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub closes: Vec<GrantId>,
    pub gives: Option<Gift>,
    /// What they would hold there then, but for what every member has.
    pub leaves: PermissionSet,
}

/// A role that takes the place of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gift {
    pub role_id: RoleId,
    /// What it gives there; another role by the time it is given is another gift.
    pub permissions: PermissionSet,
    pub until: Option<Timestamp>,
}

/// A grant in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldGrant {
    pub id: GrantId,
    pub role_id: RoleId,
    pub scope: Scope,
    /// What it gives there, but for what every member has.
    pub permissions: PermissionSet,
    pub until: Option<Timestamp>,
    /// Whether it stays whatever was used.
    pub kept: Option<Kept>,
}

/// Why a grant stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is younger than the time that is looked at, and so is what it took the place of.
    New,
    /// A directory or an identity provider gives it, and would again.
    GivenByDirectory,
}

impl Advice {
    /// What would be done, to the letter: who applies it says what they saw. None: there is nothing to do.
    pub fn token(&self) -> Option<String> {
        if self.verdict != Verdict::Excess {
            return None;
        }
        let mut lines = BTreeSet::from([format!("{:?} {}", self.whose, self.lookback.days)]);
        for (scope, step) in self.steps() {
            lines.extend(step.closes.iter().map(|id| format!("{scope:?} close {id}")));
            lines.extend(step.gives.iter().map(|gift| format!("{scope:?} give {gift:?}")));
        }
        let lines: Vec<String> = lines.into_iter().collect();
        let digest = <[u8; 32]>::from(Sha256::digest(lines.join("\n")));
        Some(digest[..16].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// What would be done in which scope.
    pub fn steps(&self) -> impl Iterator<Item = (Scope, &Step)> {
        self.scopes.iter().filter_map(|scope| Some((scope.scope, scope.step.as_ref()?)))
    }

    /// What they would hold nowhere any more.
    pub fn loses(&self) -> PermissionSet {
        let now = self.scopes.iter().fold(PermissionSet::EMPTY, |all, scope| all.union(scope.held));
        let then = self.scopes.iter().fold(PermissionSet::EMPTY, |all, scope| {
            all.union(scope.step.as_ref().map_or(scope.held, |step| step.leaves))
        });
        now.without(then)
    }
}

#[cfg(test)]
mod tests;
