//! Administrators are told once, together, not too often, and at night only of what cannot wait.

use portaria_domain::alert::settle;
use portaria_domain::notice;
use portaria_entity::alert;
use portaria_entity::finding::FindingStatus;
use portaria_testing::databases;
use sea_orm::{ConnectionTrait, TransactionTrait};

use super::*;

async fn swept(scene: &Scene) {
    Sweeper::new().unwrap().sweep(&scene.stage.installation).await.unwrap();
}

#[tokio::test]
async fn all_that_is_new_is_one_mail_in_the_readers_language() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let ana = scene.stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        scene.stage.clock.advance(3 * HOUR);
        for _ in 0..3 {
            scene.raise(AlertKind::DeliveryDead, AlertSeverity::Warning, "whd").await;
        }
        scene.raise(AlertKind::AccountRestricted, AlertSeverity::Critical, "waba").await;
        scene.is_guessed(&ana).await;
        swept(&scene).await;
        assert_eq!(scene.alerting.tell().await.unwrap(), 2);
        assert_eq!(scene.alerting.tell().await.unwrap(), 0);
        let (adas, bobs) = (scene.mails_to(&scene.ada).await, scene.mails_to(&scene.bob).await);
        assert_eq!((adas.len(), bobs.len(), scene.mails_to(&ana).await.len()), (1, 1, 0));
        assert!(bobs[0].text.contains("Someone got in after many wrong passwords"), "{}", bobs[0].text);
        let text = format!("{}\n\n{}", adas[0].subject, adas[0].text);
        let ending = adas[0].to.address.split_once('@').unwrap().1;
        insta::assert_snapshot!("mail", text.replace(ending, "padaria.example"));
        for told in ["Alguém entrou depois de muitas senhas erradas", "no room", "padaria", "Vezes"] {
            assert!(adas[0].html.to_lowercase().contains(&told.to_lowercase()), "{told}");
        }
        if let Ok(folder) = std::env::var("PORTARIA_TEST_PICTURES") {
            std::fs::write(format!("{folder}/alert.html"), &adas[0].html).unwrap();
        }
        assert!(scene.findings().await.iter().all(|row| row.alerted_at == Some(scene.stage.clock.now())));
    }
}

#[tokio::test]
async fn what_comes_back_within_the_hour_is_the_same_and_not_told_again() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let (database, clock) = (&scene.stage.installation.database, &scene.stage.clock);
        let key = (scene.stage.workspace_id, AlertKind::DeliveryDead, "whd");
        let mut told = Vec::new();
        for pause in [Duration::ZERO, MINUTE, HOUR + MINUTE] {
            settle(database.writer(), (database, clock), key).await.unwrap();
            clock.advance(pause);
            scene.raise(AlertKind::DeliveryDead, AlertSeverity::Warning, "whd").await;
            told.push(scene.alerting.tell().await.unwrap());
        }
        assert_eq!(told, [2, 0, 2]);
        let rows = alert::Entity::find().all(database.reader()).await.unwrap();
        assert_eq!(rows.len(), 2);
    }
}

#[tokio::test]
async fn at_night_only_what_is_critical_is_told_and_the_rest_in_the_morning() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        // 23:00 in São Paulo.
        scene.stage.clock.advance(14 * HOUR);
        scene.raise(AlertKind::DeliveryDead, AlertSeverity::Warning, "whd").await;
        assert_eq!(scene.alerting.tell().await.unwrap(), 0);
        scene.raise(AlertKind::AccountRestricted, AlertSeverity::Critical, "waba").await;
        assert_eq!(scene.alerting.tell().await.unwrap(), 2);
        // One that is over by the morning is not told at all.
        scene.raise(AlertKind::DeliveriesLagging, AlertSeverity::Warning, "x").await;
        let (database, clock) = (&scene.stage.installation.database, &scene.stage.clock);
        let key = (scene.stage.workspace_id, AlertKind::DeliveriesLagging, "x");
        settle(database.writer(), (database, clock), key).await.unwrap();
        clock.advance(8 * HOUR - MINUTE);
        assert_eq!(scene.alerting.tell().await.unwrap(), 0);
        clock.advance(MINUTE);
        assert_eq!(scene.alerting.tell().await.unwrap(), 2);
        let mails = scene.mails_to(&scene.ada).await;
        assert_eq!(mails.len(), 2);
        assert!(!mails[0].text.contains("no room") && mails[1].text.contains("no room"));
        assert!(!mails[1].subject.contains("(+"), "{}", mails[1].subject);
        assert!(notice::workspaces(&scene.stage.installation).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_thousand_at_once_are_a_few_mails_and_none_is_lost() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        scene.stage.clock.advance(HOUR);
        let mut mails = Vec::new();
        for second in 0..50 {
            for n in 0..20 {
                let cause = format!("{second}-{n}");
                scene.raise(AlertKind::DeliveryDead, AlertSeverity::Warning, &cause).await;
            }
            scene.stage.clock.advance(Duration::from_secs(1));
            mails.push(scene.alerting.tell().await.unwrap());
        }
        assert_eq!(mails.iter().sum::<usize>(), 12, "six to each of the two");
        // Noise does not keep back what is critical.
        scene.raise(AlertKind::AccountRestricted, AlertSeverity::Critical, "waba").await;
        assert_eq!(scene.alerting.tell().await.unwrap(), 2);
        scene.stage.clock.advance(HOUR);
        assert_eq!(scene.alerting.tell().await.unwrap(), 0, "the rest came with it");
        let sent = scene.mails_to(&scene.ada).await;
        assert_eq!(sent.len(), 7);
        let last = sent.last().unwrap();
        assert!(last.subject.ends_with("(+880)"), "{}", last.subject);
        assert!(last.html.len() < 100_000, "{}", last.html.len());
        let find = alert::Entity::find().filter(alert::Column::MailedAt.is_null());
        assert!(find.one(scene.stage.installation.database.reader()).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn who_makes_noise_keeps_back_what_is_grave_for_minutes_only() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let clock = &scene.stage.clock;
        clock.advance(HOUR);
        let mut told = Vec::new();
        for n in 0..8 {
            scene.raise(AlertKind::AccountRestricted, AlertSeverity::Critical, &n.to_string()).await;
            clock.advance(Duration::from_secs(5));
            told.push(scene.alerting.tell().await.unwrap());
        }
        assert_eq!(told, [2, 2, 2, 2, 2, 2, 0, 0]);
        // What is high is told by a budget of its own, and takes along what waits.
        scene.is_guessed(&scene.bob).await;
        swept(&scene).await;
        let database = &scene.stage.installation.database;
        let high = database.statement("UPDATE findings SET severity = 'high'", []);
        database.writer().execute_raw(high).await.unwrap();
        assert_eq!(scene.alerting.tell().await.unwrap(), 2);
        assert!(notice::workspaces(&scene.stage.installation).await.unwrap().is_empty());
        // Of more that is critical there is one notice each five minutes.
        for n in 0..3 {
            scene.raise(AlertKind::AccountRestricted, AlertSeverity::Critical, &format!("late {n}")).await;
            clock.advance(4 * MINUTE);
            assert_eq!(scene.alerting.tell().await.unwrap(), 0);
            scene.raise(AlertKind::AccountRestricted, AlertSeverity::Critical, &format!("later {n}")).await;
            clock.advance(MINUTE);
            assert_eq!(scene.alerting.tell().await.unwrap(), 2);
        }
        // What can wait has to.
        for n in 0..7 {
            scene.raise(AlertKind::DeliveryDead, AlertSeverity::Warning, &n.to_string()).await;
            let told = scene.alerting.tell().await.unwrap();
            assert_eq!(told, if n < 6 { 2 } else { 0 }, "{n}");
        }
        clock.advance(6 * MINUTE);
        assert_eq!(scene.alerting.tell().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn many_harmful_files_on_one_number_are_told_once_and_again_after_an_hour() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let sales = scene.stage.sales.to_string();
        let mut told = Vec::new();
        for pause in [Duration::ZERO, MINUTE, MINUTE, HOUR] {
            scene.stage.clock.advance(pause);
            scene.raise(AlertKind::FileInfected, AlertSeverity::Warning, &sales).await;
            told.push(scene.alerting.tell().await.unwrap());
        }
        assert_eq!(told, [2, 0, 0, 2]);
    }
}

#[tokio::test]
async fn two_processes_tell_once_and_one_that_dies_tells_nothing_by_half() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let other = scene.another_process().await;
        scene.stage.clock.advance(HOUR);
        scene.is_guessed(&scene.bob).await;
        swept(&scene).await;
        // Killed after it has written down that it was told, and before the mails were there.
        let installation = &scene.stage.installation;
        let workspace =
            portaria_domain::workspace::find(installation.database.reader(), scene.stage.workspace_id)
                .await
                .unwrap();
        let waiting =
            notice::waiting(installation.database.reader(), installation, &workspace).await.unwrap();
        assert_eq!(waiting.len(), 1);
        let killed = installation.database.writer().begin().await.unwrap();
        notice::note(&killed, installation, (workspace.id, &waiting)).await.unwrap();
        killed.rollback().await.unwrap();

        let (one, two) = tokio::join!(scene.alerting.tell(), other.tell());
        assert_eq!(one.unwrap() + two.unwrap(), 2);
        assert_eq!(scene.mails_to(&scene.ada).await.len(), 1);
    }
}

#[tokio::test]
async fn what_somebody_has_seen_to_is_not_told() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        scene.stage.clock.advance(HOUR);
        scene.is_guessed(&scene.bob).await;
        swept(&scene).await;
        let row = scene.findings().await.remove(0);
        let seen = finding::ActiveModel {
            workspace_id: Set(row.workspace_id),
            id: Set(row.id),
            status: Set(FindingStatus::Resolved),
            ..finding::ActiveModel::default()
        };
        finding::Entity::update(seen).exec(scene.stage.installation.database.writer()).await.unwrap();
        assert_eq!(scene.alerting.tell().await.unwrap(), 0);
        assert!(notice::workspaces(&scene.stage.installation).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn no_name_adds_an_element_or_a_link_to_an_alert() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        scene.stage.clock.advance(HOUR);
        scene.is_called(&scene.bob, "<a href='https://evil.example'>x</a>\r\nhttps://evil.example").await;
        let database = &scene.stage.installation.database;
        let sql = "UPDATE workspaces SET front_end_url = 'https://chat.example.com' WHERE id = $1";
        let values = [scene.stage.workspace_id.0.into()];
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        scene.is_guessed(&scene.bob).await;
        swept(&scene).await;
        scene.alerting.tell().await.unwrap();
        let mail = scene.mails_to(&scene.ada).await.remove(0);
        assert!(!mail.html.contains("evil.example") && !mail.text.contains("evil.example"), "{}", mail.text);
        let links: Vec<&str> = mail.html.match_indices("href=\"").map(|(at, _)| &mail.html[at..]).collect();
        let id = scene.findings().await[0].id;
        let expected = format!("href=\"https://chat.example.com/findings/{id}\"");
        assert!(!links.is_empty() && links.iter().all(|link| link.starts_with(&expected)), "{links:?}");
    }
}

#[tokio::test]
async fn everybody_who_is_told_of_has_a_name() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let mut people = Vec::new();
        for n in 0..10_u32 {
            people.push((n, scene.stage.person(&format!("Pessoa{n}"), &[]).await));
        }
        scene.stage.clock.advance(2 * HOUR);
        let now = scene.stage.clock.now();
        for (n, person) in &people {
            // The later, the more often: the last are listed first.
            for back in 1..=6 + n {
                scene.tries(person, now - back * Duration::from_secs(20), SignInOutcome::WrongPassword).await;
            }
            scene.tries(person, now, SignInOutcome::Succeeded).await;
        }
        swept(&scene).await;
        scene.alerting.tell().await.unwrap();
        let mail = scene.mails_to(&scene.ada).await.remove(0);
        for n in 4..10 {
            assert!(mail.text.contains(&format!("* Pessoa{n}")), "{}", mail.text);
        }
    }
}

#[tokio::test]
async fn who_is_told_at_once_keeps_nobody_from_writing_into_the_workspace() {
    for test in databases().await {
        if test.database.is_sqlite() {
            continue;
        }
        let scene = Scene::on(test).await;
        let transaction = scene.stage.installation.database.begin().await.unwrap();
        notice::take_turn(&transaction, scene.stage.workspace_id).await.unwrap();
        let raised = scene.raise(AlertKind::DeliveryDead, AlertSeverity::Warning, "whd");
        tokio::time::timeout(Duration::from_secs(5), raised).await.expect("it only refers to the workspace");
        transaction.commit().await.unwrap();
    }
}
