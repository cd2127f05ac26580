//! Reviews that come again, and reminders.

use portaria_domain::access_review::{
    NewSchedule, Recurrence, end_schedule, page, remind, schedule, schedules, start_due,
};

use sea_orm::ConnectionTrait;

use super::*;

async fn quarterly(
    stage: &Stage,
    by: &Person,
    reviewers: &[MemberId],
) -> portaria_entity::access_review_schedule::Model {
    let new = NewSchedule {
        name: "Trimestre",
        coverage: Coverage::Everybody,
        reviewers,
        policy: Tell,
        recurrence: Recurrence::Quarterly,
        first_on: Some("2026-04-01"),
        days: 14,
    };
    schedule(&stage.installation, &by.viewer, new).await.unwrap()
}

async fn days(stage: &Stage, by: &Person) -> Vec<String> {
    let reader = stage.installation.database.reader();
    let rows = page(reader, &by.viewer, None, (None, 100)).await.unwrap();
    rows.into_iter().rev().filter_map(|row| row.scheduled_for).collect()
}

#[tokio::test]
async fn a_review_comes_again_once_and_the_latest_missed_one_is_made_up() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let of_schedule = quarterly(&stage, &ada, &[ada.member_id]).await;
        let due = async || start_due(&stage.installation, stage.workspace_id).await.unwrap();
        assert_eq!(due().await, 0);
        // 08:00 in São Paulo on the first of April.
        let first = portaria_entity::time::Timestamp::from_secs(1_775_041_200);
        stage.clock.set(first - Duration::from_secs(1));
        assert_eq!(due().await, 0);
        stage.clock.set(first);
        let both = tokio::join!(due(), due());
        assert_eq!(both.0 + both.1, 1, "{}", stage.test_database.name);
        assert_eq!(due().await, 0);
        stage.clock.set(first + DAY * 280);
        assert_eq!((due().await, due().await), (1, 0));
        assert_eq!(days(&stage, &ada).await, ["2026-04-01", "2027-01-01"]);
        let ada = back(&stage, &ada).await;
        end_schedule(&stage.installation, &ada.viewer, of_schedule.id).await.unwrap();
        stage.clock.advance(DAY * 200);
        assert_eq!(due().await, 0);
        let reader = stage.installation.database.reader();
        assert!(schedules(reader, stage.workspace_id).await.unwrap()[0].ended_at.is_some());
    }
}

#[tokio::test]
async fn one_schedule_that_cannot_be_reckoned_keeps_no_other_from_its_review() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let reviewers = [ada.member_id];
        let on = |first_on| NewSchedule {
            name: "Longe",
            coverage: Coverage::Everybody,
            reviewers: &reviewers,
            policy: Tell,
            recurrence: Recurrence::Monthly,
            first_on: Some(first_on),
            days: 5,
        };
        for far in ["9999-12-31", "2036-03-04"] {
            let refused = schedule(&stage.installation, &ada.viewer, on(far)).await.unwrap_err();
            assert!(matches!(refused, Error::Refused(Refusal::InvalidPeriod)), "{far}: {refused:?}");
        }
        let broken = schedule(&stage.installation, &ada.viewer, on("2036-03-02")).await.unwrap();
        let database = &stage.installation.database;
        // As one might stand there from before.
        let sql = "UPDATE access_review_schedules SET first_on = '9999-12-31' WHERE id = $1";
        database.writer().execute_raw(database.statement(sql, [broken.id.0.into()])).await.unwrap();
        quarterly(&stage, &ada, &[ada.member_id]).await;
        stage.clock.set(portaria_entity::time::Timestamp::from_secs(1_775_041_200));
        assert_eq!(start_due(&stage.installation, stage.workspace_id).await.unwrap(), 1);
        assert_eq!(days(&stage, &ada).await, ["2026-04-01"], "{}", stage.test_database.name);
    }
}

#[tokio::test]
async fn who_has_something_left_is_reminded_at_half_time_and_three_days_and_one_before_the_end() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let review = begin(&stage, &ada, &[&ada, &bia], Tell).await.unwrap();
        // Ada has answered everything that she was asked; Bia nothing.
        for item in all(&stage, &review).await.iter().filter(|one| one.reviewer_id == Some(ada.member_id)) {
            say(&stage, &ada, &review, item, VerdictKind::Keep).await.unwrap();
        }
        let remind = async || remind(&stage.installation, stage.workspace_id).await.unwrap();
        let begun = stage.clock.now();
        let mut sent = Vec::new();
        for quarter in 0..44 {
            stage.clock.set(begun + DAY * quarter / 4);
            let both = tokio::join!(remind(), remind());
            if both.0 + both.1 > 0 {
                sent.push((quarter, both.0 + both.1));
            }
        }
        assert_eq!(sent, [(20, 1), (28, 1), (36, 1)], "{}", stage.test_database.name);
        let letters = stage.letters_to(&bia.email).await;
        assert_eq!(letters.iter().filter(|letter| letter.subject.starts_with("Lembrete")).count(), 3);
        assert!(stage.letters_to(&ada.email).await.iter().all(|one| !one.subject.starts_with("Lembrete")));
    }
}

#[tokio::test]
async fn who_may_only_decide_ends_their_own_schedules() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let lia = decider(&stage, &ada, "Lia").await;
        let anothers = quarterly(&stage, &ada, &[ada.member_id]).await;
        let own = quarterly(&stage, &lia, &[ada.member_id]).await;
        let refused = end_schedule(&stage.installation, &lia.viewer, anothers.id).await.unwrap_err();
        assert!(matches!(refused, Error::Refused(Refusal::HoldsMore)), "{refused:?}");
        end_schedule(&stage.installation, &lia.viewer, own.id).await.unwrap();
        // As one that she made while she held more.
        let taking = quarterly(&stage, &lia, &[ada.member_id]).await;
        let database = &stage.installation.database;
        let sql = "UPDATE access_review_schedules SET policy = 'revoke' WHERE id = $1";
        database.writer().execute_raw(database.statement(sql, [taking.id.0.into()])).await.unwrap();
        let refused = end_schedule(&stage.installation, &lia.viewer, taking.id).await.unwrap_err();
        assert!(matches!(refused, Error::Refused(Refusal::HoldsMore)), "{refused:?}");
        end_schedule(&stage.installation, &ada.viewer, taking.id).await.unwrap();
    }
}

#[tokio::test]
async fn only_so_many_reviews_run_at_a_time() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let mut last = None;
        for _ in 0..20 {
            last = Some(begin(&stage, &ada, &[&ada], Tell).await.unwrap());
        }
        let refused = begin(&stage, &ada, &[&ada], Tell).await.unwrap_err();
        assert!(matches!(refused, Error::Refused(Refusal::TooMany)), "{refused:?}");
        let id = last.unwrap().id;
        access_review::cancel(&stage.installation, &ada.viewer, id, "demais").await.unwrap();
        begin(&stage, &ada, &[&ada], Tell).await.unwrap();
    }
}
