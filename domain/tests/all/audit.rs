//! The auditor's rules on real sign-ins.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::audit::fact::{FactName, FactValue, FailuresFrom, FailuresOn};
use portaria_domain::audit::{Evidence, Found, examine};
use portaria_domain::throttle::network;
use portaria_domain::workspace;
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{MemberId, UserId, WorkspaceId};
use portaria_entity::member::MemberStatus;
use portaria_entity::role::BuiltInRole;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::time::Timestamp;
use portaria_entity::{member, session};
use portaria_testing::{Person, Stage, databases};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const ATTACKER: &str = "203.0.113.66";

/// Somebody on stage, as sign-in events know them.
struct Account {
    user: UserId,
    member: MemberId,
    email: String,
}

async fn account(stage: &Stage, person: &Person) -> Account {
    let row = member::Entity::find()
        .filter(member::Column::Id.eq(person.member_id))
        .one(stage.installation.database.reader())
        .await
        .unwrap()
        .unwrap();
    Account { user: row.user_id, member: row.id, email: person.email.clone() }
}

/// Takes back what the stage did to sign its people in, so that only what a test records is there.
async fn forget_sign_ins(stage: &Stage) {
    let writer = stage.installation.database.writer();
    sign_in_event::Entity::delete_many().exec(writer).await.unwrap();
    session::Entity::delete_many().exec(writer).await.unwrap();
}

struct SignIn<'a> {
    who: Option<&'a Account>,
    workspace: Option<WorkspaceId>,
    email: &'a str,
    outcome: SignInOutcome,
    address: &'a str,
}

async fn record(stage: &Stage, at: Timestamp, sign_in: SignIn<'_>) {
    let row = sign_in_event::ActiveModel {
        id: Set(stage.clock.id_at(at)),
        at: Set(at),
        user_id: Set(sign_in.who.map(|account| account.user)),
        workspace_id: Set(sign_in.workspace),
        email: Set(sign_in.email.to_owned()),
        outcome: Set(sign_in.outcome),
        address: Set(sign_in.address.to_owned()),
        network: Set(network(sign_in.address)),
        user_agent: Set("curl/8".to_owned()),
    };
    let writer = stage.installation.database.writer();
    sign_in_event::Entity::insert(row).exec_without_returning(writer).await.unwrap();
}

async fn fails(stage: &Stage, account: &Account, at: Timestamp, address: &str) {
    let outcome = SignInOutcome::WrongPassword;
    let sign_in = SignIn { who: Some(account), workspace: None, email: &account.email, outcome, address };
    record(stage, at, sign_in).await;
}

async fn gets_in(stage: &Stage, account: &Account, at: Timestamp) {
    let sign_in = SignIn {
        who: Some(account),
        workspace: Some(stage.workspace_id),
        email: &account.email,
        outcome: SignInOutcome::Succeeded,
        address: ATTACKER,
    };
    record(stage, at, sign_in).await;
}

async fn fails_for_nobody(stage: &Stage, email: &str, at: Timestamp) {
    let outcome = SignInOutcome::UnknownEmail;
    record(stage, at, SignIn { who: None, workspace: None, email, outcome, address: ATTACKER }).await;
}

async fn found_in(stage: &Stage, workspace_id: WorkspaceId, rule: AuditRule) -> Vec<Found> {
    let workspace = workspace::find(stage.installation.database.reader(), workspace_id).await.unwrap();
    let examination = examine(&stage.installation, &workspace).await.unwrap();
    examination.found.into_iter().filter(|found| found.rule == rule).collect()
}

async fn found(stage: &Stage, rule: AuditRule) -> Vec<Found> {
    found_in(stage, stage.workspace_id, rule).await
}

async fn is_active_at(stage: &Stage, member: MemberId, at: Timestamp) {
    let row = member::ActiveModel {
        workspace_id: Set(stage.workspace_id),
        id: Set(member),
        last_active_at: Set(Some(at)),
        ..member::ActiveModel::default()
    };
    member::Entity::update(row).exec(stage.installation.database.writer()).await.unwrap();
}

#[tokio::test]
async fn who_stays_away_longer_than_allowed_is_inactive() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Boss", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let ana = account(&stage, &stage.person("Ana", &[]).await).await;
        let bia = account(&stage, &stage.person("Bia", &[]).await).await;
        let boss = account(&stage, &boss).await;
        forget_sign_ins(&stage).await;
        let start = stage.clock.now();
        gets_in(&stage, &ana, start).await;
        is_active_at(&stage, ana.member, start + DAY).await;
        is_active_at(&stage, boss.member, start + HOUR).await;
        gets_in(&stage, &bia, start + 5 * DAY).await;

        stage.clock.set(start + 31 * DAY);
        assert_eq!(found(&stage, AuditRule::InactiveMember).await, [], "Ana's thirty days are just over");
        stage.clock.advance(Duration::from_micros(1));
        let inactive = found(&stage, AuditRule::InactiveMember).await;
        let who: Vec<_> = inactive.iter().map(|found| found.about.member().unwrap()).collect();
        assert_eq!(who, [ana.member], "an administrator is a matter of its own");
        assert_eq!((inactive[0].severity, &inactive[0].cause), (Severity::Low, &ana.member.to_string()));
        let evidence = &inactive[0].evidence;
        assert_eq!(evidence.at(FactName::LastActive), Some(start + DAY));
        let Some(FactValue::SignIn(last)) = evidence.get(FactName::LastSignIn) else { panic!() };
        assert_eq!((last.at, last.address.as_str()), (start, ATTACKER));
    }
}

#[tokio::test]
async fn who_never_came_within_a_week_is_a_finding_of_its_own() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = account(&stage, &stage.person("Ana", &[]).await).await;
        let bia = account(&stage, &stage.person("Bia", &[]).await).await;
        let gone = account(&stage, &stage.person("Gone", &[]).await).await;
        forget_sign_ins(&stage).await;
        let start = stage.clock.now();
        gets_in(&stage, &bia, start).await;
        let suspended = member::ActiveModel {
            workspace_id: Set(stage.workspace_id),
            id: Set(gone.member),
            status: Set(MemberStatus::Suspended),
            ..member::ActiveModel::default()
        };
        member::Entity::update(suspended).exec(stage.installation.database.writer()).await.unwrap();

        stage.clock.set(start + 7 * DAY);
        assert_eq!(found(&stage, AuditRule::NeverSignedIn).await, []);
        stage.clock.set(start + 40 * DAY);
        let absent = found(&stage, AuditRule::NeverSignedIn).await;
        assert_eq!(absent.len(), 1);
        assert_eq!(absent[0].about.member(), Some(ana.member));
        assert_eq!(absent[0].evidence, Evidence::new().with(FactName::Invited, FactValue::At(start)));
        let inactive = found(&stage, AuditRule::InactiveMember).await;
        assert_eq!(inactive.iter().map(|found| found.about.member()).collect::<Vec<_>>(), [Some(bia.member)]);
    }
}

#[tokio::test]
async fn ten_wrong_passwords_within_an_hour_are_an_attack_on_an_account() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = account(&stage, &stage.person("Ana", &[]).await).await;
        let bia = account(&stage, &stage.person("Bia", &[]).await).await;
        forget_sign_ins(&stage).await;
        let start = stage.clock.now();
        stage.clock.set(start + DAY);
        for n in 0..9 {
            fails(&stage, &ana, start + n * MINUTE, ATTACKER).await;
            // Ten in all, but never within one hour.
            fails(&stage, &bia, start + n * 8 * MINUTE, ATTACKER).await;
        }
        fails(&stage, &bia, start + 3 * HOUR, ATTACKER).await;
        assert_eq!(found(&stage, AuditRule::AccountUnderAttack).await, []);

        fails(&stage, &ana, start + HOUR, "198.51.100.9").await;
        let attacks = found(&stage, AuditRule::AccountUnderAttack).await;
        assert_eq!(attacks.len(), 1);
        assert_eq!(attacks[0].cause, format!("{} 2026-03-02", ana.member));
        assert_eq!((attacks[0].severity, attacks[0].about.member()), (Severity::High, Some(ana.member)));
        let from = |address: &str, failures| FailuresFrom { address: address.to_owned(), failures };
        let named = vec![from(ATTACKER, 9), from("198.51.100.9", 1)];
        let expected = Evidence::new()
            .with(FactName::WrongPasswords, FactValue::During { from: start, to: start + HOUR })
            .with(FactName::Addresses, FactValue::Addresses { named, count: 2 })
            .with(FactName::Failures, FactValue::Number(10));
        assert_eq!(attacks[0].evidence, expected);

        stage.clock.set(start + 9 * DAY);
        assert_eq!(found(&stage, AuditRule::AccountUnderAttack).await, [], "out of sight after a week");
    }
}

#[tokio::test]
async fn an_attack_over_midnight_is_seen() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = account(&stage, &stage.person("Ana", &[]).await).await;
        forget_sign_ins(&stage).await;
        // 23:56 in São Paulo.
        let late = stage.clock.now() + 14 * HOUR + 56 * MINUTE;
        for n in 0..10 {
            fails(&stage, &ana, late + n * MINUTE, ATTACKER).await;
        }
        stage.clock.set(late + DAY);
        let attacks = found(&stage, AuditRule::AccountUnderAttack).await;
        assert_eq!(attacks.len(), 1);
        assert_eq!(attacks[0].cause, format!("{} 2026-03-03", ana.member));
        assert_eq!(attacks[0].evidence.number(FactName::Failures), 10);
    }
}

#[tokio::test]
async fn one_address_on_five_accounts_within_an_hour_is_spraying() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = account(&stage, &stage.person("Ana", &[]).await).await;
        let bia = account(&stage, &stage.person("Bia", &[]).await).await;
        let (other, _, _) = stage.another_workspace().await;
        let foreigner = account(&stage, &stage.person_in(other, "Foreigner", &[]).await).await;
        forget_sign_ins(&stage).await;
        let start = stage.clock.now();
        stage.clock.set(start + DAY);
        for n in 0..3 {
            fails(&stage, &ana, start + n * MINUTE, ATTACKER).await;
        }
        fails(&stage, &bia, start + 5 * MINUTE, ATTACKER).await;
        fails(&stage, &foreigner, start + 6 * MINUTE, ATTACKER).await;
        fails_for_nobody(&stage, "one@example.com", start + 10 * MINUTE).await;
        // The fifth account comes when the first three are an hour past.
        fails_for_nobody(&stage, "two@example.com", start + HOUR + 3 * MINUTE).await;
        assert_eq!(found(&stage, AuditRule::AddressOnManyAccounts).await, []);

        fails_for_nobody(&stage, "three@example.com", start + 59 * MINUTE).await;
        let sprayed = found(&stage, AuditRule::AddressOnManyAccounts).await;
        assert_eq!(sprayed.len(), 1);
        assert_eq!(sprayed[0].cause, format!("{ATTACKER} 2026-03-02"));
        let on = |account: &Account, failures| FailuresOn { member_id: account.member, failures };
        let named = vec![on(&ana, 3), on(&bia, 1)];
        let during = FactValue::During { from: start, to: start + HOUR + 3 * MINUTE };
        let expected = Evidence::new()
            .with(FactName::WrongPasswords, during)
            .with(FactName::Accounts, FactValue::Accounts { named, count: 2, foreign: 4 })
            .with(FactName::Address, FactValue::Address(ATTACKER.to_owned()))
            .with(FactName::Failures, FactValue::Number(8));
        assert_eq!(sprayed[0].evidence, expected);

        // The other workspace is told of its own account only.
        let sprayed = found_in(&stage, other, AuditRule::AddressOnManyAccounts).await;
        let own = FactValue::Accounts { named: vec![on(&foreigner, 1)], count: 1, foreign: 5 };
        assert_eq!(sprayed[0].evidence.get(FactName::Accounts), Some(&own));
    }
}

#[tokio::test]
async fn an_attack_before_the_clocks_were_changed_is_the_same_afterwards() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let names = ["Ana", "Bia", "Caio", "Duda", "Eva"];
        let mut all = Vec::new();
        for name in names {
            all.push(account(&stage, &stage.person(name, &[]).await).await);
        }
        forget_sign_ins(&stage).await;
        let database = &stage.installation.database;
        let lisbon = "UPDATE workspaces SET time_zone = 'Europe/Lisbon'";
        database.writer().execute_unprepared(lisbon).await.unwrap();
        // Its clocks go forward on 29 March 2026 and back on 25 October, both at 01:00 UTC.
        for (evening, morning_after) in [(1_774_654_200, 1_774_854_000), (1_792_884_600, 1_793_084_400)] {
            let evening = Timestamp::from_secs(evening);
            for (n, who) in (0..).zip(&all) {
                fails(&stage, who, evening + n * MINUTE, ATTACKER).await;
            }
            let mut causes = Vec::new();
            for at in [evening + HOUR, Timestamp::from_secs(morning_after)] {
                stage.clock.set(at);
                let sprayed = found(&stage, AuditRule::AddressOnManyAccounts).await;
                causes.push(sprayed.into_iter().map(|found| found.cause).collect::<Vec<_>>());
            }
            assert_eq!((causes[0].len(), &causes[0]), (1, &causes[1]));
        }
    }
}

#[tokio::test]
async fn an_address_that_touches_nobody_here_is_no_finding_here() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        forget_sign_ins(&stage).await;
        let start = stage.clock.now();
        stage.clock.set(start + DAY);
        for n in 0..9 {
            fails_for_nobody(&stage, &format!("{n}@example.com"), start + n * MINUTE).await;
        }
        assert_eq!(found(&stage, AuditRule::AddressOnManyAccounts).await, []);
    }
}

#[tokio::test]
async fn getting_in_after_five_failures_is_the_alarming_one() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = account(&stage, &stage.person("Ana", &[]).await).await;
        let bia = account(&stage, &stage.person("Bia", &[]).await).await;
        forget_sign_ins(&stage).await;
        let start = stage.clock.now();
        stage.clock.set(start + DAY);
        for n in 0..5 {
            fails(&stage, &ana, start + n * MINUTE, ATTACKER).await;
        }
        // Bia fails as often, but gets in once in between.
        for n in 0..3 {
            fails(&stage, &bia, start + n * MINUTE, ATTACKER).await;
            fails(&stage, &bia, start + (10 + n) * MINUTE, ATTACKER).await;
        }
        gets_in(&stage, &bia, start + 5 * MINUTE).await;
        gets_in(&stage, &bia, start + 20 * MINUTE).await;
        gets_in(&stage, &ana, start + HOUR + Duration::from_micros(1)).await;
        assert_eq!(found(&stage, AuditRule::SuccessAfterFailures).await, [], "only four within the hour");

        gets_in(&stage, &ana, start + 5 * MINUTE).await;
        // Who is in and signs in again has not guessed again.
        gets_in(&stage, &ana, start + 6 * MINUTE).await;
        let guessed = found(&stage, AuditRule::SuccessAfterFailures).await;
        assert_eq!(guessed.len(), 1);
        assert_eq!((guessed[0].severity, guessed[0].about.member()), (Severity::Critical, Some(ana.member)));
        let evidence = &guessed[0].evidence;
        assert_eq!(evidence.number(FactName::Failures), 5);
        let failing = FactValue::During { from: start, to: start + 4 * MINUTE };
        assert_eq!(evidence.get(FactName::WrongPasswords), Some(&failing));
        assert_eq!(evidence.at(FactName::SignedIn), Some(start + 5 * MINUTE));
        assert_eq!(evidence.get(FactName::Device), Some(&FactValue::Device("curl/8".to_owned())));
    }
}

#[tokio::test]
async fn another_workspaces_people_are_never_seen() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (other, _, _) = stage.another_workspace().await;
        let ana = account(&stage, &stage.person("Ana", &[]).await).await;
        forget_sign_ins(&stage).await;
        let start = stage.clock.now();
        for n in 0..30 {
            fails(&stage, &ana, start + n * Duration::from_secs(1), ATTACKER).await;
        }
        gets_in(&stage, &ana, start + MINUTE).await;
        stage.clock.set(start + DAY);
        let workspace = workspace::find(stage.installation.database.reader(), other).await.unwrap();
        let examination = examine(&stage.installation, &workspace).await.unwrap();
        assert_eq!(
            (examination.found, examination.members_checked, examination.sign_ins_checked),
            (vec![], 0, 0)
        );
        let workspace =
            workspace::find(stage.installation.database.reader(), stage.workspace_id).await.unwrap();
        let examination = examine(&stage.installation, &workspace).await.unwrap();
        assert_eq!(
            (examination.found.len(), examination.members_checked, examination.sign_ins_checked),
            (2, 1, 31)
        );
    }
}
