//! Access reviews begin, remind and end with the tick of the schedule.

use portaria_domain::access_review::{self, Coverage, NewSchedule, Recurrence, schedule};
use portaria_entity::access_review::ReviewPolicy;
use portaria_testing::databases;

use super::*;

#[tokio::test]
async fn a_review_begins_reminds_and_ends_by_itself_whichever_process_ticks() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let stage = &scene.stage;
        let dora = stage.person("Dora", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let dora = stage.step_up(&dora).await;
        let new = NewSchedule {
            name: "Mensal",
            coverage: Coverage::Everybody,
            reviewers: &[dora.member_id],
            policy: ReviewPolicy::Revoke,
            recurrence: Recurrence::Monthly,
            first_on: None,
            days: 10,
        };
        schedule(&stage.installation, &dora.viewer, new).await.unwrap();
        let other = scene.another_process().await;
        for day in 0..12 {
            stage.clock.set(first_due() + DAY * day);
            let (one, two) = tokio::join!(scene.auditor.tick(), other.tick());
            assert!(one.is_ok() && two.is_ok());
        }
        let reader = stage.installation.database.reader();
        let reviews = access_review::page(reader, &dora.viewer, None, (None, 10)).await.unwrap();
        assert_eq!(reviews.len(), 1, "{}", stage.test_database.name);
        assert!(reviews[0].closed_at.is_some());
        let mails = scene.mails().await;
        let about = |words: &str| {
            let to_dora = mails.iter().filter(|mail| mail.to.name.as_deref() == Some("Dora"));
            to_dora.filter(|mail| mail.subject.contains(words)).count()
        };
        assert_eq!((about("para revisar"), about("Lembrete"), about("revisão de acessos")), (4, 3, 1));
    }
}
