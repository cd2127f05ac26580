//! What is done about a finding from the finding is what is done by hand: the same rules refuse, and the same is on record.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::api_key::{self, NewApiKey};
use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_domain::audit::finding::OpenFinding;
use portaria_domain::audit::finding::action::{Taking, may_take, take};
use portaria_domain::audit::finding::deciding::{Decision, decide};
use portaria_domain::audit::finding::page::{FindingFilter, find, page};
use portaria_domain::audit::rule::Suggestion;
use portaria_domain::audit::{About, Evidence, Found};
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::granting::{Change, Ledger, Prospect};
use portaria_domain::permission::Permission;
use portaria_domain::{member, role};
use portaria_entity::finding::{AuditRule, FindingStatus, Severity};
use portaria_entity::grant;
use portaria_entity::id::MemberId;
use portaria_entity::role::BuiltInRole::{self, Administrator, Agent};
use portaria_testing::{Person, Stage, databases};
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::finding::run_at;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn found(stage: &Stage, about: About, evidence: Evidence) -> OpenFinding {
    found_by(stage, AuditRule::InactiveMember, (about, evidence)).await
}

async fn found_by(stage: &Stage, rule: AuditRule, (about, evidence): (About, Evidence)) -> OpenFinding {
    let seen = Found {
        rule,
        cause: stage.clock.new_id::<portaria_entity::id::FindingId>().to_string(),
        severity: Severity::Low,
        about,
        evidence,
    };
    let cause = seen.cause.clone();
    run_at(stage, stage.clock.now(), &[seen]).await;
    let reader = stage.installation.database.reader();
    let all = page(reader, stage.workspace_id, &FindingFilter::default(), None, 100).await.unwrap();
    all.into_iter().find(|finding| finding.row.cause == cause).unwrap()
}

async fn takes(
    stage: &Stage,
    who: &Person,
    finding: &OpenFinding,
    (action, reason, days): (Suggestion, &str, Option<u32>),
) -> Result<OpenFinding> {
    let until = days.map(|days| stage.clock.now() + DAY * days);
    let taking = Taking { action, reason: (!reason.is_empty()).then_some(reason), until };
    take(&stage.installation, &who.viewer, finding.row.id, taking).await
}

async fn may(stage: &Stage, who: &Person, finding: &OpenFinding, action: Suggestion) -> Result<()> {
    let (database, now) = (&stage.installation.database, stage.clock.now());
    let ledger = Ledger::read(database.reader(), database, stage.workspace_id, now).await.unwrap();
    may_take(Prospect { viewer: &who.viewer, ledger: &ledger, now }, finding, action)
}

fn refusal<T>(outcome: &Result<T>) -> Option<Refusal> {
    match outcome {
        Err(Error::Refused(refusal)) => Some(*refusal),
        _ => None,
    }
}

async fn deeds(stage: &Stage) -> Vec<String> {
    let database = &stage.installation.database;
    let sql = "SELECT action FROM activities WHERE action NOT LIKE 'session.%' AND action NOT LIKE '%sign%' ORDER BY id";
    let rows = database.reader().query_all_raw(database.statement(sql, [])).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

async fn grants(stage: &Stage, member: MemberId) -> Vec<grant::Model> {
    let reader = stage.installation.database.reader();
    role::grants_of(reader, stage.workspace_id, &[member], stage.clock.now()).await.unwrap()
}

async fn person(stage: &Stage, name: &str, role: BuiltInRole) -> Person {
    stage.person(name, &[(role, Scope::Workspace)]).await
}

#[tokio::test]
async fn a_member_is_suspended_from_a_finding_as_by_hand() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (boss, ana) = (person(&stage, "Boss", Administrator).await, person(&stage, "Ana", Agent).await);
        let finding = found(&stage, About::Member(ana.member_id), Evidence::new()).await;
        let suspend = (Suggestion::SuspendMember, "", None);
        assert_eq!(finding.suggested(), Some(Suggestion::SuspendMember));
        let stale = takes(&stage, &boss, &finding, suspend).await;
        assert!(matches!(stale, Err(Error::StepUpRequired { .. })), "{stale:?}");
        let told = may(&stage, &boss, &finding, Suggestion::SuspendMember).await;
        assert!(matches!(told, Err(Error::StepUpRequired { .. })), "{told:?}");
        let forbidden = takes(&stage, &ana, &finding, suspend).await;
        assert!(matches!(forbidden, Err(Error::Forbidden { .. })), "{forbidden:?}");
        let boss = stage.step_up(&boss).await;
        may(&stage, &boss, &finding, Suggestion::SuspendMember).await.unwrap();
        let after = takes(&stage, &boss, &finding, suspend).await.unwrap();
        assert_eq!(
            (after.row.status, after.row.acknowledged_by),
            (FindingStatus::Acknowledged, Some(boss.member_id))
        );
        assert!(stage.viewer(&ana.token).await.is_none(), "out at once");
        assert_eq!(deeds(&stage).await, ["member.suspended", "finding.action_taken"]);
        let again = takes(&stage, &boss, &finding, suspend).await;
        assert_eq!(refusal(&again), Some(Refusal::NotActive));
        assert_eq!(
            refusal(&may(&stage, &boss, &after, Suggestion::SuspendMember).await),
            Some(Refusal::NotActive)
        );

        let own = found(&stage, About::Member(boss.member_id), Evidence::new()).await;
        for outcome in [
            takes(&stage, &boss, &own, suspend).await.map(drop),
            may(&stage, &boss, &own, Suggestion::SuspendMember).await,
        ] {
            assert_eq!(refusal(&outcome), Some(Refusal::OwnAccess));
        }
        let no_key = takes(&stage, &boss, &own, (Suggestion::RevokeApiKey, "", None)).await;
        assert_eq!(refusal(&no_key), Some(Refusal::ActionNotFitting));
        let look = takes(&stage, &boss, &own, (Suggestion::LookAtSettings, "", None)).await;
        assert_eq!(refusal(&look), Some(Refusal::ActionNotFitting));
        assert_eq!(deeds(&stage).await.len(), 2, "what was refused is not on record as done");
    }
}

#[tokio::test]
async fn sessions_are_ended_from_a_finding() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (boss, ana) = (person(&stage, "Boss", Administrator).await, person(&stage, "Ana", Agent).await);
        let boss = stage.step_up(&boss).await;
        let finding = found(&stage, About::Member(ana.member_id), Evidence::new()).await;
        takes(&stage, &boss, &finding, (Suggestion::EndSessions, "stolen", None)).await.unwrap();
        assert!(stage.viewer(&ana.token).await.is_none());
        assert_eq!(deeds(&stage).await, ["member.sessions_ended", "finding.action_taken"]);
    }
}

#[tokio::test]
async fn grants_are_shortened_and_taken_back_by_the_rules_of_granting() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (boss, ana) = (person(&stage, "Boss", Administrator).await, person(&stage, "Ana", Agent).await);
        let boss = stage.step_up(&boss).await;
        let held = grants(&stage, ana.member_id).await[0].id;
        let evidence = Evidence::new().with(FactName::Invited, FactValue::Grants(vec![held]));
        let finding = found(&stage, About::Member(ana.member_id), evidence).await;
        let silent = takes(&stage, &boss, &finding, (Suggestion::ShortenGrants, "", Some(5))).await;
        assert_eq!(refusal(&silent), Some(Refusal::ReasonMissing));
        let endless = takes(&stage, &boss, &finding, (Suggestion::ShortenGrants, "x", None)).await;
        assert_eq!(refusal(&endless), Some(Refusal::InvalidPeriod));
        takes(&stage, &boss, &finding, (Suggestion::ShortenGrants, "temporary", Some(5))).await.unwrap();
        let after = grants(&stage, ana.member_id).await;
        assert_eq!((after.len(), after[0].valid_until), (1, Some(stage.clock.now() + DAY * 5)));
        assert_eq!(after[0].reason, "temporary");
        let gone = takes(&stage, &boss, &finding, (Suggestion::RevokeGrants, "x", None)).await;
        assert_eq!(refusal(&gone), Some(Refusal::AlreadyEnded), "another is in its place");

        let evidence = Evidence::new().with(FactName::Invited, FactValue::Grants(vec![after[0].id]));
        let finding = found(&stage, About::Member(ana.member_id), evidence).await;
        let longer = takes(&stage, &boss, &finding, (Suggestion::ShortenGrants, "x", Some(9))).await;
        assert_eq!(refusal(&longer), Some(Refusal::InvalidPeriod), "it is not made longer");
        may(&stage, &boss, &finding, Suggestion::RevokeGrants).await.unwrap();
        takes(&stage, &boss, &finding, (Suggestion::RevokeGrants, "not needed", None)).await.unwrap();
        assert!(grants(&stage, ana.member_id).await.is_empty());
        let acted: Vec<_> = deeds(&stage).await;
        assert_eq!(acted, ["grant.changed", "finding.action_taken", "grant.revoked", "finding.action_taken"]);

        // The last administrator's own grant is not theirs to take, and nobody else's either.
        let own = grants(&stage, boss.member_id).await[0].id;
        let evidence = Evidence::new().with(FactName::Invited, FactValue::Grants(vec![own]));
        let finding = found(&stage, About::Member(boss.member_id), evidence).await;
        let refused = takes(&stage, &boss, &finding, (Suggestion::RevokeGrants, "x", None)).await;
        assert_eq!(refusal(&refused), Some(Refusal::OwnAccess));
    }
}

#[tokio::test]
async fn a_key_is_ended_from_a_finding() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.step_up(&person(&stage, "Boss", Administrator).await).await;
        let reader = stage.installation.database.reader();
        let agent = role::built_in(reader, stage.workspace_id, Agent).await.unwrap().id;
        let mut change =
            Change::by(&stage.installation, &boss.viewer, &[Permission::ApiKeyManage]).await.unwrap();
        let new = NewApiKey {
            name: "Robô",
            grants: &[(agent, Scope::Workspace)],
            expires_at: stage.clock.now() + DAY * 30,
            allowed_addresses: &[],
        };
        let key = api_key::create(&mut change, new).await.unwrap().key.id;
        change.finish().await.unwrap();
        let finding = found(&stage, About::ApiKey(key), Evidence::new()).await;
        assert_eq!(finding.actions(), [Suggestion::RevokeApiKey]);
        assert_eq!(finding.suggested(), None, "its rule suggests what does not fit");
        takes(&stage, &boss, &finding, (Suggestion::RevokeApiKey, "", None)).await.unwrap();
        let row = portaria_entity::api_key::Entity::find().one(reader).await.unwrap().unwrap();
        assert_eq!(row.revoked_by, Some(boss.member_id));
        let again = takes(&stage, &boss, &finding, (Suggestion::RevokeApiKey, "", None)).await;
        assert_eq!(refusal(&again), Some(Refusal::AlreadyEnded));
    }
}

#[tokio::test]
async fn a_person_is_asked_in_their_language_once_a_day_and_told_nothing() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = person(&stage, "Boss", Administrator).await;
        let ana = person(&stage, "Ana", Agent).await;
        let database = &stage.installation.database;
        let hostile = "UPDATE users SET name = $1 WHERE email = $2";
        let values = ["Ana\u{202e} evil.example".into(), ana.email.clone().into()];
        database.writer().execute_raw(database.statement(hostile, values)).await.unwrap();
        let address = Evidence::new().with(FactName::Address, FactValue::Address("203.0.113.66".to_owned()));
        let finding = found(&stage, About::Member(ana.member_id), address).await;
        let ask = (Suggestion::AskMember, "", None);
        let after = takes(&stage, &boss, &finding, ask).await.unwrap();
        assert_eq!((after.row.asked_by, after.row.asked_at), (Some(boss.member_id), Some(stage.clock.now())));
        let again = takes(&stage, &boss, &finding, ask).await;
        assert_eq!(refusal(&again), Some(Refusal::AskedAlready));
        let letters = stage.letters_to(&ana.email).await;
        assert_eq!(letters.len(), 1);
        let letter = &letters[0];
        assert!(letter.text.contains("Você ainda precisa do acesso que tem?"), "{}", letter.text);
        assert!(letter.text.contains("Boss") && letter.subject.starts_with("Padaria:"), "{}", letter.subject);
        for told in ["203.0.113.66", "http", "href", "\u{202e}", "evil.example"] {
            assert!(!letter.text.contains(told) && !letter.html.contains(told), "{told}: {}", letter.text);
        }
        stage.clock.advance(DAY);
        takes(&stage, &boss, &finding, ask).await.unwrap();
        assert_eq!(stage.letters_to(&ana.email).await.len(), 2);
        let own = found(&stage, About::Member(boss.member_id), Evidence::new()).await;
        assert_eq!(refusal(&takes(&stage, &boss, &own, ask).await), Some(Refusal::OwnAccess));
    }
}

#[tokio::test]
async fn people_are_asked_what_the_finding_is_about() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = person(&stage, "Boss", Administrator).await;
        let asked = [
            (AuditRule::UnusedPermission, "Você ainda precisa do acesso que tem?"),
            (AuditRule::EndingGrant, "Você ainda precisa do acesso que tem?"),
            (AuditRule::EndlessGrant, "Você ainda precisa do acesso que tem?"),
            (AuditRule::SecondFactorMissing, "Quando você pode configurar o seu?"),
            (AuditRule::AdministratorWithoutSecondFactor, "Quando você pode configurar o seu?"),
            (AuditRule::NewPlace, "Foi você?"),
            (AuditRule::SuccessAfterFailures, "Foi você?"),
            (AuditRule::UnusualDisclosure, "Foi você?"),
        ];
        for (number, (rule, asked)) in asked.into_iter().enumerate() {
            let ana = person(&stage, &format!("Ana{number}"), Agent).await;
            let finding = found_by(&stage, rule, (About::Member(ana.member_id), Evidence::new())).await;
            takes(&stage, &boss, &finding, (Suggestion::AskMember, "", None)).await.unwrap();
            let letters = stage.letters_to(&ana.email).await;
            assert!(letters[0].text.contains(asked), "{rule:?}: {}", letters[0].text);
        }
    }
}

#[tokio::test]
async fn whoever_had_a_key_in_their_hands_does_not_judge_what_is_found_about_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [maker, other, third] = [
            stage.step_up(&person(&stage, "Maria", Administrator).await).await,
            stage.step_up(&person(&stage, "Olga", Administrator).await).await,
            stage.step_up(&person(&stage, "Tito", Administrator).await).await,
        ];
        let reader = stage.installation.database.reader();
        let agent = role::built_in(reader, stage.workspace_id, Agent).await.unwrap().id;
        let mut change =
            Change::by(&stage.installation, &maker.viewer, &[Permission::ApiKeyManage]).await.unwrap();
        let new = NewApiKey {
            name: "Robô",
            grants: &[(agent, Scope::Workspace)],
            expires_at: stage.clock.now() + DAY * 30,
            allowed_addresses: &[],
        };
        let key = api_key::create(&mut change, new).await.unwrap().key.id;
        change.finish().await.unwrap();
        let about = (About::ApiKey(key), Evidence::new());
        let id = found_by(&stage, AuditRule::ApiKeyFromNewNetwork, about).await.row.id;
        let acknowledge = async |who: &Person| {
            refusal(&decide(&stage.installation, &who.viewer, id, Decision::Acknowledge).await)
        };
        assert_eq!(acknowledge(&maker).await, Some(Refusal::OwnFinding));
        let mut change =
            Change::by(&stage.installation, &other.viewer, &[Permission::ApiKeyManage]).await.unwrap();
        api_key::rotate(&mut change, key, 0).await.unwrap();
        change.finish().await.unwrap();
        assert_eq!(acknowledge(&other).await, Some(Refusal::OwnFinding), "{}", stage.test_database.name);
        assert_eq!(acknowledge(&third).await, None);
    }
}

#[tokio::test]
async fn what_was_seen_of_somebody_is_forgotten_with_them() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.step_up(&person(&stage, "Boss", Administrator).await).await;
        let (ana, rui) = (person(&stage, "Ana", Agent).await, person(&stage, "Rui", Agent).await);
        let seen = || Evidence::new().with(FactName::Address, FactValue::Address("203.0.113.66".to_owned()));
        let [of_ana, of_rui] =
            [stage.found(about(&ana, seen())).await, stage.found(about(&rui, seen())).await];
        let mut change = Change::by(&stage.installation, &boss.viewer, &[]).await.unwrap();
        member::remove(&mut change, ana.member_id).await.unwrap();
        member::erase(&mut change, ana.member_id, "pediu").await.unwrap();
        change.finish().await.unwrap();
        let reader = stage.installation.database.reader();
        let read = async |id| find(reader, stage.workspace_id, id).await.unwrap();
        let (gone, kept) = (read(of_ana).await, read(of_rui).await);
        assert_eq!((gone.evidence.facts().len(), gone.row.status), (0, FindingStatus::Resolved));
        assert_eq!(gone.row.resolved_at, Some(stage.clock.now()), "{}", stage.test_database.name);
        assert_eq!((kept.evidence.facts().len(), kept.row.status), (1, FindingStatus::Open));
    }
}

fn about(person: &Person, evidence: Evidence) -> Found {
    Found {
        rule: AuditRule::NewPlace,
        cause: person.member_id.to_string(),
        severity: Severity::Low,
        about: About::Member(person.member_id),
        evidence,
    }
}
