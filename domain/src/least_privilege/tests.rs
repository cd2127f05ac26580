//! What is proposed in one scope, case by case, and what holds of every proposal.

use portaria_entity::id::{ChannelId, GrantId, RoleId};
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;
use proptest::prelude::*;
use sea_orm::Iterable;
use uuid::Uuid;

use super::plan::{Candidate, advise};
use super::{HeldGrant, Kept, ScopeAdvice};
use crate::access::Scope;
use crate::permission::{Permission, PermissionSet};

use BuiltInRole::{Administrator, Agent, Analyst, Developer, Support};
use Permission::{
    ContactRead, ContactReadPhone, ConversationReadAssigned, MessageRead, MessageSendTemplate,
    MessageSendText, WebhookEventReplay,
};

fn role_id(role: BuiltInRole) -> RoleId {
    RoleId(Uuid::from_u128(100 + role as u128))
}

fn roles() -> Vec<Candidate> {
    BuiltInRole::iter()
        .map(|role| Candidate { id: role_id(role), permissions: PermissionSet::of_role(role) })
        .collect()
}

fn channel() -> Scope {
    Scope::Channel(ChannelId(Uuid::from_u128(7)))
}

fn holding(id: u128, role: BuiltInRole, scope: Scope) -> HeldGrant {
    HeldGrant {
        id: GrantId(Uuid::from_u128(id)),
        role_id: role_id(role),
        scope,
        permissions: scope.narrow(PermissionSet::of_role(role)).without(PermissionSet::BASIC),
        until: None,
        kept: None,
    }
}

fn ask(grants: &[HeldGrant], used: &[Permission]) -> ScopeAdvice {
    advise(grants[0].scope, grants.to_vec(), &roles(), PermissionSet::of(used))
}

fn gift(advice: &ScopeAdvice) -> Option<RoleId> {
    advice.step.as_ref()?.gives.map(|gift| gift.role_id)
}

fn ids(ids: &[u128]) -> Vec<GrantId> {
    ids.iter().map(|id| GrantId(Uuid::from_u128(*id))).collect()
}

#[test]
fn who_only_answers_needs_no_more_than_answers_take() {
    let advice = ask(&[holding(1, Administrator, Scope::Workspace)], &[MessageRead, MessageSendText]);
    assert_eq!(gift(&advice), Some(role_id(Agent)));
    assert_eq!(advice.step.as_ref().unwrap().closes, ids(&[1]));
    let advice = ask(&[holding(1, Agent, channel())], &[MessageRead, MessageSendTemplate, ContactRead]);
    assert_eq!(gift(&advice), Some(role_id(Support)));
    assert_eq!(advice.custom, Some(PermissionSet::of(&[MessageRead, MessageSendTemplate, ContactRead])));
}

#[test]
fn what_fits_is_left_alone() {
    let advice = ask(&[holding(1, Agent, channel())], &[MessageRead, MessageSendText]);
    assert_eq!(advice.step, None);
    let (nearest, lacks) = advice.nearest.unwrap();
    assert_eq!(nearest, role_id(Support));
    assert_eq!(lacks, PermissionSet::of(&[MessageSendText]));
    // No role that is not held already is ever offered, however small.
    let advice = ask(&[holding(1, Support, channel())], &[ConversationReadAssigned]);
    assert_eq!((advice.step, advice.nearest), (None, None));
}

#[test]
fn one_of_two_roles_that_nothing_was_done_with_goes() {
    let grants = [holding(1, Agent, channel()), holding(2, Developer, channel())];
    let step = ask(&grants, &[MessageSendText, ContactReadPhone]).step.unwrap();
    assert_eq!((step.closes, step.gives), (ids(&[2]), None));
    let all =
        [holding(1, Agent, channel()), holding(2, Developer, channel()), holding(3, Analyst, channel())];
    let step = ask(&all, &[MessageSendText, WebhookEventReplay]).step.unwrap();
    assert_eq!((step.closes, step.gives), (ids(&[3]), None), "no single role has both");
}

#[test]
fn what_was_not_used_at_all_is_closed() {
    let advice = ask(&[holding(1, Analyst, channel())], &[MessageSendText]);
    let step = advice.step.unwrap();
    assert_eq!((step.closes, step.gives), (ids(&[1]), None));
    assert!(step.leaves.is_empty() && advice.used.is_empty() && advice.custom.is_none());
}

#[test]
fn what_is_new_or_given_by_a_directory_stays_and_does_its_part() {
    for kept in [Kept::New, Kept::GivenByDirectory] {
        let stays = HeldGrant { kept: Some(kept), ..holding(1, Support, channel()) };
        assert_eq!(ask(&[stays], &[]).step, None);
        // Of the older one nothing was used that the one that stays does not give.
        let step = ask(&[stays, holding(2, Agent, channel())], &[MessageSendTemplate]).step.unwrap();
        assert_eq!((step.closes, step.gives), (ids(&[2]), None));
        assert_eq!(step.leaves, stays.permissions);
    }
}

#[test]
fn nothing_that_lasts_is_left_to_what_ends() {
    let ends = HeldGrant { until: Some(Timestamp::from_secs(9)), ..holding(1, Agent, channel()) };
    let grants = [ends, holding(2, Administrator, channel())];
    let advice = ask(&grants, &[MessageSendText]);
    assert_eq!(advice.step, None, "closing the second would end the first's permissions early");
    let grants = [holding(1, Agent, channel()), HeldGrant { until: ends.until, ..grants[1] }];
    assert_eq!(ask(&grants, &[MessageSendText]).step.unwrap().closes, ids(&[2]));
}

fn any_grants() -> impl Strategy<Value = Vec<HeldGrant>> {
    let roles = prop::sample::select(vec![Administrator, Agent, Developer, Analyst, Support]);
    let one = (roles, prop::option::of(0_i64..3), 0_u8..5);
    prop::collection::vec(one, 1..5).prop_flat_map(|chosen| {
        prop::bool::ANY.prop_map(move |narrow| {
            let scope = if narrow { channel() } else { Scope::Workspace };
            let grant = |(place, (role, until, kept)): (usize, &(BuiltInRole, Option<i64>, u8))| HeldGrant {
                until: until.map(Timestamp::from_secs),
                kept: (*kept == 0).then_some(Kept::New),
                ..holding(place as u128 + 1, *role, scope)
            };
            chosen.iter().enumerate().map(grant).collect()
        })
    })
}

proptest! {
    #[test]
    fn a_proposal_keeps_what_was_used_and_adds_nothing(
        grants in any_grants(),
        bits in prop::collection::vec(prop::bool::ANY, Permission::COUNT),
    ) {
        let used: PermissionSet =
            Permission::all().zip(bits).filter(|(_, used)| *used).map(|(permission, _)| permission).collect();
        let scope = grants[0].scope;
        let advice = advise(scope, grants.clone(), &roles(), used);
        let Some(step) = &advice.step else { return Ok(()) };
        let stays: Vec<&HeldGrant> = grants.iter().filter(|grant| !step.closes.contains(&grant.id)).collect();
        let gift = step.gives.map_or(PermissionSet::EMPTY, |gift| gift.permissions);
        let left = stays.iter().fold(gift, |all, grant| all.union(grant.permissions));
        prop_assert_eq!(left, step.leaves);
        prop_assert!(advice.held.contains_all(left) && left != advice.held);
        prop_assert!(left.contains_all(used.intersection(advice.held)));
        prop_assert!(grants.iter().all(|grant| grant.kept.is_none() || !step.closes.contains(&grant.id)));
        // And as long as before: whatever was used and is held at some time then is still held at that time.
        for until in [Some(0), Some(1), Some(2), None] {
            let lasts = |end: Option<Timestamp>| end.is_none_or(|end| until.is_some_and(|at| end.0 > at * 1_000_000));
            let then = |grants: &[&HeldGrant]| grants.iter().filter(|grant| lasts(grant.until))
                .fold(PermissionSet::EMPTY, |all, grant| all.union(grant.permissions));
            let gift = step.gives.filter(|gift| lasts(gift.until)).map_or(PermissionSet::EMPTY, |gift| gift.permissions);
            let before = then(&grants.iter().collect::<Vec<_>>());
            let after = then(&stays).union(gift);
            prop_assert!(before.contains_all(after));
            prop_assert!(after.contains_all(before.intersection(used)), "{:?} {:?}", before, after);
        }
    }
}
