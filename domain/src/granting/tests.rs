use uuid::Uuid;

use super::*;
use portaria_entity::id::ChannelId;

const NOW: Timestamp = Timestamp::from_secs(1_000);
const LATER: Timestamp = Timestamp::from_secs(2_000);

fn somebody(number: u128, holdings: &[Holding]) -> Standing {
    Standing {
        member_id: MemberId(Uuid::from_u128(number)),
        status: MemberStatus::Active,
        holdings: holdings.to_vec(),
        member_of: Vec::new(),
    }
}

fn holds(role: BuiltInRole, scope: Scope) -> Holding {
    Holding {
        title: Title::Grant(GrantId(Uuid::from_u128(1))),
        role_id: RoleId(Uuid::from_u128(1)),
        built_in: Some(role),
        scope,
        permissions: PermissionSet::of_role(role),
        valid_from: Timestamp(0),
        valid_until: None,
    }
}

fn gives(role: BuiltInRole, scope: Scope, until: Option<Timestamp>) -> Conferral {
    Conferral { scope, permissions: PermissionSet::of_role(role), until }
}

fn channel(number: u128) -> Scope {
    Scope::Channel(ChannelId(Uuid::from_u128(number)))
}

use BuiltInRole::{Administrator, Agent, Support};

#[test]
fn one_gives_what_one_holds_where_one_holds_it() {
    let agent = somebody(1, &[holds(Agent, channel(1))]);
    assert_eq!(may_confer(&agent, gives(Support, channel(1), None), NOW), Ok(()));
    assert_eq!(may_confer(&agent, gives(Support, channel(2), None), NOW), Err(Refusal::NotHeld));
    assert_eq!(may_confer(&agent, gives(Support, Scope::Workspace, None), NOW), Err(Refusal::NotHeld));
    let support = somebody(1, &[holds(Support, Scope::Workspace)]);
    assert_eq!(may_confer(&support, gives(Agent, channel(1), None), NOW), Err(Refusal::NotHeld));
    // An administrator of one number gives there what exists there.
    let local = somebody(1, &[holds(Administrator, channel(1))]);
    assert_eq!(may_confer(&local, gives(Administrator, channel(1), None), NOW), Ok(()));
    assert_eq!(may_confer(&local, gives(Administrator, Scope::Workspace, None), NOW), Err(Refusal::NotHeld));
}

#[test]
fn one_gives_nothing_for_longer_than_one_holds_it() {
    let mut cover = holds(Administrator, Scope::Workspace);
    cover.valid_until = Some(LATER);
    let cover = somebody(1, &[cover]);
    assert_eq!(may_confer(&cover, gives(Agent, channel(1), Some(LATER)), NOW), Ok(()));
    for until in [None, Some(Timestamp::from_secs(2_001))] {
        assert_eq!(may_confer(&cover, gives(Agent, channel(1), until), NOW), Err(Refusal::OutlastsGranter));
    }
    let mut coming = holds(Administrator, Scope::Workspace);
    coming.valid_from = LATER;
    let coming = somebody(1, &[coming]);
    assert_eq!(may_confer(&coming, gives(Agent, channel(1), None), NOW), Err(Refusal::NotHeld));
}

#[test]
fn one_touches_neither_oneself_nor_who_holds_more() {
    let admin = somebody(1, &[holds(Administrator, Scope::Workspace)]);
    let other = somebody(2, &[holds(Administrator, Scope::Workspace)]);
    let agent = somebody(3, &[holds(Agent, Scope::Workspace)]);
    assert_eq!(may_touch(&admin, &admin, NOW), Err(Refusal::OwnAccess));
    assert_eq!(may_touch(&admin, &other, NOW), Ok(()));
    assert_eq!(may_touch(&agent, &admin, NOW), Err(Refusal::HoldsMore));
    let elsewhere = somebody(4, &[holds(Support, channel(1))]);
    let here = somebody(5, &[holds(Support, channel(2))]);
    assert_eq!(may_touch(&elsewhere, &here, NOW), Err(Refusal::HoldsMore));
    assert_eq!(may_touch(&agent, &here, NOW), Ok(()));
}

#[test]
fn what_one_will_hold_or_may_take_on_counts_as_held_by_who_is_touched_only() {
    let agent = somebody(1, &[holds(Agent, Scope::Workspace)]);
    let mut coming = holds(Administrator, Scope::Workspace);
    coming.valid_from = LATER;
    assert_eq!(may_touch(&agent, &somebody(2, &[coming]), NOW), Err(Refusal::HoldsMore));
    let mut eligible = holds(Administrator, Scope::Workspace);
    eligible.title = Title::Eligibility(EmergencyEligibilityId(Uuid::from_u128(1)));
    let eligible = somebody(3, &[eligible]);
    assert_eq!(may_touch(&agent, &eligible, NOW), Err(Refusal::HoldsMore));
    assert_eq!(may_confer(&eligible, gives(Agent, channel(1), None), NOW), Err(Refusal::NotHeld));
    // Who is suspended may do nothing, but what they hold still counts when they are touched.
    let mut suspended = somebody(4, &[holds(Administrator, Scope::Workspace)]);
    suspended.status = MemberStatus::Suspended;
    assert_eq!(may_touch(&agent, &suspended, NOW), Err(Refusal::HoldsMore));
    assert_eq!(may_touch(&suspended, &agent, NOW), Err(Refusal::HoldsMore));
    assert_eq!(may_confer(&suspended, gives(Agent, channel(1), None), NOW), Err(Refusal::NotHeld));
}

#[test]
fn an_administrator_who_ends_is_not_the_one_who_remains() {
    let members = |standing: Standing| HashMap::from([(standing.member_id, standing)]);
    let lasting = holds(Administrator, Scope::Workspace);
    assert_eq!(keeps_an_administrator(&members(somebody(1, &[lasting])), NOW), Ok(()));
    let mut ends = lasting;
    ends.valid_until = Some(LATER);
    let mut coming = lasting;
    coming.valid_from = LATER;
    let mut custom = lasting;
    custom.built_in = None;
    for holding in [ends, coming, custom, holds(Administrator, channel(1)), holds(Agent, Scope::Workspace)] {
        let left = keeps_an_administrator(&members(somebody(1, &[holding])), NOW);
        assert_eq!(left, Err(Refusal::LastAdministrator));
    }
    let mut suspended = somebody(1, &[lasting]);
    suspended.status = MemberStatus::Suspended;
    assert_eq!(keeps_an_administrator(&members(suspended), NOW), Err(Refusal::LastAdministrator));
}

#[test]
fn who_lets_others_read_a_team_reads_it_too() {
    let team = TeamId(Uuid::from_u128(9));
    let permissions = PermissionSet::of(&[Permission::ConversationReadTeam]);
    let reader = Holding { built_in: None, permissions, ..holds(Agent, Scope::Workspace) };
    let mut granter = somebody(1, &[reader]);
    let member = somebody(2, &[reader]);
    assert_eq!(may_admit(&granter, &member, team, NOW), Err(Refusal::NotHeld));
    granter.member_of.push(team);
    assert_eq!(may_admit(&granter, &member, team, NOW), Ok(()));
    assert_eq!(
        may_admit(&somebody(3, &[]), &somebody(4, &[holds(Agent, Scope::Workspace)]), team, NOW),
        Ok(())
    );
}
