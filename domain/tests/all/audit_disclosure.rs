//! The auditor's rule on who sees unusually many customers' numbers.

use portaria_domain::access::Scope;
use portaria_domain::activity::phone_reveal;
use portaria_domain::audit::fact::FactName;
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::ApiKeyId;
use portaria_entity::role::BuiltInRole::Agent;
use portaria_entity::time::Timestamp;
use portaria_testing::{Person, Stage, databases};

use crate::auditing::{DAY, HOUR, causes, found, run, told};

async fn shown(stage: &Stage, who: &Person, at: Timestamp, contacts: i64) {
    shown_to(stage, &who.member_id, at, contacts).await;
}

async fn shown_to(stage: &Stage, who: &impl ToString, at: Timestamp, contacts: i64) {
    let sql = "INSERT INTO phone_reveal_days (workspace_id, principal, day, contacts, first_at, last_at) \
               VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (workspace_id, principal, day) DO UPDATE SET contacts = $4";
    let day = at.0.div_euclid(86_400_000_000);
    let values = [who.to_string().into(), day.into(), contacts.into(), at.0.into()];
    run(stage, sql, values).await;
}

#[tokio::test]
async fn four_times_as_many_phone_numbers_as_ever_are_found() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(Agent, Scope::Workspace)]).await;
        let new = stage.person("Novo", &[(Agent, Scope::Workspace)]).await;
        let start = stage.clock.now();
        for day in 0..10 {
            shown(&stage, &ana, start + day * DAY, 7).await;
            shown(&stage, &bia, start + day * DAY, 12).await;
        }
        stage.clock.set(start + 20 * DAY);
        let now = stage.clock.now();
        for (who, contacts) in [(&ana, 29), (&bia, 48), (&new, 48)] {
            shown(&stage, who, now, contacts).await;
        }
        assert_eq!(
            causes(&stage, AuditRule::UnusualDisclosure).await,
            [] as [String; 0],
            "{}",
            stage.test_database.name
        );
        for (who, contacts) in [(&ana, 30), (&bia, 49), (&new, 49)] {
            shown(&stage, who, now, contacts).await;
        }
        let seen = found(&stage, AuditRule::UnusualDisclosure).await;
        let mut who: Vec<_> = seen.iter().map(|one| one.about.member().unwrap()).collect();
        who.sort_unstable();
        assert_eq!(who, [ana.member_id, bia.member_id, new.member_id]);
        let anas = seen.iter().find(|one| one.about.member() == Some(ana.member_id)).unwrap();
        assert_eq!(anas.cause, format!("{} 2026-03-22", ana.member_id));
        assert_eq!(anas.evidence.number(FactName::MostContacts), 7);
        let [portuguese, ..] = told(&stage, anas).await;
        assert!(
            portuguese
                .contains("Viu o telefone completo de 30 clientes; até então, o máximo em um dia era 7."),
            "{portuguese}"
        );
        stage.clock.advance(9 * DAY);
        assert_eq!(found(&stage, AuditRule::UnusualDisclosure).await, []);
    }
}

#[tokio::test]
async fn what_is_shown_is_counted_once_a_day_and_a_young_workspace_measures_nothing() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let mut customers = Vec::new();
        for number in 0..31 {
            customers.push(stage.customer("Cliente", &format!("55119876500{number:02}")).await);
        }
        let place = (&stage.installation.database, &stage.clock);
        phone_reveal::note(place, &ana.viewer, &customers[..20]).await.unwrap();
        phone_reveal::note(place, &ana.viewer, &customers[10..]).await.unwrap();
        phone_reveal::note(place, &ana.viewer, &customers).await.unwrap();
        assert_eq!(found(&stage, AuditRule::UnusualDisclosure).await, [], "the first day of a company");

        let start = stage.clock.now();
        run(&stage, "DELETE FROM phone_reveals WHERE workspace_id = $1", []).await;
        run(&stage, "DELETE FROM phone_reveal_days WHERE workspace_id = $1", []).await;
        for day in 0..6 {
            shown(&stage, &ana, start + day * DAY, 7).await;
        }
        stage.clock.set(start + 20 * DAY);
        phone_reveal::note(place, &ana.viewer, &customers[..20]).await.unwrap();
        phone_reveal::note(place, &ana.viewer, &customers[10..]).await.unwrap();
        let seen = found(&stage, AuditRule::UnusualDisclosure).await;
        assert_eq!(seen.len(), 1, "{}", stage.test_database.name);
        assert_eq!(seen[0].evidence.number(FactName::Contacts), 31);
    }
}

#[tokio::test]
async fn a_program_is_no_measure_for_people() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let bia = stage.person("Bia", &[(Agent, Scope::Workspace)]).await;
        let new = stage.person("Novo", &[(Agent, Scope::Workspace)]).await;
        let (crm, other): (ApiKeyId, ApiKeyId) = (stage.clock.new_id(), stage.clock.new_id());
        let start = stage.clock.now();
        for day in 0..20 {
            shown_to(&stage, &crm, start + day * DAY, 5_000).await;
            shown(&stage, &bia, start + day * DAY, 12).await;
        }
        stage.clock.set(start + 20 * DAY);
        let now = stage.clock.now();
        shown(&stage, &new, now, 49).await;
        shown_to(&stage, &other, now, 20_000).await;
        let seen = found(&stage, AuditRule::UnusualDisclosure).await;
        let who: Vec<_> = seen.iter().map(|one| one.about.member()).collect();
        assert_eq!(who, [Some(new.member_id)], "{}", stage.test_database.name);
        shown_to(&stage, &other, now, 20_001).await;
        assert_eq!(found(&stage, AuditRule::UnusualDisclosure).await.len(), 2, "a key by keys");
    }
}

#[tokio::test]
async fn the_first_to_look_through_the_customers_is_found_where_nobody_does() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(Agent, Scope::Workspace)]).await;
        let start = stage.clock.now();
        stage.clock.set(start + 13 * DAY);
        shown(&stage, &ana, stage.clock.now(), 60).await;
        assert_eq!(found(&stage, AuditRule::UnusualDisclosure).await, [], "it has only just begun");
        run(&stage, "DELETE FROM phone_reveal_days WHERE workspace_id = $1", []).await;
        let day = start + 30 * DAY;
        stage.clock.set(day + HOUR);
        shown(&stage, &ana, day, 60).await;
        let alone = found(&stage, AuditRule::UnusualDisclosure).await;
        assert_eq!(alone.len(), 1, "{}", stage.test_database.name);
        assert_eq!((alone[0].about.member(), alone[0].severity), (Some(ana.member_id), Severity::High));
        assert_eq!(alone[0].evidence.number(FactName::MostContacts), 0);
        // The day on which everybody begins is no theft; nor is the next one.
        shown(&stage, &bia, day, 15).await;
        assert_eq!(found(&stage, AuditRule::UnusualDisclosure).await, []);
        shown(&stage, &bia, day, 14).await;
        stage.clock.advance(DAY);
        shown(&stage, &ana, day + DAY, 90).await;
        shown(&stage, &bia, day + DAY, 7).await;
        assert_eq!(found(&stage, AuditRule::UnusualDisclosure).await, alone, "told once");
    }
}
