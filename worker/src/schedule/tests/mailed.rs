//! What the mail says of real findings.

use portaria_domain::activity::chain;
use portaria_testing::{CountryFile, databases};
use sea_orm::ConnectionTrait;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// Carla's account is guessed during the night; everybody else is well.
async fn guessed(scene: &Scene) -> Person {
    let stage = &scene.stage;
    let carla = stage.person("Dora", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
    let night = first_due() - 5 * 60 * MINUTE;
    for n in 0..12 {
        tries(stage, &carla, night + n * MINUTE, SignInOutcome::WrongPassword).await;
    }
    tries(stage, &carla, night + 12 * MINUTE, SignInOutcome::Succeeded).await;
    carla
}

#[tokio::test]
async fn a_night_with_an_attack_is_told_in_the_readers_language() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let database = &scene.stage.installation.database;
        let english = database.statement("UPDATE users SET locale = 'en-GB' WHERE name = 'Bruno'", []);
        database.writer().execute_raw(english).await.unwrap();
        guessed(&scene).await;
        scene.stage.clock.set(first_due());
        assert_eq!(scene.tick().await, 1);
        let mut mails = scene.mails().await;
        mails.sort_by_key(|mail| mail.to.name.clone());
        // Addresses of the stage's people end in a part of a random id.
        let ending = mails[0].to.address.split_once('@').unwrap().1.to_owned();
        let head = chain::head(&scene.stage.installation, scene.stage.workspace_id).await.unwrap();
        let text = |mail: &OutgoingMail| {
            let mail = format!("{}\n\n{}", mail.subject, mail.text);
            mail.replace(&ending, "padaria.example").replace(&head.digest(), "4:the seal")
        };
        insta::assert_snapshot!("night_alice", text(&mails[0]));
        insta::assert_snapshot!("night_bruno", text(&mails[1]));
        assert!(mails[0].html.contains("Alguém entrou depois de muitas senhas erradas"));
    }
}

#[tokio::test]
async fn the_country_that_somebody_got_in_from_is_named() {
    for test in databases().await {
        let mut stage = Stage::on(test).await;
        stage.installation.countries = CountryFile::new().countries();
        let scene = Scene::on(stage).await;
        guessed(&scene).await;
        scene.stage.clock.set(first_due());
        assert_eq!(scene.tick().await, 1);
        let text = scene.mails().await.remove(0).text;
        assert!(text.contains("203.0.113.66 (Portugal)"), "{text}");
    }
}

#[tokio::test]
async fn the_next_morning_says_what_is_known_already() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        guessed(&scene).await;
        scene.stage.clock.set(first_due());
        let first = scene.auditor.tick().await.unwrap().remove(0);
        assert_eq!((first.outcome.opened, first.outcome.still_open, first.outcome.resolved), (2, 0, 0));
        scene.stage.clock.set(first_due() + DAY);
        let second = scene.auditor.tick().await.unwrap().remove(0);
        assert_eq!((second.outcome.opened, second.outcome.still_open, second.outcome.resolved), (0, 2, 0));
        let mails = scene.mails().await;
        let told = |mail: &OutgoingMail| mail.text.matches("O que fazer").count();
        assert_eq!(mails.iter().map(told).collect::<Vec<_>>(), [2, 2, 0, 0]);
        let second_mail = &mails[3];
        assert!(
            second_mail.subject.ends_with("nada de novo, 2 em aberto, 1 urgente"),
            "{}",
            second_mail.subject
        );
        assert!(second_mail.text.contains("desde ter., 3 de março, 08:00"), "{}", second_mail.text);

        scene.stage.clock.set(first_due() + DAY * 9);
        let last = scene.auditor.tick().await.unwrap().remove(0);
        assert_eq!((last.outcome.opened, last.outcome.still_open, last.outcome.resolved), (0, 0, 2));
        let last = scene.mails().await.remove(5);
        assert!(
            last.text.contains("Nada a relatar") && last.text.contains("== Resolvidos =="),
            "{}",
            last.text
        );
    }
}

#[tokio::test]
async fn nobody_reads_of_another_workspace() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let (other, _, _) = scene.stage.another_workspace().await;
        scene.stage.person_in(other, "Zita", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let dora = guessed(&scene).await;
        scene.stage.clock.set(first_due());
        assert_eq!(scene.tick().await, 2);
        let mails = scene.mails().await;
        let zitas = mails.iter().find(|mail| mail.to.name.as_deref() == Some("Zita")).unwrap();
        assert!(zitas.text.contains("Nada a relatar") && zitas.text.contains("Outra"), "{}", zitas.text);
        assert!(!zitas.html.contains(&dora.email) && !zitas.html.contains("Dora"));
        assert_eq!(mails.len(), 3);
    }
}
