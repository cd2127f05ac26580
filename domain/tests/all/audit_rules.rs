//! The rules as they are set and told.

use std::path::Path;

use portaria_domain::access::Scope;
use portaria_domain::api_key::{self, NewApiKey};
use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_domain::audit::setting::{RuleChange, update};
use portaria_domain::audit::{About, Evidence, Found, Settings, guide, rule};
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::granting::Change;
use portaria_domain::permission::Permission;
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_testing::{Person, Stage, databases};
use sea_orm::ConnectionTrait;

use crate::auditing::{DAY, built_in};
use crate::finding::run_at;

#[test]
fn the_checked_in_guide_to_the_rules_is_what_they_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/AUDIT-RULES.md");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&file, guide()).unwrap();
    }
    let checked_in = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        checked_in == guide(),
        "docs/AUDIT-RULES.md has drifted from the rules. Run `cargo run -- audit rules > docs/AUDIT-RULES.md`, \
         read the difference, and commit it."
    );
}

#[test]
fn every_rule_has_its_words_and_numbers_that_can_be() {
    for rule in rule::all() {
        let key: &str = rule.key.into();
        assert!(rule.judges.ends_with('.'), "{key}");
        for said in rule.said {
            assert!(!said.title.is_empty() && !said.title.ends_with('.'), "{key}: {}", said.title);
            assert!(said.why.ends_with('.') && said.what_to_do.ends_with('.'), "{key}: {}", said.why);
        }
        for parameter in rule.parameters {
            let usual = parameter.default;
            assert!((parameter.least..=parameter.most).contains(&usual), "{key}: {}", parameter.name);
            let named = format!("`{}`", parameter.name);
            assert!(rule.judges.contains(&named), "{key} does not say what {named} is for");
        }
    }
}

async fn set(stage: &Stage, who: &Person, wanted: RuleChange<'_>) -> Result<Settings> {
    let change = Change::by(&stage.installation, &who.viewer, &[Permission::SecurityPolicyManage]).await?;
    let settings = update(&change, &wanted).await?;
    change.finish().await?;
    Ok(settings)
}

#[tokio::test]
async fn a_rule_is_set_within_its_limits_and_that_is_on_record() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Boss", &[(Administrator, Scope::Workspace)]).await;
        let rule = AuditRule::InactiveMember;
        let days = |value| vec![("days".to_owned(), value)];
        let stale = set(&stage, &boss, RuleChange { rule, is_enabled: Some(false), parameters: &[] }).await;
        assert!(matches!(stale, Err(Error::StepUpRequired { .. })));
        let boss = stage.step_up(&boss).await;
        for (parameters, expected) in [
            (days(Some(0)), Refusal::OutOfRange),
            (days(Some(10_000)), Refusal::OutOfRange),
            (vec![("weeks".to_owned(), Some(5))], Refusal::NoSuchParameter),
        ] {
            let wanted = RuleChange { rule, is_enabled: Some(false), parameters: &parameters };
            let refused = set(&stage, &boss, wanted).await;
            assert!(matches!(refused, Err(Error::Refused(refusal)) if refusal == expected), "{refused:?}");
        }
        let parameters = days(Some(60));
        let settings =
            set(&stage, &boss, RuleChange { rule, is_enabled: Some(false), parameters: &parameters }).await;
        let settings = settings.unwrap();
        assert_eq!((settings.is_enabled(rule), settings.parameter(rule::of(rule), "days")), (false, 60));
        let parameters = days(None);
        let back = RuleChange { rule, is_enabled: Some(true), parameters: &parameters };
        let settings = set(&stage, &boss, back).await.unwrap();
        assert_eq!((settings.is_enabled(rule), settings.parameter(rule::of(rule), "days")), (true, 30));
        let database = &stage.installation.database;
        let sql = "SELECT COUNT(*) FROM activities WHERE action = 'audit_rule.updated'";
        let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 2);
    }
}

#[tokio::test]
async fn nobody_makes_a_rule_look_away_that_has_found_them() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Boss", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Administrator, Scope::Workspace)]).await;
        let (boss, ana) = (stage.step_up(&boss).await, stage.step_up(&ana).await);
        let rule = AuditRule::InactiveMember;
        let found = Found {
            rule,
            cause: ana.member_id.to_string(),
            severity: Severity::Low,
            about: About::Member(ana.member_id),
            evidence: Evidence::new().with(FactName::Invited, FactValue::At(stage.clock.now())),
        };
        let now = stage.clock.now();
        run_at(&stage, now, std::slice::from_ref(&found)).await;
        let (later, usual) = (vec![("days".to_owned(), Some(60))], vec![("days".to_owned(), None)]);
        let off = RuleChange { rule, is_enabled: Some(false), parameters: &[] };
        let looser = RuleChange { rule, is_enabled: None, parameters: &later };
        let same = RuleChange { rule, is_enabled: Some(true), parameters: &usual };
        for wanted in [&off, &looser] {
            let refused = set(&stage, &ana, wanted.clone()).await;
            assert!(matches!(refused, Err(Error::Refused(Refusal::OwnFinding))), "{refused:?}");
        }
        set(&stage, &ana, same).await.unwrap();
        let other = RuleChange { rule: AuditRule::NeverSignedIn, ..off.clone() };
        set(&stage, &ana, other).await.unwrap();
        set(&stage, &boss, looser).await.unwrap();

        // Nobody else is left who could.
        let database = &stage.installation.database;
        let sql = "UPDATE members SET status = 'suspended' WHERE id = $1";
        let suspend = database.statement(sql, [boss.member_id.0.into()]);
        database.writer().execute_raw(suspend).await.unwrap();
        set(&stage, &ana, off).await.unwrap();
    }
}

/// Something that a rule has found, whatever it was.
fn a_finding(rule: AuditRule, about: About) -> Found {
    Found { rule, cause: "one".to_owned(), severity: Severity::Low, about, evidence: Evidence::new() }
}

#[tokio::test]
async fn whoever_had_a_key_in_their_hands_does_not_turn_off_what_found_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let mut people = Vec::new();
        for name in ["Maria", "Olga", "Tito"] {
            people.push(stage.step_up(&stage.person(name, &[(Administrator, Scope::Workspace)]).await).await);
        }
        let [maker, other, third] = &people[..] else { panic!() };
        let agent = built_in(&stage, Agent).await;
        let mut change = Change::by(&stage.installation, &maker.viewer, &[]).await.unwrap();
        let new = NewApiKey {
            name: "CRM",
            grants: &[(agent, Scope::Workspace)],
            expires_at: stage.clock.now() + 30 * DAY,
            allowed_addresses: &[],
        };
        let key = api_key::create(&mut change, new).await.unwrap().key.id;
        change.finish().await.unwrap();
        let mut change = Change::by(&stage.installation, &other.viewer, &[]).await.unwrap();
        api_key::rotate(&mut change, key, 0).await.unwrap();
        change.finish().await.unwrap();
        let rule = AuditRule::ApiKeyFromNewNetwork;
        run_at(&stage, stage.clock.now(), &[a_finding(rule, About::ApiKey(key))]).await;
        let off = RuleChange { rule, is_enabled: Some(false), parameters: &[] };
        for who in [maker, other] {
            let refused = set(&stage, who, off.clone()).await;
            let name = &stage.test_database.name;
            assert!(matches!(refused, Err(Error::Refused(Refusal::OwnFinding))), "{name}: {refused:?}");
        }
        set(&stage, third, off).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_makes_far_away_near_for_the_other_rule_that_found_them() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.step_up(&stage.person("Boss", &[(Administrator, Scope::Workspace)]).await).await;
        let ana = stage.step_up(&stage.person("Ana", &[(Administrator, Scope::Workspace)]).await).await;
        let found = a_finding(AuditRule::SessionUsedElsewhere, About::Member(ana.member_id));
        run_at(&stage, stage.clock.now(), &[found]).await;
        let rule = AuditRule::ImpossibleTravel;
        let faster = vec![("kilometres_per_hour".to_owned(), Some(3_000))];
        let wanted = RuleChange { rule, is_enabled: None, parameters: &faster };
        let refused = set(&stage, &ana, wanted.clone()).await;
        let name = &stage.test_database.name;
        assert!(matches!(refused, Err(Error::Refused(Refusal::OwnFinding))), "{name}: {refused:?}");
        set(&stage, &boss, wanted).await.unwrap();
    }
}
