//! Reviewers who may decide no more, and who is asked instead.

use portaria_domain::access_review::{ItemFilter, remind};
use portaria_domain::member;

use super::*;

async fn suspend(stage: &Stage, by: &Person, whom: &Person) {
    let mut change = Change::by(&stage.installation, &by.viewer, &[]).await.unwrap();
    member::suspend(&mut change, whom.member_id).await.unwrap();
    change.finish().await.unwrap();
}

async fn asked_of(stage: &Stage, review: &Review, person: &Person) -> Vec<Item> {
    let reader = stage.installation.database.reader();
    let filter = ItemFilter { reviewer: Some(person.member_id), ..ItemFilter::default() };
    items(reader, review, filter, (None, 100)).await.unwrap()
}

async fn letters(stage: &Stage, person: &Person, about: &str) -> usize {
    let letters = stage.letters_to(&person.email).await;
    letters.iter().filter(|letter| letter.subject.contains(about)).count()
}

#[tokio::test]
async fn what_somebody_was_asked_who_is_gone_is_asked_of_another() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        for name in ["Ana", "Rui", "Eva", "Leo"] {
            stage.person(name, &[(Agent, Scope::Workspace)]).await;
        }
        let review = begin(&stage, &ada, &[&ada, &bia], Revoke).await.unwrap();
        let of_bia = asked_of(&stage, &review, &bia).await;
        assert_eq!(of_bia.len(), 3, "two agents and Ada");
        let of_ada = of_bia.iter().find(|item| item.member_id == Some(ada.member_id)).unwrap();
        // What she has decided stays hers.
        let decided = of_bia.iter().find(|item| item.id != of_ada.id).unwrap();
        say(&stage, &bia, &review, decided, VerdictKind::Keep).await.unwrap();
        let remind = async || remind(&stage.installation, stage.workspace_id).await.unwrap();
        assert_eq!(remind().await, 0);
        suspend(&stage, &ada, &bia).await;
        let both = tokio::join!(remind(), remind());
        assert_eq!((both.0 + both.1, remind().await), (1, 0), "{}", stage.test_database.name);
        assert_eq!(letters(&stage, &ada, "mais 1 acesso para revisar").await, 1);
        assert_eq!(letters(&stage, &ada, "1 acesso sem quem possa revisar").await, 1, "about herself");
        assert_eq!(super::race::deeds(&stage, "access_review.handed_over").await, 1);
        let left = asked_of(&stage, &review, &bia).await;
        assert_eq!(left.iter().map(|item| item.id).collect::<Vec<_>>(), [decided.id]);
        come_to_its_end(&stage, &review).await;
        let came = all(&stage, &review).await;
        let outcome = |of: &Item| came.iter().find(|item| item.id == of.id).unwrap().outcome;
        let handed = of_bia.iter().find(|item| item.id != of_ada.id && item.id != decided.id).unwrap();
        assert_eq!(outcome(decided), Some(Outcome::Kept));
        assert_eq!(outcome(handed), Some(Outcome::Revoked), "Ada was asked, and silent");
        assert_eq!(outcome(of_ada), Some(Outcome::Unanswered));
    }
}

#[tokio::test]
async fn what_only_somebody_was_asked_who_is_gone_at_the_end_stays() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        for name in ["Ana", "Rui"] {
            stage.person(name, &[(Agent, Scope::Workspace)]).await;
        }
        let review = begin(&stage, &ada, &[&ada, &bia], Revoke).await.unwrap();
        // Too late for anybody else to be blamed for silence.
        stage.clock.set(review.ends_at - DAY / 2);
        let ada = back(&stage, &ada).await;
        suspend(&stage, &ada, &bia).await;
        remind(&stage.installation, stage.workspace_id).await.unwrap();
        assert_eq!(letters(&stage, &ada, "mais ").await, 0);
        let of_bia = asked_of(&stage, &review, &bia).await;
        assert_eq!(of_bia.len(), 2, "an agent and Ada");
        come_to_its_end(&stage, &review).await;
        for item in asked_of(&stage, &review, &bia).await {
            assert_eq!(item.outcome, Some(Outcome::Unanswered), "{}", stage.test_database.name);
            assert!(is_in_force(&stage, &item).await && item.evidence.is_some());
        }
        let revoked =
            all(&stage, &review).await.iter().filter(|item| item.outcome == Some(Outcome::Revoked)).count();
        assert_eq!(revoked, 2, "what Ada was asked: the other agent, and Bia");
    }
}
