//! Who changed whose access, as the report tells it.

use portaria_domain::access_review::{
    Coverage, NewReview, NewSchedule, Recurrence, cancel, end_schedule, schedule, start,
};
use portaria_domain::activity::{Actor, Deed, record};
use portaria_domain::audit::access_change::MACHINE;
use portaria_domain::audit::finding::deciding::{Decision, decide};
use portaria_domain::audit::reader::{Preference, set_preference};
use portaria_domain::audit::rule;
use portaria_domain::audit::setting::{RuleChange, update};
use portaria_domain::grant::{Giving, give};
use portaria_domain::granting::Change;
use portaria_domain::language::Language::PortugueseOfBrazil;
use portaria_domain::role;
use portaria_entity::access_review::ReviewPolicy;
use portaria_entity::finding;
use portaria_testing::databases;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::*;

#[tokio::test]
async fn who_changed_whose_access_is_told_once_and_administrators_first() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        scene.stage.clock.advance(Duration::from_secs(60 * 60));
        let stage = &scene.stage;
        let alice = alice(&scene).await;
        let alice = stage.step_up(&alice).await;
        let reader = stage.installation.database.reader();
        let agent = role::built_in(reader, stage.workspace_id, BuiltInRole::Agent).await.unwrap();
        let administrator =
            role::built_in(reader, stage.workspace_id, BuiltInRole::Administrator).await.unwrap();
        let gil = stage.person("<b>Gil</b>", &[]).await;
        let mut change = Change::by(&stage.installation, &alice.viewer, &[]).await.unwrap();
        let mut giving = Giving {
            member_id: gil.member_id,
            role_id: administrator.id,
            scope: Scope::Workspace,
            valid_from: None,
            valid_until: None,
            reason: "needs it",
        };
        give(&mut change, giving).await.unwrap();
        giving.role_id = agent.id;
        for _ in 0..9 {
            stage.clock.advance(Duration::from_secs(60));
            giving.scope = Scope::Channel(stage.sales);
            give(&mut change, giving).await.unwrap();
        }
        change.finish().await.unwrap();
        scene.stage.clock.set(first_due() + DAY);
        scene.tick().await;
        let mail = scene.mails().await.remove(2);
        let told = mail.text.split_once("== Quem mudou o acesso de quem ==").unwrap().1;
        let first = told.lines().find(|line| line.contains("  * ")).unwrap();
        assert_eq!(first, "  * (!) Papel concedido: Administrador", "{told}");
        assert!(told.contains("<b>Gil</\u{200b}b> · por Alice · ter., 3 de março, 09:00"), "{told}");
        assert!(told.contains("Papel concedido: Atendente (número"), "{told}");
        assert!(told.contains("e mais 3: Papel concedido (3)"), "{told}");
        assert!(!mail.html.contains("<b>Gil"), "{}", mail.html);
        scene.stage.clock.set(first_due() + DAY * 2);
        scene.tick().await;
        let next = scene.mails().await.remove(4);
        assert!(!next.text.contains("Quem mudou"), "{}", next.text);
    }
}

#[tokio::test]
async fn who_chooses_to_get_fewer_reports_is_told_of() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        scene.stage.clock.advance(Duration::from_secs(60 * 60));
        let alice = alice(&scene).await;
        for weekly_only in [true, true] {
            let wanted = Preference { weekly_only, time_zone: None };
            set_preference(&scene.stage.installation, &alice.viewer, wanted).await.unwrap();
        }
        scene.stage.clock.set(first_due() + DAY);
        scene.tick().await;
        let mails = scene.mails().await;
        let to_bruno = mails.iter().rfind(|mail| mail.to.name.as_deref() == Some("Bruno")).unwrap();
        let told = to_bruno.text.split_once("== Quem mudou o acesso de quem ==").unwrap().1;
        let line =
            "  * (!) Escolha de relatórios da auditoria alterada\n    por Alice · ter., 3 de março, 09:00";
        assert_eq!(told.matches("Escolha de relatórios").count(), 1, "{told}");
        assert!(told.contains(line), "{told}");
    }
}

#[tokio::test]
async fn changes_of_access_are_found_by_their_own_index() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let database = &scene.stage.installation.database;
        if !database.is_sqlite() {
            continue;
        }
        for sql in portaria_domain::audit::access_change::statements() {
            let values = [scene.stage.workspace_id.0.into(), 0_i64.into(), i64::MAX.into()];
            let plan = database.statement(&format!("EXPLAIN QUERY PLAN {sql}"), values);
            let rows = database.reader().query_all_raw(plan).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.try_get_by_index(3).unwrap()).collect();
            assert!(plan[0].contains("activities_of_access"), "{plan:?}");
        }
    }
}

#[tokio::test]
async fn who_dismisses_a_finding_or_makes_an_administrator_on_the_machine_is_told_of() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        attacked(&scene).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        scene.stage.clock.advance(Duration::from_secs(60 * 60));
        let stage = &scene.stage;
        let reader = stage.installation.database.reader();
        let attack = finding::Entity::find().one(reader).await.unwrap().unwrap();
        let until = first_due() + DAY * 30;
        let decision = Decision::Dismiss { until, reason: "a test of ours" };
        decide(&stage.installation, &alice(&scene).await.viewer, attack.id, decision).await.unwrap();
        let gil = stage.person("Gil", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let grant = portaria_entity::grant::Entity::find()
            .filter(portaria_entity::grant::Column::MemberId.eq(gil.member_id));
        let grant = grant.one(reader).await.unwrap().unwrap();
        let deed = Deed {
            workspace_id: stage.workspace_id,
            actor: Actor::Installation,
            action: "grant.made",
            subject: grant.id.to_string(),
            before: None,
            after: Some(json!({ "member": gil.member_id, "role": grant.role_id, MACHINE: true })),
            address: None,
        };
        record(stage.installation.database.writer(), &stage.clock, deed).await.unwrap();
        scene.stage.clock.set(first_due() + DAY);
        scene.tick().await;
        let mail = scene.mails().await.remove(2);
        let told = mail.text.split_once("== Quem mudou o acesso de quem ==").unwrap().1;
        let title = rule::of(attack.rule).said(PortugueseOfBrazil).title;
        let dismissed =
            format!("(!) Ponto da auditoria dispensado: {title}, até qui., 2 de abril, 08:00\n    por Alice");
        assert!(told.contains(&dismissed), "{told}");
        let made = "(!) Papel concedido: Administrador\n    Gil · por alguém na máquina (portaria admin)";
        assert!(told.contains(made), "{told}");
    }
}

/// What the first report of the second day says of changes.
async fn told_next_day(scene: &Scene) -> String {
    scene.mails().await;
    let before = scene.memory.sent().len();
    scene.stage.clock.set(first_due() + DAY);
    scene.tick().await;
    let mail = scene.mails().await.remove(before);
    mail.text.split_once("== Quem mudou o acesso de quem ==").unwrap().1.to_owned()
}

#[tokio::test]
async fn which_rule_was_set_otherwise_is_told_and_that_it_was_turned_off() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        scene.stage.clock.advance(Duration::from_secs(60 * 60));
        let stage = &scene.stage;
        let alice = stage.step_up(&alice(&scene).await).await;
        let change = Change::by(&stage.installation, &alice.viewer, &[]).await.unwrap();
        let days = [("days".to_owned(), Some(45))];
        for wanted in [
            RuleChange { rule: AuditRule::NeverSignedIn, is_enabled: Some(false), parameters: &[] },
            RuleChange { rule: AuditRule::InactiveMember, is_enabled: None, parameters: &days },
        ] {
            update(&change, &wanted).await.unwrap();
        }
        change.finish().await.unwrap();
        let told = told_next_day(&scene).await;
        let title = |rule| rule::of(rule).said(PortugueseOfBrazil).title;
        let off = format!(
            "(!) Regra da auditoria alterada: {}, regra desligada\n",
            title(AuditRule::NeverSignedIn)
        );
        assert!(told.contains(&off), "{told}");
        let set = format!("(!) Regra da auditoria alterada: {}\n", title(AuditRule::InactiveMember));
        assert!(told.contains(&set), "{told}");
    }
}

#[tokio::test]
async fn reviews_that_are_set_up_ended_and_called_off_are_told_of_by_name() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        scene.stage.clock.advance(Duration::from_secs(60 * 60));
        let stage = &scene.stage;
        let alice = stage.step_up(&alice(&scene).await).await;
        let agent =
            role::built_in(stage.installation.database.reader(), stage.workspace_id, BuiltInRole::Agent);
        let reviewers = [alice.member_id];
        let new = NewSchedule {
            name: "Trimestre",
            coverage: Coverage::Role(agent.await.unwrap().id),
            reviewers: &reviewers,
            policy: ReviewPolicy::Tell,
            recurrence: Recurrence::Quarterly,
            first_on: None,
            days: 14,
        };
        let quarterly = schedule(&stage.installation, &alice.viewer, new).await.unwrap();
        end_schedule(&stage.installation, &alice.viewer, quarterly.id).await.unwrap();
        let new = NewReview {
            name: "Agora",
            coverage: Coverage::Everybody,
            reviewers: &reviewers,
            ends_at: stage.clock.now() + DAY * 5,
            policy: ReviewPolicy::Tell,
        };
        let now = start(&stage.installation, &alice.viewer, new).await.unwrap();
        cancel(&stage.installation, &alice.viewer, now.id, "um engano").await.unwrap();
        let told = told_next_day(&scene).await;
        for expected in [
            "(!) Revisão periódica de acessos marcada: Trimestre\n",
            "(!) Revisão periódica de acessos encerrada: Trimestre\n",
            "(!) Revisão de acessos cancelada: Agora\n",
        ] {
            assert!(told.contains(expected), "{told}");
        }
    }
}

#[tokio::test]
async fn nothing_crowds_out_a_new_administrator() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        scene.stage.clock.advance(Duration::from_secs(60 * 60));
        let stage = &scene.stage;
        let alice = stage.step_up(&alice(&scene).await).await;
        let administrator = role::built_in(
            stage.installation.database.reader(),
            stage.workspace_id,
            BuiltInRole::Administrator,
        );
        let gil = stage.person("Gil", &[]).await;
        let mut change = Change::by(&stage.installation, &alice.viewer, &[]).await.unwrap();
        let giving = Giving {
            member_id: gil.member_id,
            role_id: administrator.await.unwrap().id,
            scope: Scope::Workspace,
            valid_from: None,
            valid_until: None,
            reason: "needs it",
        };
        give(&mut change, giving).await.unwrap();
        let made = ["created", "updated", "secret_rotated", "deleted"];
        let loud = made.map(|what| format!("notification_endpoint.{what}"));
        for action in
            loud.iter().map(String::as_str).chain(["alert_policy.updated", "security_policy.updated"])
        {
            for _ in 0..6 {
                change.record(action, stage.workspace_id, (None, None)).await.unwrap();
            }
        }
        change.finish().await.unwrap();
        let told = told_next_day(&scene).await;
        let first = told.lines().find(|line| line.contains("  * ")).unwrap();
        assert_eq!(first, "  * (!) Papel concedido: Administrador", "{told}");
    }
}
