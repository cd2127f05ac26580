//! Who gets which report, of which stretch of time, and what is told in it beside findings.

use portaria_domain::activity::{Actor, Deed, record};
use portaria_domain::audit::access_change::MACHINE;
use portaria_domain::audit::finding::deciding::{Decision, decide};
use portaria_domain::audit::reader::{Preference, Sight, set_preference};
use portaria_domain::grant::{Giving, give};
use portaria_domain::granting::Change;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::role::{self, NewRole};
use portaria_entity::audit_report;
use portaria_entity::finding::{self, AuditRule};
use portaria_entity::outgoing_mail::{self, MailStatus};
use portaria_testing::databases;
use sea_orm::{ConnectionTrait, PaginatorTrait};
use serde_json::json;

use super::*;
use crate::mail::{Failure, SendError};

async fn execute(stage: &Stage, sql: &str) {
    stage.installation.database.writer().execute_unprepared(sql).await.unwrap();
}

async fn alice(scene: &Scene) -> Person {
    let find = portaria_entity::user::Entity::find().filter(portaria_entity::user::Column::Name.eq("Alice"));
    let user = find.one(scene.stage.installation.database.reader()).await.unwrap().unwrap();
    scene.stage.sign_in(&user.email).await
}

/// The subjects that somebody got, and clears nothing.
async fn subjects(scene: &Scene, name: &str) -> Vec<String> {
    let to = |mail: &OutgoingMail| mail.to.name.as_deref() == Some(name);
    scene.mails().await.into_iter().filter(to).map(|mail| mail.subject).collect()
}

#[tokio::test]
async fn on_its_day_the_report_of_the_week_comes_in_place_of_the_days() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let dora =
            scene.stage.person("Dora", &[(BuiltInRole::Agent, Scope::Channel(scene.stage.sales))]).await;
        for n in 0..12 {
            tries(&scene.stage, &dora, first_due() - Duration::from_secs(n), SignInOutcome::WrongPassword)
                .await;
        }
        for day in 0..8 {
            scene.stage.clock.set(first_due() + DAY * day);
            assert_eq!(scene.tick().await, 1);
        }
        let got = subjects(&scene, "Alice").await;
        let weekly: Vec<bool> = got.iter().map(|subject| subject.contains("da semana")).collect();
        assert_eq!(weekly, [false, false, false, false, false, false, true, false]);
        assert!(got[0].contains("1 ponto novo") && got[1].contains("nada de novo"), "{got:?}");
        assert!(got[6].contains("1 ponto novo"), "it was new in that week: {got:?}");
        assert!(got[7].contains("nada de novo"), "{got:?}");
    }
}

#[tokio::test]
async fn who_wants_the_week_alone_hears_nothing_in_between() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let alice = alice(&scene).await;
        let wanted = Preference { weekly_only: true, time_zone: Some("America/Manaus".to_owned()) };
        set_preference(&scene.stage.installation, &alice.viewer, wanted).await.unwrap();
        for day in 0..14 {
            scene.stage.clock.set(first_due() + DAY * day);
            scene.tick().await;
        }
        assert_eq!((subjects(&scene, "Alice").await.len(), subjects(&scene, "Bruno").await.len()), (2, 14));
        let mails = scene.mails().await;
        let hers = mails.iter().find(|mail| mail.to.name.as_deref() == Some("Alice")).unwrap();
        assert!(hers.text.contains("07:00") && hers.text.contains("America/Manaus (UTC−4)"), "{}", hers.text);
        assert!(hers.text.contains("Próximo relatório: seg., 16 de março, 07:00"), "{}", hers.text);
    }
}

#[tokio::test]
async fn a_missed_week_is_made_up_for_once() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        execute(&scene.stage, "UPDATE workspaces SET reports_daily = FALSE").await;
        for (day, mails) in [(0, 0), (5, 0), (8, 2), (9, 2), (12, 2), (13, 4), (14, 4)] {
            scene.stage.clock.set(first_due() + DAY * day);
            scene.tick().await;
            assert_eq!(scene.mails().await.len(), mails, "day {day}");
        }
        let weeks =
            audit_report::Entity::find().all(scene.stage.installation.database.reader()).await.unwrap();
        let mut weeks: Vec<String> = weeks.into_iter().filter_map(|row| row.week).collect();
        weeks.sort();
        assert_eq!(weeks, ["2026-03-09", "2026-03-09", "2026-03-16", "2026-03-16"]);
    }
}

#[tokio::test]
async fn nothing_is_made_up_for_from_before_a_report_was_wanted() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        execute(&scene.stage, "UPDATE workspaces SET reports_weekday = NULL").await;
        for day in 0..8 {
            scene.stage.clock.set(first_due() + DAY * day);
            scene.tick().await;
        }
        let set = format!(
            "UPDATE workspaces SET reports_weekday = 0, reports_set_at = {}",
            scene.stage.clock.now().0
        );
        execute(&scene.stage, &set).await;
        for day in 8..14 {
            scene.stage.clock.set(first_due() + DAY * day);
            scene.tick().await;
        }
        let got = subjects(&scene, "Bruno").await;
        let weekly = |subject: &String| subject.contains("da semana");
        assert_eq!(
            (got.iter().filter(|one| weekly(one)).count(), got.iter().position(weekly)),
            (1, Some(13))
        );
    }
}

/// The next reports are refused for good.
async fn refuse_next(scene: &Scene, count: usize) {
    for _ in 0..count {
        let detail = "<somebody@elsewhere.test> unknown".to_owned();
        let failure = Failure { stage: crate::mail::Stage::Deliver, code: Some(550), detail };
        scene.memory.fail_next(SendError::Permanent(failure));
    }
}

#[tokio::test]
async fn a_report_that_did_not_arrive_is_a_finding_and_its_news_are_told_again() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let dora =
            scene.stage.person("Dora", &[(BuiltInRole::Agent, Scope::Channel(scene.stage.sales))]).await;
        for n in 0..12 {
            tries(
                &scene.stage,
                &dora,
                first_due() - Duration::from_secs(60 + n),
                SignInOutcome::WrongPassword,
            )
            .await;
        }
        scene.stage.clock.set(first_due());
        scene.tick().await;
        refuse_next(&scene, 1).await;
        let lost = scene.auditor.send_queued_mails().await.unwrap();
        assert_eq!((lost.sent, lost.given_up), (1, 1));
        let standing = portaria_domain::mail::standing(&scene.stage.installation).await.unwrap();
        assert_eq!((standing.queued, standing.given_up, standing.reports), (0, 1, 1));
        let got = scene.memory.sent().remove(0).to.name.unwrap();
        let lacks = if got == "Alice" { "Bruno" } else { "Alice" };

        scene.stage.clock.set(first_due() + DAY);
        scene.tick().await;
        let mails = scene.mails().await;
        let of = |name: &str| mails.iter().rfind(|mail| mail.to.name.as_deref() == Some(name)).unwrap();
        assert!(of(lacks).subject.contains("2 pontos novos"), "{}", of(lacks).subject);
        assert!(of(&got).subject.contains("1 ponto novo"), "{}", of(&got).subject);
        let told = of(&got);
        assert!(told.text.contains("Os e-mails da auditoria não estão chegando"), "{}", told.text);
        assert!(
            told.text.contains(lacks) && told.text.contains("Resposta do servidor: 550"),
            "{}",
            told.text
        );
        assert!(!told.text.contains("elsewhere.test"), "what the server said stays in the log");

        scene.stage.clock.set(first_due() + DAY * 2);
        scene.tick().await;
        let open = finding::Entity::find()
            .filter(finding::Column::Rule.eq(AuditRule::UndeliveredReport))
            .filter(finding::Column::Status.eq(finding::FindingStatus::Open))
            .count(scene.stage.installation.database.reader());
        assert_eq!(open.await.unwrap(), 0, "a later one has arrived");
    }
}

#[tokio::test]
async fn that_nobody_is_reached_is_graver() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        refuse_next(&scene, 2).await;
        assert_eq!(scene.auditor.send_queued_mails().await.unwrap().given_up, 2);
        scene.stage.clock.set(first_due() + DAY);
        scene.tick().await;
        let found = finding::Entity::find()
            .filter(finding::Column::Rule.eq(AuditRule::UndeliveredReport))
            .all(scene.stage.installation.database.reader());
        let found = found.await.unwrap();
        assert_eq!(found.iter().map(|row| row.severity).collect::<Vec<_>>(), [finding::Severity::High; 2]);
    }
}

#[tokio::test]
async fn who_is_removed_before_the_mail_goes_out_gets_nothing() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        let bruno = {
            let find =
                portaria_entity::user::Entity::find().filter(portaria_entity::user::Column::Name.eq("Bruno"));
            find.one(scene.stage.installation.database.reader()).await.unwrap().unwrap().id
        };
        let sql = "UPDATE members SET status = 'suspended' WHERE user_id = $1";
        let database = &scene.stage.installation.database;
        database.writer().execute_raw(database.statement(sql, [bruno.0.into()])).await.unwrap();
        let mails = scene.mails().await;
        assert_eq!(mails.iter().map(|mail| mail.to.name.as_deref()).collect::<Vec<_>>(), [Some("Alice")]);
        let rows = outgoing_mail::Entity::find().all(database.reader()).await.unwrap();
        let failed: Vec<_> = rows.iter().filter(|row| row.status == MailStatus::Failed).collect();
        assert_eq!(failed.len(), 1);
        let standing = portaria_domain::mail::standing(&scene.stage.installation).await.unwrap();
        assert_eq!(standing.given_up, 0, "that is no failure");
        scene.stage.clock.set(first_due() + DAY);
        scene.tick().await;
        assert!(subjects(&scene, "Alice").await[1].contains("nada a relatar"));
    }
}

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
async fn the_trend_begins_with_the_first_audit_and_leaves_out_no_week() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let dora =
            scene.stage.person("Dora", &[(BuiltInRole::Agent, Scope::Channel(scene.stage.sales))]).await;
        for week in [0_u32, 1, 3] {
            for n in 0..12 {
                let at = first_due() + DAY * (week * 7) - Duration::from_secs(n + 60);
                tries(&scene.stage, &dora, at, SignInOutcome::WrongPassword).await;
            }
            scene.stage.clock.set(first_due() + DAY * (week * 7));
            scene.tick().await;
        }
        let mail = scene.mails().await.pop().unwrap();
        let expected = "Pontos em aberto ao fim de cada semana, da mais antiga à atual: 1, 2, –, 1.";
        assert!(mail.text.contains(expected), "{}", mail.text);
        assert!(mail.text.contains("  17/03   –"), "{}", mail.text);
        assert!(mail.html.contains("role=\"img\"") && mail.html.contains("warning-bar"), "{}", mail.html);
        let csv = mail.attachment.unwrap();
        assert_eq!(csv.name, "portaria-2026-03-24.csv");
        assert!(csv.content.starts_with("\u{feff}\"Urgência\";\"Situação\";"), "{}", csv.content);
    }
}

#[tokio::test]
async fn a_reader_is_who_may_read_it_now_by_whatever_role() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let stage = &scene.stage;
        let everyone = portaria_domain::audit::reader::readers(
            stage.installation.database.reader(),
            &stage.installation.database,
            stage.workspace_id,
            stage.clock.now(),
        );
        let names: Vec<_> = everyone.await.unwrap().into_iter().map(|reader| reader.row.user.name).collect();
        assert_eq!(names, ["Alice", "Bruno"]);
        let id = stage.workspace_id;
        let database = &stage.installation.database;
        let carla = "SELECT m.id FROM members m JOIN users u ON u.id = m.user_id WHERE u.name = 'Carla'";
        let row = database.reader().query_one_raw(database.statement(carla, [])).await.unwrap().unwrap();
        let carla: MemberId = row.try_get_by_index(0).unwrap();
        let may = || {
            portaria_domain::audit::reader::may_read(
                database.reader(),
                database,
                (id, carla),
                (Sight { people: true, log: true }, stage.clock.now()),
            )
        };
        assert!(!may().await.unwrap());
        stage.grant(id, carla, BuiltInRole::Administrator, Scope::Channel(stage.sales)).await;
        assert!(!may().await.unwrap(), "one number is not the whole");
        stage.grant(id, carla, BuiltInRole::Administrator, Scope::Workspace).await;
        assert!(may().await.unwrap());
        execute(stage, "UPDATE grants SET valid_until = valid_from + 1").await;
        stage.clock.advance(Duration::from_secs(1));
        assert!(!may().await.unwrap());
    }
}

/// Somebody's account is under attack before the first audit.
async fn attacked(scene: &Scene) -> Person {
    let dora = scene.stage.person("Dora", &[(BuiltInRole::Agent, Scope::Channel(scene.stage.sales))]).await;
    for n in 0..12 {
        let at = first_due() - Duration::from_secs(60 + n);
        tries(&scene.stage, &dora, at, SignInOutcome::WrongPassword).await;
    }
    dora
}

#[tokio::test]
async fn what_a_report_would_have_told_that_was_given_up_late_is_told_by_the_one_after_the_next() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        attacked(&scene).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        scene.stage.clock.set(first_due() + DAY);
        scene.tick().await;
        // The server takes the second, and the first has been tried for too long.
        let lost =
            "UPDATE outgoing_mails SET status = 'failed', error = 'handing the mail to the server (451): x'";
        execute(&scene.stage, &format!("{lost} WHERE created_at = {}", first_due().0)).await;
        assert!(subjects(&scene, "Alice").await[0].contains("nada de novo"));
        let open = || {
            finding::Entity::find()
                .filter(finding::Column::Rule.eq(AuditRule::UndeliveredReport))
                .filter(finding::Column::Status.eq(finding::FindingStatus::Open))
                .count(scene.stage.installation.database.reader())
        };
        let mut seen = Vec::new();
        for day in 2..4 {
            scene.stage.clock.set(first_due() + DAY * day);
            scene.tick().await;
            let got = subjects(&scene, "Alice").await;
            seen.push((open().await.unwrap(), got.last().unwrap().contains("3 pontos novos")));
        }
        assert_eq!(seen, [(2, true), (0, false)], "the attack, and that two were not told of it");
    }
}

/// Somebody who holds these permissions for the whole workspace.
async fn holder(scene: &Scene, name: &str, permissions: &[Permission]) -> Person {
    let stage = &scene.stage;
    let alice = stage.step_up(&alice(scene).await).await;
    let person = stage.person(name, &[]).await;
    let mut change = Change::by(&stage.installation, &alice.viewer, &[]).await.unwrap();
    let permissions = PermissionSet::of(permissions);
    let new = NewRole { name, description: "", permissions };
    let role_id = role::create(&mut change, new).await.unwrap().role.id;
    let giving = Giving {
        member_id: person.member_id,
        role_id,
        scope: Scope::Workspace,
        valid_from: None,
        valid_until: None,
        reason: "looks after it",
    };
    give(&mut change, giving).await.unwrap();
    change.finish().await.unwrap();
    person
}

#[tokio::test]
async fn a_report_tells_no_more_than_its_reader_may_know() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let dora = attacked(&scene).await;
        holder(&scene, "Sofia", &[Permission::AccessAuditRead]).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        let mails = scene.mails().await;
        let of = |name: &str| mails.iter().find(|mail| mail.to.name.as_deref() == Some(name)).unwrap();
        let (all, some) = (of("Alice"), of("Sofia"));
        assert!(
            all.text.contains("Dora") && all.text.contains("Quem mudou o acesso de quem"),
            "{}",
            all.text
        );
        assert!(!all.text.contains("Ficou de fora"), "{}", all.text);
        assert!(some.subject.contains("1 ponto novo"), "{}", some.subject);
        assert!(
            some.text.contains("  * Um membro\n") && some.text.contains("Ficou de fora"),
            "{}",
            some.text
        );
        let file = some.attachment.as_ref().unwrap();
        for text in [&some.text, &some.html, &file.content] {
            for told in ["Dora", &dora.email, "203.0.113.66", "Quem mudou o acesso de quem", "Firefox"] {
                assert!(!text.contains(told), "{told}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn what_somebody_may_not_know_any_more_does_not_go_out_and_the_next_leaves_it_out() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        attacked(&scene).await;
        let all = [Permission::AccessAuditRead, Permission::MemberReadPrivate, Permission::AuditLogRead];
        holder(&scene, "Sofia", &all).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        let taken = "DELETE FROM role_permissions WHERE permission = 'member:read_private'";
        execute(&scene.stage, taken).await;
        assert_eq!((subjects(&scene, "Alice").await.len(), subjects(&scene, "Sofia").await.len()), (1, 0));
        scene.stage.clock.set(first_due() + DAY);
        scene.tick().await;
        let mails = scene.mails().await;
        let hers = mails.iter().find(|mail| mail.to.name.as_deref() == Some("Sofia")).unwrap();
        assert!(hers.subject.contains("1 ponto novo"), "{}", hers.subject);
        assert!(!hers.text.contains("Dora"), "{}", hers.text);
        let log = "== Quem mudou o acesso de quem ==";
        let changes = hers.text.split_once(log).unwrap_or_else(|| panic!("{}", hers.text)).1;
        assert!(changes.contains("por alguém") && !changes.contains("Alice"), "{changes}");
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
        let title = portaria_domain::audit::rule::of(attack.rule)
            .said(portaria_domain::language::Language::PortugueseOfBrazil)
            .title;
        let dismissed =
            format!("(!) Ponto da auditoria dispensado: {title}, até qui., 2 de abril, 08:00\n    por Alice");
        assert!(told.contains(&dismissed), "{told}");
        let made = "(!) Papel concedido: Administrador\n    Gil · por alguém na máquina (portaria admin)";
        assert!(told.contains(made), "{told}");
    }
}

#[tokio::test]
async fn who_is_mailed_the_report_has_used_what_lets_them_read_it() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let stage = &scene.stage;
        stage.clock.set(first_due());
        assert_eq!(scene.tick().await, 1);
        let recorder = stage.installation.viewers.permission_uses();
        recorder.flush().await.unwrap();
        let rows = portaria_entity::member_permission_use::Entity::find()
            .all(stage.installation.database.reader())
            .await
            .unwrap();
        let read: Vec<_> = rows.iter().filter(|row| row.permission == "access_audit:read").collect();
        assert_eq!(read.len(), 2, "Alice and Bruno: {rows:?}");
        assert!(read.iter().all(|row| row.last_used_at == first_due()));
    }
}
