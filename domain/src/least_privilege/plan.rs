//! The smallest roles that would have sufficed in one scope. Pure.

use portaria_entity::id::RoleId;

use super::{Gift, HeldGrant, ScopeAdvice, Step};
use crate::access::Scope;
use crate::permission::PermissionSet;

/// A role that could be given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub id: RoleId,
    /// What it allows to whom it is about, wherever that exists.
    pub permissions: PermissionSet,
}

/// How much somebody holds: the fewer permissions the better, then the fewer sensitive ones.
type Size = (usize, usize);

fn size(permissions: PermissionSet) -> Size {
    (permissions.iter().count(), permissions.intersection(PermissionSet::SENSITIVE).iter().count())
}

fn all_of<'a>(grants: impl IntoIterator<Item = &'a HeldGrant>) -> PermissionSet {
    grants.into_iter().fold(PermissionSet::EMPTY, |all, grant| all.union(grant.permissions))
}

/// What is to be said of the grants that somebody holds in one scope, of whom this is known to have been used.
pub(super) fn advise(
    scope: Scope,
    grants: Vec<HeldGrant>,
    roles: &[Candidate],
    used: PermissionSet,
) -> ScopeAdvice {
    let held = all_of(&grants);
    let (staying, open): (Vec<&HeldGrant>, Vec<&HeldGrant>) =
        grants.iter().partition(|grant| grant.kept.is_some());
    let given = all_of(open.iter().copied());
    // What stays for as long anyway need not be given by anything else.
    let lasting = staying.iter().filter(|grant| open.iter().all(|other| outlasts(grant, other)));
    let needed = given.intersection(used).without(all_of(lasting.copied()));
    let staying = all_of(staying);
    let offered: Vec<Candidate> = roles
        .iter()
        .map(|role| Candidate {
            permissions: scope.narrow(role.permissions).without(PermissionSet::BASIC),
            ..*role
        })
        .filter(|role| !role.permissions.is_empty() && given.contains_all(role.permissions))
        .collect();
    let best = [closing_all(&open, needed), closing_some(&open, needed), moving(&open, &offered, needed)]
        .into_iter()
        .flatten()
        .filter(|step| size(step.leaves.union(staying)) < size(held))
        .min_by_key(|step| (size(step.leaves.union(staying)), step.gives.is_some(), step.closes.len()));
    let left = best.as_ref().map_or(given, |step| step.leaves);
    let custom = (left != needed && !needed.is_empty()).then_some(needed);
    let nearest = custom.filter(|_| best.is_none()).and_then(|needed| nearest(&offered, given, needed));
    let step = best.map(|step| Step { leaves: step.leaves.union(staying), ..step });
    ScopeAdvice { scope, held, used: held.intersection(used), grants, step, nearest, custom }
}

/// Nothing that was used hangs on them.
fn closing_all(open: &[&HeldGrant], needed: PermissionSet) -> Option<Step> {
    (needed.is_empty() && !open.is_empty()).then(|| Step {
        closes: open.iter().map(|grant| grant.id).collect(),
        gives: None,
        leaves: PermissionSet::EMPTY,
    })
}

/// Some of the grants do without the others: those go first that give the most.
fn closing_some(open: &[&HeldGrant], needed: PermissionSet) -> Option<Step> {
    let mut kept = open.to_vec();
    let mut order = open.to_vec();
    order.sort_by_key(|grant| std::cmp::Reverse((size(grant.permissions), grant.id)));
    for grant in order {
        let others = kept.iter().copied().filter(|other| other.id != grant.id && outlasts(other, grant));
        let missed = needed.intersection(grant.permissions);
        if all_of(others).contains_all(missed) {
            kept.retain(|other| other.id != grant.id);
        }
    }
    let closes: Vec<_> = open
        .iter()
        .filter(|grant| kept.iter().all(|other| other.id != grant.id))
        .map(|grant| grant.id)
        .collect();
    (!closes.is_empty()).then(|| Step { closes, gives: None, leaves: all_of(kept) })
}

fn outlasts(one: &HeldGrant, other: &HeldGrant) -> bool {
    match (one.until, other.until) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(one), Some(other)) => one >= other,
    }
}

/// One role in the place of all. Not where they end at different times: it would last for longer than some of them, or less.
fn moving(open: &[&HeldGrant], offered: &[Candidate], needed: PermissionSet) -> Option<Step> {
    let until = open.first()?.until;
    if needed.is_empty() || open.iter().any(|grant| grant.until != until) {
        return None;
    }
    let fits = offered.iter().filter(|role| role.permissions.contains_all(needed));
    let role = fits.min_by_key(|role| (size(role.permissions), role.id))?;
    let has_it = open.iter().find(|grant| grant.role_id == role.id);
    let stays = |grant: &&&HeldGrant| has_it.is_some_and(|own| own.id == grant.id);
    Some(Step {
        closes: open.iter().filter(|grant| !stays(grant)).map(|grant| grant.id).collect(),
        gives: has_it.is_none().then_some(Gift { role_id: role.id, permissions: role.permissions, until }),
        leaves: role.permissions,
    })
}

/// The role that lacks least of what is needed, then the smallest; one that has something of it.
fn nearest(
    offered: &[Candidate],
    given: PermissionSet,
    needed: PermissionSet,
) -> Option<(RoleId, PermissionSet)> {
    let lacks = |role: &Candidate| needed.without(role.permissions);
    offered
        .iter()
        .filter(|role| size(role.permissions) < size(given) && role.permissions.intersects(needed))
        .min_by_key(|role| (size(lacks(role)), size(role.permissions), role.id))
        .map(|role| (role.id, lacks(role)))
}
