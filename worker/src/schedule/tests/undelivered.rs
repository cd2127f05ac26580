//! Reports that did not arrive, and their news.

use portaria_entity::finding::{self, AuditRule};
use portaria_testing::databases;
use sea_orm::PaginatorTrait;

use super::*;
use crate::mail::{Failure, SendError};

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
