//! Reviews that are called off.

use portaria_domain::access_review::{Form, cancel, cancellable, export};
use portaria_domain::language::Language;
use sea_orm::ConnectionTrait;

use super::*;

#[tokio::test]
async fn what_is_called_off_carries_nothing_out_and_says_so() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let lia = decider(&stage, &ada, "Lia").await;
        let review = begin(&stage, &ada, &[&bia, &lia], Revoke).await.unwrap();
        let item = item_of(&stage, &review, &ana).await;
        say(&stage, &bia, &review, &item, VerdictKind::Revoke).await.unwrap();
        let by = async |who: &Person, reason: &str| {
            cancel(&stage.installation, &who.viewer, review.id, reason).await
        };
        let refusal = async |who: &Person, reason: &str| match by(who, reason).await {
            Err(Error::Refused(refusal)) => refusal,
            other => panic!("{other:?}"),
        };
        assert_eq!(refusal(&lia, "não quero").await, Refusal::HoldsMore);
        assert_eq!(refusal(&ada, " ").await, Refusal::ReasonMissing);
        assert_eq!(refusal(&ada, &"x".repeat(1_001)).await, Refusal::TextTooLong);
        assert!(matches!(by(&ana, "x").await, Err(Error::Forbidden { .. })));
        let tired = stage.sign_in(&ada.email).await;
        assert!(matches!(by(&tired, "x").await, Err(Error::StepUpRequired { .. })));
        let now = stage.clock.now();
        let may = async |who: &Person, review: &Review| {
            cancellable(&stage.installation, &who.viewer, review, now).await
        };
        may(&ada, &review).await.unwrap();
        may(&lia, &review).await.unwrap_err();
        may(&tired, &review).await.unwrap_err();

        let over = by(&ada, "era só um ensaio").await.unwrap();
        assert_eq!((over.closed_at, over.closed_by), (Some(now), Some(ada.member_id)));
        may(&ada, &over).await.unwrap_err();
        assert_eq!(refusal(&ada, "outra vez").await, Refusal::ReviewClosed);
        let late = say(&stage, &bia, &review, &item, VerdictKind::Keep).await;
        assert_eq!(why(late), Refusal::ReviewClosed);
        stage.clock.set(review.ends_at);
        assert_eq!(access_review::close_due(&stage.installation, stage.workspace_id).await.unwrap(), 0);
        for item in all(&stage, &review).await {
            assert_eq!(item.outcome, Some(Outcome::Cancelled), "{}", stage.test_database.name);
            assert!(is_in_force(&stage, &item).await);
        }
        assert_eq!(super::race::deeds(&stage, "access_review.cancelled").await, 1);
        for reader in [&ada, &bia, &lia] {
            let letters = stage.letters_to(&reader.email).await;
            let letter = letters.last().unwrap();
            assert!(letter.subject.contains("revisão de acessos cancelada"), "{}", letter.subject);
            assert!(
                letter.text.contains("Ada cancelou") && !letter.text.contains("ensaio"),
                "{}",
                letter.text
            );
        }
        let ada = back(&stage, &ada).await;
        let document = export(&stage.installation, &ada.viewer, review.id, Form::Json).await.unwrap();
        assert!(
            document.intact && document.content.contains("\"cancelled\":{\"reason\":\"era só um ensaio\"}")
        );
        let page = export(&stage.installation, &ada.viewer, review.id, Form::Printed(Language::English));
        assert!(page.await.unwrap().content.contains("Called off"));
    }
}

#[tokio::test]
async fn what_had_been_carried_out_by_then_stays() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let rui = stage.person("Rui", &[(Agent, Scope::Workspace)]).await;
        let review = begin(&stage, &ada, &[&ada, &bia], Revoke).await.unwrap();
        // As a process leaves it that was killed while it closed it.
        let database = &stage.installation.database;
        let done = item_of(&stage, &review, &ana).await;
        let at: [sea_orm::Value; 2] = [stage.clock.now().0.into(), done.id.0.into()];
        for (sql, values) in [
            ("UPDATE access_reviews SET closing_at = $1", &at[..1]),
            ("UPDATE access_review_items SET outcome = 'revoked', outcome_at = $1 WHERE id = $2", &at[..]),
        ] {
            database.writer().execute_raw(database.statement(sql, values.to_vec())).await.unwrap();
        }
        cancel(&stage.installation, &ada.viewer, review.id, "engano").await.unwrap();
        assert_eq!(item_of(&stage, &review, &ana).await.outcome, Some(Outcome::Revoked));
        assert_eq!(item_of(&stage, &review, &rui).await.outcome, Some(Outcome::Cancelled));
        let letters = stage.letters_to(&bia.email).await;
        assert!(letters.last().unwrap().text.contains("continuam assim: 1 acesso."), "{:?}", letters.last());
    }
}

#[tokio::test]
async fn who_may_only_decide_calls_off_what_they_began_and_nobody_decided_in() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let lia = decider(&stage, &ada, "Lia").await;
        let own = begin(&stage, &lia, &[&ada, &lia], Tell).await.unwrap();
        let anothers = begin(&stage, &ada, &[&ada, &lia], Tell).await.unwrap();
        let now = stage.clock.now();
        let both = async |who: &Person, review: &Review| {
            let may = cancellable(&stage.installation, &who.viewer, review, now).await;
            let outcome = cancel(&stage.installation, &who.viewer, review.id, "engano").await;
            let refusal = |outcome: Result<()>| match outcome {
                Ok(()) => None,
                Err(Error::Refused(refusal)) => Some(refusal),
                Err(error) => panic!("{error:?}"),
            };
            (refusal(may), refusal(outcome.map(|_| ())))
        };
        let (no, own_access) = (Some(Refusal::HoldsMore), Some(Refusal::OwnAccess));
        assert_eq!(both(&lia, &anothers).await, (no, no), "{}", stage.test_database.name);
        let item = item_of(&stage, &own, &ana).await;
        say(&stage, &ada, &own, &item, VerdictKind::Revoke).await.unwrap();
        assert_eq!(both(&lia, &own).await, (no, no), "her colleague has decided");
        say(&stage, &ada, &own, &item, VerdictKind::Keep).await.unwrap();
        assert_eq!(both(&lia, &own).await, (None, None));
        // What is being done to their own access, nobody stops.
        let review = begin(&stage, &ada, &[&ada, &bia], Tell).await.unwrap();
        say(&stage, &bia, &review, &item_of(&stage, &review, &ada).await, VerdictKind::Revoke).await.unwrap();
        let database = &stage.installation.database;
        let sql = "UPDATE access_reviews SET closing_at = $1 WHERE id = $2";
        let values = [now.0.into(), review.id.0.into()];
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        let closing = Review { closing_at: Some(now), ..review.clone() };
        assert_eq!(both(&ada, &closing).await, (own_access, own_access));
        assert_eq!(both(&bia, &closing).await, (None, None));
    }
}
