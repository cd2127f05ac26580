//! Who gets which report, and of which stretch of time.

use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_domain::audit::reader::{Preference, set_preference};
use portaria_domain::audit::run::request;
use portaria_domain::audit::{About, Evidence, Found};
use portaria_entity::audit_report;
use portaria_entity::finding::Severity;
use portaria_testing::databases;

use super::*;

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
        assert_eq!(
            (subjects(&scene, "Alice").await.len(), subjects(&scene, "Bruno").await.len()),
            (1 + 2, 14)
        );
        let mails = scene.mails().await;
        let mut hers = mails.iter().filter(|mail| mail.to.name.as_deref() == Some("Alice"));
        let letter = hers.next().unwrap();
        assert_eq!(letter.subject, "Padaria: mudaram os relatórios que você recebe");
        let told = "você agora recebe só o relatório da semana, com os horários de America/Manaus. Isso foi mudado com a sua conta: seg., 2 de março, 09:";
        assert!(letter.text.contains(told), "{}", letter.text);
        let hers = hers.next().unwrap();
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
async fn the_week_that_is_wanted_anew_is_told_once_and_then_on_its_day() {
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
        assert!(weekly(&got[13]), "{got:?}");
        assert_eq!(
            (got.iter().filter(|one| weekly(one)).count(), got.iter().position(weekly)),
            (2, Some(8)),
            "{got:?}"
        );
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

/// Somebody tries Dora's account often enough to be found.
async fn tried_now(scene: &Scene) {
    let dora = scene.stage.person("Dora", &[(BuiltInRole::Agent, Scope::Channel(scene.stage.sales))]).await;
    for n in 0..12 {
        let at = scene.stage.clock.now() - Duration::from_secs(60 + n);
        tries(&scene.stage, &dora, at, SignInOutcome::WrongPassword).await;
    }
}

#[tokio::test]
async fn who_asks_for_an_audit_is_mailed_its_report_and_others_are_told_in_theirs() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        scene.stage.clock.set(first_due());
        assert_eq!((scene.tick().await, scene.mails().await.len()), (1, 2));
        scene.stage.clock.advance(Duration::from_secs(60 * 60));
        tried_now(&scene).await;
        let alice = alice(&scene).await;
        request(&scene.stage.installation, &alice.viewer).await.unwrap();
        scene.stage.clock.advance(Duration::from_secs(60));
        assert_eq!(scene.tick().await, 1);
        assert_eq!((subjects(&scene, "Alice").await.len(), subjects(&scene, "Bruno").await.len()), (2, 1));

        // A program that asks reads no mail.
        scene.stage.clock.advance(Duration::from_secs(10 * 60));
        request(&scene.stage.installation, &alice.viewer).await.unwrap();
        execute(&scene.stage, "UPDATE audit_runs SET requested_by = NULL").await;
        scene.stage.clock.advance(Duration::from_secs(60));
        assert_eq!((scene.tick().await, scene.mails().await.len()), (1, 3));

        scene.stage.clock.set(first_due() + DAY);
        assert_eq!(scene.tick().await, 1);
        let (hers, his) = (subjects(&scene, "Alice").await, subjects(&scene, "Bruno").await);
        assert!(hers[1].contains("pontos novos") && hers[2].contains("nada de novo"), "{hers:?}");
        assert!(his[1].contains("pontos novos"), "{his:?}");
    }
}

#[tokio::test]
async fn nobody_puts_off_the_report_of_the_week_for_good() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let set = "UPDATE workspaces SET reports_daily = FALSE, reports_weekday =";
        let mut told = Vec::new();
        for day in 0..29_u32 {
            // An hour before each run the day before becomes the day of the report; the first of them is a Tuesday.
            scene.stage.clock.set(first_due() + DAY * day - Duration::from_secs(60 * 60));
            let now = scene.stage.clock.now().0;
            execute(&scene.stage, &format!("{set} {}, reports_set_at = {now}", day % 7)).await;
            scene.stage.clock.set(first_due() + DAY * day);
            assert_eq!(scene.tick().await, 1);
            if scene.mails().await.len() > 2 * told.len() {
                told.push(day);
            }
        }
        assert_eq!(told, [7, 15, 23], "never more than eight days apart");
        let got = subjects(&scene, "Alice").await;
        assert!(got.len() == 3 && got.iter().all(|subject| subject.contains("da semana")), "{got:?}");
    }
}

#[tokio::test]
async fn hours_of_the_workspace_are_told_as_such_to_a_reader_elsewhere() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let stage = &scene.stage;
        let wanted = Preference { weekly_only: false, time_zone: Some("Europe/Lisbon".to_owned()) };
        set_preference(&stage.installation, &alice(&scene).await.viewer, wanted).await.unwrap();
        let hours = FactValue::HoursOfWeek(vec![8, 9]);
        let seen = Found {
            rule: AuditRule::NobodyAvailable,
            cause: format!("{} hours", stage.sales),
            severity: Severity::Medium,
            about: About::Channel(stage.sales),
            evidence: Evidence::new()
                .with(FactName::Hours, hours)
                .with(FactName::Waited, FactValue::Number(3)),
        };
        stage.found(seen).await;
        stage.clock.set(first_due());
        scene.tick().await;
        let mails = scene.mails().await;
        let table_of = |name: &str| {
            let mut files = mails.iter().filter(|mail| mail.to.name.as_deref() == Some(name));
            files.find_map(|mail| mail.attachment.as_ref()).unwrap().content.clone()
        };
        let (hers, his) = (table_of("Alice"), table_of("Bruno"));
        assert!(hers.contains("Horários: seg. 8–10 h · America/Sao_Paulo (UTC−3)"), "{hers}");
        assert!(his.contains("Horários: seg. 8–10 h") && !his.contains("Sao_Paulo"), "{his}");
    }
}
