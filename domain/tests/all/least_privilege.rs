//! Least privilege: what is advised of members and keys, and moving them there.

use std::collections::BTreeSet;
use std::time::Duration;

use portaria_domain::Result;
use portaria_domain::access::Scope;
use portaria_domain::api_key::{self, NewApiKey};
use portaria_domain::error::{Error, Refusal};
use portaria_domain::grant::{Amendment, change as change_grant};
use portaria_domain::granting::Change;
use portaria_domain::least_privilege::{
    Advice, Applied, Lookback, Verdict, apply, of_api_keys, of_members, page,
};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::permission_use::Whose;
use portaria_domain::role;
use portaria_entity::grant;
use portaria_entity::id::{ApiKeyId, MemberId, RoleId};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use BuiltInRole::{Administrator, Agent, Developer, Support};
use Permission::{
    AccessReviewDecide, ContactRead, ContactReadPhone, MessageRead, MessageSendTemplate, MessageSendText,
    RoleAssign, WebhookEventRead,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn lookback() -> Lookback {
    Lookback::new(None).unwrap()
}

/// Notes that somebody used these.
fn uses(stage: &Stage, whose: Whose, permissions: &[Permission]) {
    let recorder = stage.installation.viewers.permission_uses();
    recorder.note(stage.workspace_id, whose, PermissionSet::of(permissions));
}

async fn advice(stage: &Stage, member: MemberId) -> Option<Advice> {
    stage.installation.viewers.permission_uses().flush().await.unwrap();
    let database = &stage.installation.database;
    let at = (lookback(), stage.clock.now());
    let key = (stage.workspace_id, [member]);
    of_members(database.reader(), database, (key.0, &key.1), at).await.unwrap().remove(&member)
}

async fn advice_of_key(stage: &Stage, key: ApiKeyId) -> Option<Advice> {
    stage.installation.viewers.permission_uses().flush().await.unwrap();
    let at = (lookback(), stage.clock.now());
    let reader = stage.installation.database.reader();
    of_api_keys(reader, (stage.workspace_id, &[key]), at).await.unwrap().remove(&key)
}

async fn built_in(stage: &Stage, role: BuiltInRole) -> RoleId {
    role::built_in(stage.installation.database.reader(), stage.workspace_id, role).await.unwrap().id
}

async fn roles_of(stage: &Stage, member: MemberId) -> BTreeSet<RoleId> {
    let find = grant::Entity::find()
        .filter(grant::Column::MemberId.eq(member))
        .filter(grant::Column::ClosedAt.is_null());
    let rows = find.all(stage.installation.database.reader()).await.unwrap();
    rows.into_iter().map(|row| row.role_id).collect()
}

async fn moved(stage: &Stage, by: &Person, whose: Whose, token: &str) -> Result<Applied> {
    apply(&stage.installation, &by.viewer, (whose, lookback()), (token, "menos basta")).await
}

fn refusal<T>(outcome: Result<T>) -> Refusal {
    match outcome.map(|_| ()) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// After so long that something can be said: the administrator, signed in anew with a second factor.
async fn a_quarter_later(stage: &Stage, boss: &Person) -> Person {
    stage.clock.advance(91 * DAY);
    let boss = stage.sign_in(&boss.email).await;
    stage.step_up(&boss).await
}

#[tokio::test]
async fn who_only_answers_customers_is_moved_to_what_that_takes() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Administrator, Scope::Workspace)]).await;
        let whose = Whose::Member(ana.member_id);
        uses(&stage, whose, &[MessageRead, MessageSendText]);
        let early = advice(&stage, ana.member_id).await.unwrap();
        let until = stage.clock.now() + 90 * DAY;
        assert!(matches!(early.verdict, Verdict::TooEarly { until: at } if at <= until), "{early:?}");
        assert_eq!(early.token(), None);

        let boss = a_quarter_later(&stage, &boss).await;
        let unused = advice(&stage, ana.member_id).await.unwrap();
        assert_eq!((unused.verdict, unused.token()), (Verdict::Unused, None), "those uses are too long ago");
        uses(&stage, whose, &[MessageRead, MessageSendText]);
        let found = advice(&stage, ana.member_id).await.unwrap();
        assert_eq!(found.verdict, Verdict::Excess);
        assert!(found.loses().contains(RoleAssign) && !found.loses().contains(MessageRead));
        let token = found.token().unwrap();
        assert_eq!(refusal(moved(&stage, &boss, whose, "another").await), Refusal::ChangedMeanwhile);

        let ana_again = stage.sign_in(&ana.email).await;
        assert!(ana_again.viewer.access.everywhere().contains(RoleAssign));
        let applied = moved(&stage, &boss, whose, &token).await.unwrap();
        assert_eq!((applied.closed.len(), applied.given.len()), (1, 1));
        assert_eq!(roles_of(&stage, ana.member_id).await, BTreeSet::from([built_in(&stage, Agent).await]));
        let now = stage.viewer_of(&ana_again).await.unwrap();
        assert!(
            !now.access.anywhere().contains(RoleAssign) && now.access.anywhere().contains(MessageSendText)
        );
        let database = &stage.installation.database;
        let sql = "SELECT COUNT(*) FROM activities WHERE action IN ('grant.made', 'grant.revoked') AND actor_member_id = $1";
        let counted = database.statement(sql, [boss.member_id.0.into()]);
        let row = database.reader().query_one_raw(counted).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 2, "as by hand");
        assert_eq!(refusal(moved(&stage, &boss, whose, &token).await), Refusal::ChangedMeanwhile, "once");
        let after = advice(&stage, ana.member_id).await.unwrap();
        assert_eq!(after.verdict, Verdict::Fits, "the new grant is too new to say more of");
    }
}

#[tokio::test]
async fn who_gives_roles_to_others_is_left_with_what_they_give() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let boss = a_quarter_later(&stage, &boss).await;
        uses(&stage, Whose::Member(boss.member_id), &[RoleAssign]);
        let found = advice(&stage, boss.member_id).await.unwrap();
        assert_eq!((found.verdict, found.token()), (Verdict::Administers, None));
        assert!(found.scopes.iter().all(|scope| scope.step.is_none() && scope.custom.is_none()));
    }
}

#[tokio::test]
async fn who_reviews_what_others_hold_is_left_with_what_lets_them() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let boss = a_quarter_later(&stage, &boss).await;
        uses(&stage, Whose::Member(boss.member_id), &[AccessReviewDecide]);
        let found = advice(&stage, boss.member_id).await.unwrap();
        assert_eq!((found.verdict, found.token()), (Verdict::Administers, None));
    }
}

/// Gives another scope to the only grant of somebody, or the same one again.
async fn regrant(stage: &Stage, by: &Person, member: MemberId, scope: Scope) {
    let reader = stage.installation.database.reader();
    let held = role::grants_of(reader, stage.workspace_id, &[member], stage.clock.now()).await.unwrap();
    let amendment = Amendment { scope, valid_from: None, valid_until: None, reason: "segue" };
    let mut change = Change::by(&stage.installation, &by.viewer, &[]).await.unwrap();
    change_grant(&mut change, held[0].id, amendment).await.unwrap();
    change.finish().await.unwrap();
}

#[tokio::test]
async fn a_grant_that_takes_the_place_of_another_is_as_old_as_that() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await.member_id;
        let bia = stage.person("Bia", &[(Agent, Scope::Channel(stage.sales))]).await.member_id;
        let boss = a_quarter_later(&stage, &boss).await;
        for member in [ana, bia] {
            uses(&stage, Whose::Member(member), &[MessageRead, MessageSendTemplate]);
        }
        regrant(&stage, &boss, ana, Scope::Channel(stage.sales)).await;
        regrant(&stage, &boss, bia, Scope::Workspace).await;
        let found = advice(&stage, ana).await.unwrap();
        let name = &stage.test_database.name;
        assert_eq!(found.verdict, Verdict::Excess, "{name}: less than before is nothing new");
        let found = advice(&stage, bia).await.unwrap();
        assert_eq!(found.verdict, Verdict::Fits, "{name}: all the other numbers are");
    }
}

#[tokio::test]
async fn moving_obeys_the_rules_of_granting() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Channel(stage.sales))]).await;
        let boss = a_quarter_later(&stage, &boss).await;
        for member in [boss.member_id, ana.member_id] {
            uses(&stage, Whose::Member(member), &[MessageRead, MessageSendTemplate]);
        }
        let token = advice(&stage, boss.member_id).await.unwrap().token().unwrap();
        let own = moved(&stage, &boss, Whose::Member(boss.member_id), &token).await;
        assert_eq!(refusal(own), Refusal::OwnAccess);
        let whose = Whose::Member(ana.member_id);
        let token = advice(&stage, ana.member_id).await.unwrap().token().unwrap();
        let ana_now = stage.sign_in(&ana.email).await;
        let forbidden = moved(&stage, &ana_now, whose, &token).await;
        assert!(matches!(forbidden, Err(Error::Forbidden { .. })));
        let plain = stage.sign_in(&boss.email).await;
        let unproved = moved(&stage, &plain, whose, &token).await;
        assert!(matches!(unproved, Err(Error::StepUpRequired { .. })));
        // Something used since makes it another proposal.
        uses(&stage, whose, &[MessageSendText]);
        assert_eq!(refusal(moved(&stage, &boss, whose, &token).await), Refusal::ChangedMeanwhile);
        assert_eq!(advice(&stage, ana.member_id).await.unwrap().verdict, Verdict::Fits);
        assert_eq!(roles_of(&stage, ana.member_id).await, BTreeSet::from([built_in(&stage, Agent).await]));
    }
}

#[tokio::test]
async fn a_custom_role_that_is_just_enough_goes_before_a_larger_one() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Channel(stage.sales))]).await;
        let boss = stage.step_up(&boss).await;
        let mut change = Change::by(&stage.installation, &boss.viewer, &[]).await.unwrap();
        let permissions = PermissionSet::of(&[MessageRead, MessageSendTemplate, ContactRead]);
        let new = role::NewRole { name: "Avisos", description: "", permissions };
        let custom = role::create(&mut change, new).await.unwrap().role.id;
        change.finish().await.unwrap();
        let boss = a_quarter_later(&stage, &boss).await;
        let whose = Whose::Member(ana.member_id);
        uses(&stage, whose, &[MessageRead, MessageSendTemplate]);
        let found = advice(&stage, ana.member_id).await.unwrap();
        let scope = &found.scopes[0];
        assert_eq!(scope.step.as_ref().unwrap().gives.unwrap().role_id, custom);
        assert_eq!(scope.custom, Some(PermissionSet::of(&[MessageRead, MessageSendTemplate])));
        moved(&stage, &boss, whose, &found.token().unwrap()).await.unwrap();
        assert_eq!(roles_of(&stage, ana.member_id).await, BTreeSet::from([custom]));
    }
}

#[tokio::test]
async fn a_key_is_moved_like_a_person_and_goes_on_with_the_same_secret() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let boss = stage.step_up(&boss).await;
        let mut change = Change::by(&stage.installation, &boss.viewer, &[]).await.unwrap();
        let grants = [(built_in(&stage, Administrator).await, Scope::Workspace)];
        let expires_at = stage.clock.now() + 200 * DAY;
        let new = NewApiKey { name: "CRM", grants: &grants, expires_at, allowed_addresses: &[] };
        let key = api_key::create(&mut change, new).await.unwrap();
        change.finish().await.unwrap();
        let boss = a_quarter_later(&stage, &boss).await;
        let program = stage.viewer(key.token.reveal()).await.unwrap();
        let now = stage.clock.now();
        program.require(program.access.everywhere(), PermissionSet::of(&[WebhookEventRead]), now).unwrap();
        let whose = Whose::ApiKey(key.key.id);
        let found = advice_of_key(&stage, key.key.id).await.unwrap();
        assert_eq!(found.verdict, Verdict::Excess);
        let held = found.scopes[0].held;
        assert!(!held.intersects(PermissionSet::SENSITIVE) && held.contains(ContactReadPhone));
        let applied = moved(&stage, &boss, whose, &found.token().unwrap()).await.unwrap();
        assert_eq!((applied.closed.len(), applied.given.len()), (1, 1));
        let program = stage.viewer(key.token.reveal()).await.unwrap();
        let now = program.access.everywhere();
        assert!(now.contains(WebhookEventRead) && !now.contains(ContactReadPhone));
        let reader = stage.installation.database.reader();
        let rows = api_key::grants_of(reader, stage.workspace_id, &[key.key.id]).await.unwrap();
        assert_eq!(
            rows.iter().map(|row| row.role_id).collect::<Vec<_>>(),
            [built_in(&stage, Developer).await]
        );
    }
}

#[tokio::test]
async fn the_list_names_those_for_whom_less_would_do_page_by_page() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let mut expected = Vec::new();
        for (name, role) in [("Ana", Agent), ("Bia", Support), ("Caio", Agent), ("Davi", Agent)] {
            let person = stage.person(name, &[(role, Scope::Channel(stage.sales))]).await;
            if role == Agent {
                expected.push(person.member_id);
            }
        }
        let (elsewhere, _, _) = stage.another_workspace().await;
        stage.person_in(elsewhere, "Zé", &[(Agent, Scope::Workspace)]).await;
        a_quarter_later(&stage, &boss).await;
        let late = stage.person("Novo", &[(Agent, Scope::Workspace)]).await;
        for member in expected.iter().chain([&late.member_id]) {
            uses(&stage, Whose::Member(*member), &[MessageRead, MessageSendTemplate]);
        }
        stage.installation.viewers.permission_uses().flush().await.unwrap();
        let (database, at) = (&stage.installation.database, (lookback(), stage.clock.now()));
        let mut found = Vec::new();
        for _ in 0..3 {
            let key = (stage.workspace_id, found.last().copied());
            let rows = page(database.reader(), database, key, at, 2).await.unwrap();
            found.extend(rows.into_iter().map(|(member, _)| member));
        }
        expected.sort_unstable();
        assert_eq!(found, expected);
        assert!(Lookback::new(Some(7)).is_err() && Lookback::new(Some(400)).is_err());
    }
}
