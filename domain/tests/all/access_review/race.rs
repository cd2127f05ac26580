//! Two at once.

use portaria_domain::Installation;
use portaria_domain::access_review::{close, close_due};
use portaria_domain::activity::{ActivityFilter, page};
use portaria_domain::database::Database;
use portaria_domain::sealing::KeyRing;

use super::*;

/// Another process over the same database.
async fn another_process(stage: &Stage) -> Installation {
    let database = Database::connect(&stage.test_database.options).await.unwrap();
    Installation::new(database, stage.clock.clone(), KeyRing::ephemeral().unwrap(), "http://portaria.test")
}

pub(super) async fn deeds(stage: &Stage, action: &str) -> usize {
    let filter = ActivityFilter { action: Some(action.to_owned()), ..ActivityFilter::default() };
    let reader = stage.installation.database.reader();
    page(reader, stage.workspace_id, &filter, None, 1_000).await.unwrap().len()
}

#[tokio::test]
async fn who_decides_otherwise_than_another_has_seen_what_they_decided() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let review = begin(&stage, &ada, &[&ada, &bia], Tell).await.unwrap();
        let item = item_of(&stage, &review, &ana).await;
        let both = tokio::join!(
            say(&stage, &ada, &review, &item, VerdictKind::Keep),
            say(&stage, &bia, &review, &item, VerdictKind::Revoke)
        );
        let decided = [both.0.unwrap(), both.1.unwrap()];
        let count: usize = decided.iter().map(|one| one.decided.len()).sum();
        assert_eq!(count, 1, "{decided:?}");
        let refused = decided.iter().flat_map(|one| &one.refused).next().unwrap();
        assert_eq!(refused.1, Refusal::ChangedMeanwhile);
        let now = item_of(&stage, &review, &ana).await;
        let other = if now.decided_by == Some(ada.member_id) { &bia } else { &ada };
        let seen = Verdict { replaces: now.decided_at, ..verdict(&now, VerdictKind::Revoke) };
        let outcome = decide(&stage.installation, &other.viewer, review.id, &[seen]).await.unwrap();
        assert_eq!(outcome.decided[0].decided_by, Some(other.member_id));
    }
}

#[tokio::test]
async fn what_has_ended_meanwhile_is_not_decided_and_says_so() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let [ana, rui] = [
            stage.person("Ana", &[(Agent, Scope::Workspace)]).await,
            stage.person("Rui", &[(Agent, Scope::Workspace)]).await,
        ];
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        let items = [item_of(&stage, &review, &ana).await, item_of(&stage, &review, &rui).await];
        say(&stage, &ada, &review, &items[1], VerdictKind::Revoke).await.unwrap();
        for item in &items {
            let mut change = Change::by(&stage.installation, &ada.viewer, &[]).await.unwrap();
            grant::revoke(&mut change, GrantId(item.title_id.unwrap()), "urgente").await.unwrap();
            change.finish().await.unwrap();
        }
        assert_eq!(
            why(say(&stage, &ada, &review, &items[0], VerdictKind::Keep).await),
            Refusal::AlreadyEnded
        );
        assert_eq!(item_of(&stage, &review, &ana).await.outcome, Some(Outcome::EndedMeanwhile));
        assert_eq!(
            why(say(&stage, &ada, &review, &items[0], VerdictKind::Keep).await),
            Refusal::AlreadyEnded
        );
        come_to_its_end(&stage, &review).await;
        let rui = item_of(&stage, &review, &rui).await;
        assert_eq!(rui.outcome, Some(Outcome::EndedMeanwhile));
        assert!(rui.decision.is_some(), "what was decided stays on record");
    }
}

#[tokio::test]
async fn of_two_processes_that_end_a_review_one_does() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        for name in ["Ana", "Rui", "Eva"] {
            stage.person(name, &[(Agent, Scope::Workspace)]).await;
        }
        let review = begin(&stage, &ada, &[&bia], Revoke).await.unwrap();
        stage.clock.set(review.ends_at);
        let other = another_process(&stage).await;
        let closed = tokio::join!(
            close_due(&stage.installation, stage.workspace_id),
            close_due(&other, stage.workspace_id)
        );
        assert_eq!(closed.0.unwrap() + closed.1.unwrap(), 1, "{}", stage.test_database.name);
        assert_eq!(deeds(&stage, "access_review.closed").await, 1);
        assert_eq!(deeds(&stage, "grant.revoked").await, 4, "three agents and Ada, each once");
        let letters = stage.letters_to(&bia.email).await;
        assert_eq!(letters.iter().filter(|letter| letter.subject.contains("revisão de acessos")).count(), 1);
    }
}

#[tokio::test]
async fn what_is_decided_while_it_ends_is_carried_out_or_refused() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        let item = item_of(&stage, &review, &ana).await;
        assert!(matches!(
            close(&stage.installation, &ada.viewer, review.id).await,
            Err(Error::Refused(Refusal::Unanswered))
        ));
        say(&stage, &ada, &review, &item, VerdictKind::Keep).await.unwrap();
        let other = another_process(&stage).await;
        let (decided, closed) = tokio::join!(
            say(&stage, &ada, &review, &item, VerdictKind::Revoke),
            close(&other, &ada.viewer, review.id)
        );
        assert!(closed.unwrap().closed_at.is_some());
        let outcome = item_of(&stage, &review, &ana).await.outcome;
        match decided {
            Ok(decisions) if decisions.decided.len() == 1 => assert_eq!(outcome, Some(Outcome::Revoked)),
            refused => {
                let refused = why(refused);
                assert!(matches!(refused, Refusal::ReviewClosed | Refusal::AlreadyEnded), "{refused:?}");
                assert_eq!(outcome, Some(Outcome::Kept));
            }
        }
    }
}
