//! What happens between the beginning of a review and its end, and what that means for what was decided.

use portaria_domain::audit::access_change::{AccessChanges, By};
use portaria_domain::grant::{Amendment, Giving};
use portaria_domain::role::grants_of;
use portaria_entity::grant::Model as Grant;
use portaria_entity::time::Timestamp;

use super::*;

pub(super) const MINUTE: Duration = Duration::from_secs(60);

pub(super) async fn held(stage: &Stage, person: &Person) -> Vec<Grant> {
    let reader = stage.installation.database.reader();
    grants_of(reader, stage.workspace_id, &[person.member_id], stage.clock.now()).await.unwrap()
}

async fn row(stage: &Stage, id: GrantId) -> Grant {
    let reader = stage.installation.database.reader();
    let key = (stage.workspace_id, id);
    portaria_entity::grant::Entity::find_by_id(key).one(reader).await.unwrap().unwrap()
}

/// Gives the one grant of somebody another scope and end, by hand.
pub(super) async fn amend(
    stage: &Stage,
    by: &Person,
    whose: &Person,
    (scope, valid_until): (Scope, Option<Timestamp>),
) -> GrantId {
    let id = held(stage, whose).await[0].id;
    let mut change = Change::by(&stage.installation, &by.viewer, &[Permission::RoleAssign]).await.unwrap();
    let amendment = Amendment { scope, valid_from: None, valid_until, reason: "outro alcance" };
    let after = grant::change(&mut change, id, amendment).await.unwrap();
    change.finish().await.unwrap();
    after.id
}

pub(super) async fn give(stage: &Stage, by: &Person, giving: Giving<'_>) -> GrantId {
    let mut change = Change::by(&stage.installation, &by.viewer, &[Permission::RoleAssign]).await.unwrap();
    let given = grant::give(&mut change, giving).await.unwrap();
    change.finish().await.unwrap();
    given.id
}

#[tokio::test]
async fn a_decision_outlives_a_change_of_the_grant_by_hand() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let [ana, rui, eva, leo] = [
            stage.person("Ana", &[(Agent, Scope::Workspace)]).await,
            stage.person("Rui", &[(Agent, Scope::Channel(stage.sales))]).await,
            stage.person("Eva", &[(Agent, Scope::Workspace)]).await,
            stage.person("Leo", &[(Agent, Scope::Workspace)]).await,
        ];
        let month = Some(stage.clock.now() + DAY * 30);
        amend(&stage, &ada, &eva, (Scope::Workspace, month)).await;
        amend(&stage, &ada, &leo, (Scope::Workspace, month)).await;
        stage.clock.advance(MINUTE);
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        let asked = [
            (&ana, VerdictKind::Revoke),
            (&rui, VerdictKind::Revoke),
            (&eva, VerdictKind::Keep),
            (&leo, VerdictKind::Keep),
        ];
        for (person, kind) in asked {
            let item = item_of(&stage, &review, person).await;
            assert_eq!(say(&stage, &ada, &review, &item, kind).await.unwrap().decided.len(), 1);
        }
        stage.clock.advance(MINUTE);
        let narrower = amend(&stage, &ada, &ana, (Scope::Channel(stage.sales), None)).await;
        let wider = amend(&stage, &ada, &rui, (Scope::Workspace, None)).await;
        let longer = amend(&stage, &ada, &eva, (Scope::Workspace, None)).await;
        let shorter = amend(&stage, &ada, &leo, (Scope::Workspace, Some(stage.clock.now() + DAY * 20))).await;
        // Who looks at it now decides about what is there now.
        let again = item_of(&stage, &review, &ana).await;
        assert_eq!(say(&stage, &ada, &review, &again, VerdictKind::Revoke).await.unwrap().decided.len(), 1);
        come_to_its_end(&stage, &review).await;
        let mut came = Vec::new();
        for person in [&ana, &rui, &eva, &leo] {
            let item = item_of(&stage, &review, person).await;
            came.push((item.outcome.unwrap(), item.successor_id.unwrap()));
        }
        let expected = [
            (Outcome::Revoked, narrower),
            (Outcome::Replaced, wider),
            (Outcome::Replaced, longer),
            (Outcome::Kept, shorter),
        ];
        assert_eq!(came, expected, "{}", stage.test_database.name);
        assert!(held(&stage, &ana).await.is_empty(), "what was decided holds for what came after");
        assert_eq!(held(&stage, &rui).await[0].id, wider, "nobody has decided about more");
        let letters = stage.letters_to(&ada.email).await;
        let letter = letters.last().unwrap();
        assert!(
            letter.subject.contains("3 em aberto") && letter.text.contains("Trocados"),
            "{}",
            letter.text
        );
        let ada = back(&stage, &ada).await;
        let document =
            access_review::export(&stage.installation, &ada.viewer, review.id, access_review::Form::Json);
        let document = document.await.unwrap();
        assert!(document.intact && document.content.contains(&format!("\"replacedBy\":\"{wider}\"")));
    }
}

#[tokio::test]
async fn who_keeps_what_they_see_to_last_longer_keeps_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let eva = stage.person("Eva", &[(Agent, Scope::Workspace)]).await;
        let in_days = |days: u32| Some(stage.clock.now() + DAY * days);
        amend(&stage, &ada, &eva, (Scope::Workspace, in_days(30))).await;
        stage.clock.advance(MINUTE);
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        let keep = async || {
            let item = item_of(&stage, &review, &eva).await;
            say(&stage, &ada, &review, &item, VerdictKind::Keep).await.unwrap()
        };
        keep().await;
        stage.clock.advance(MINUTE);
        let longer = amend(&stage, &ada, &eva, (Scope::Workspace, in_days(60))).await;
        assert_eq!(keep().await.decided[0].successor_id, Some(longer));
        come_to_its_end(&stage, &review).await;
        let item = item_of(&stage, &review, &eva).await;
        let name = &stage.test_database.name;
        assert_eq!((item.outcome, item.successor_id), (Some(Outcome::Kept), Some(longer)), "{name}");
    }
}

#[tokio::test]
async fn the_report_names_who_decided_what_a_review_did() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let sales = Scope::Channel(stage.sales);
        let rui = stage.person("Rui", &[(Agent, Scope::Workspace), (Agent, sales)]).await;
        let review = begin(&stage, &ada, &[&bia], Revoke).await.unwrap();
        let items = all(&stage, &review).await;
        let mut of_rui = items.iter().filter(|item| item.member_id == Some(rui.member_id));
        say(&stage, &bia, &review, of_rui.next().unwrap(), VerdictKind::Revoke).await.unwrap();
        // Who has left by then has not decided in vain, and is named.
        let mut change = Change::by(&stage.installation, &ada.viewer, &[]).await.unwrap();
        grant::revoke(&mut change, held(&stage, &bia).await[0].id, "saiu").await.unwrap();
        change.finish().await.unwrap();
        let before = stage.clock.now() + DAY;
        come_to_its_end(&stage, &review).await;
        let database = &stage.installation.database;
        let stretch = (before, stage.clock.now() + DAY);
        let changes = AccessChanges::between(database.reader(), database, stage.workspace_id, stretch).await;
        let changes = changes.unwrap().listed;
        let revoked: Vec<_> = changes
            .iter()
            .filter(|change| change.action.key == "grant.revoked" && change.whom == Some(rui.member_id))
            .map(|change| change.by)
            .collect();
        assert_eq!(revoked, [By::Member(bia.member_id)], "{}", stage.test_database.name);
    }
}

#[tokio::test]
async fn what_reaches_elsewhere_by_now_is_not_decided_as_what_it_was() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let ana = stage.person("Ana", &[(Agent, Scope::Channel(stage.sales))]).await;
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        stage.clock.advance(MINUTE);
        let wider = amend(&stage, &ada, &ana, (Scope::Workspace, None)).await;
        let item = item_of(&stage, &review, &ana).await;
        assert_eq!(why(say(&stage, &ada, &review, &item, VerdictKind::Keep).await), Refusal::AlreadyEnded);
        let item = item_of(&stage, &review, &ana).await;
        assert_eq!((item.outcome, item.successor_id), (Some(Outcome::Replaced), Some(wider)));
    }
}

#[tokio::test]
async fn what_no_reviewer_can_answer_for_any_more_stays() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let review = begin(&stage, &ada, &[&bia], Revoke).await.unwrap();
        assert_eq!(item_of(&stage, &review, &ana).await.reviewer_id, Some(bia.member_id));
        let mut change = Change::by(&stage.installation, &ada.viewer, &[]).await.unwrap();
        grant::revoke(&mut change, held(&stage, &bia).await[0].id, "saiu").await.unwrap();
        change.finish().await.unwrap();
        for _ in 0..2 {
            access_review::remind(&stage.installation, stage.workspace_id).await.unwrap();
        }
        let letters = stage.letters_to(&ada.email).await;
        let told = letters.iter().filter(|letter| letter.subject.contains("ninguém pode mais responder"));
        assert_eq!(told.count(), 1, "{}", stage.test_database.name);
        come_to_its_end(&stage, &review).await;
        for person in [&ana, &ada] {
            let item = item_of(&stage, &review, person).await;
            assert_eq!(item.outcome, Some(Outcome::Unanswered), "{}", person.email);
            assert!(item.evidence.is_some() && is_in_force(&stage, &item).await);
        }
        assert_eq!(item_of(&stage, &review, &bia).await.outcome, Some(Outcome::EndedMeanwhile));
    }
}

#[tokio::test]
async fn silence_takes_away_after_a_day_at_the_earliest_and_administrators_are_told_before() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ada, bia, caio] =
            [admin(&stage, "Ada").await, admin(&stage, "Bia").await, admin(&stage, "Caio").await];
        let reviewers = [bia.member_id];
        let new = |hours: u32, policy| NewReview {
            name: "Hoje",
            coverage: Coverage::Everybody,
            reviewers: &reviewers,
            ends_at: stage.clock.now() + DAY * hours / 24,
            policy,
        };
        let hasty = start(&stage.installation, &ada.viewer, new(23, Revoke)).await.unwrap_err();
        assert!(matches!(hasty, Error::Refused(Refusal::InvalidPeriod)), "{hasty:?}");
        start(&stage.installation, &ada.viewer, new(1, Tell)).await.unwrap();
        start(&stage.installation, &ada.viewer, new(24, Revoke)).await.unwrap();
        for (person, announced) in [(&caio, 1), (&bia, 0)] {
            let letters = stage.letters_to(&person.email).await;
            let told = letters.iter().filter(|letter| letter.subject.contains("sem resposta será retirado"));
            assert_eq!(told.count(), announced, "{}", person.email);
        }
    }
}

#[tokio::test]
async fn a_change_ends_after_the_review_or_takes_away() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        let item = item_of(&stage, &review, &ana).await;
        let role_id = built_in(&stage, Agent).await;
        let until = |valid_until| {
            VerdictKind::Change(Terms { role_id, scope: Scope::Workspace, valid_until: Some(valid_until) })
        };
        for early in [review.ends_at - DAY, review.ends_at] {
            assert_eq!(why(say(&stage, &ada, &review, &item, until(early)).await), Refusal::InvalidPeriod);
        }
        let outcome = say(&stage, &ada, &review, &item, until(review.ends_at + DAY)).await.unwrap();
        assert_eq!(outcome.decided.len(), 1);
        // Nothing ran for a while.
        stage.clock.set(review.ends_at + DAY * 2);
        assert_eq!(access_review::close_due(&stage.installation, stage.workspace_id).await.unwrap(), 1);
        let item = item_of(&stage, &review, &ana).await;
        assert_eq!(item.outcome, Some(Outcome::Revoked), "{}", stage.test_database.name);
        assert!(held(&stage, &ana).await.is_empty());
    }
}

#[tokio::test]
async fn what_is_to_begin_later_still_does_when_it_is_changed() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let ana = stage.person("Ana", &[]).await;
        let (agent, support) = (built_in(&stage, Agent).await, built_in(&stage, Support).await);
        let later = stage.clock.now() + DAY * 60;
        for scope in [Scope::Channel(stage.sales), Scope::Channel(stage.support)] {
            let (member_id, valid_from) = (ana.member_id, Some(later));
            let giving =
                Giving { member_id, role_id: agent, scope, valid_from, valid_until: None, reason: "volta" };
            give(&stage, &ada, giving).await;
        }
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        let items: Vec<Item> = all(&stage, &review).await;
        let items: Vec<&Item> = items.iter().filter(|item| item.member_id == Some(ana.member_id)).collect();
        for (item, role_id) in items.iter().zip([agent, support]) {
            let terms = Terms { role_id, scope: Scope::Channel(stage.sales), valid_until: None };
            say(&stage, &ada, &review, item, VerdictKind::Change(terms)).await.unwrap();
        }
        come_to_its_end(&stage, &review).await;
        let reader = stage.installation.database.reader();
        let rows = portaria_entity::grant::Entity::find().all(reader).await.unwrap();
        let open: Vec<Grant> = rows
            .into_iter()
            .filter(|row| row.member_id == ana.member_id && row.closed_at.is_none())
            .collect();
        assert_eq!(open.len(), 2);
        assert!(open.iter().all(|row| row.valid_from == later), "{open:?}");
    }
}

#[tokio::test]
async fn who_may_give_no_roles_any_more_changes_none() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let rui = stage.person("Rui", &[(Agent, Scope::Workspace)]).await;
        let review = begin(&stage, &ada, &[&ada, &bia], Tell).await.unwrap();
        let item = item_of(&stage, &review, &rui).await;
        let terms = Terms {
            role_id: built_in(&stage, Agent).await,
            scope: Scope::Channel(stage.sales),
            valid_until: None,
        };
        say(&stage, &bia, &review, &item, VerdictKind::Change(terms)).await.unwrap();
        // She holds all that it takes still, but not the giving.
        let mut change = Change::by(&stage.installation, &ada.viewer, &[]).await.unwrap();
        let decides = PermissionSet::of(&[Permission::AccessReviewDecide]);
        let permissions = PermissionSet::of_role(Agent).union(decides);
        let new = NewRole { name: "Revisora", description: "", permissions };
        let reviewer = role::create(&mut change, new).await.unwrap().role.id;
        grant::revoke(&mut change, held(&stage, &bia).await[0].id, "muda").await.unwrap();
        let giving = Giving {
            member_id: bia.member_id,
            role_id: reviewer,
            scope: Scope::Workspace,
            valid_from: None,
            valid_until: None,
            reason: "revisa",
        };
        grant::give(&mut change, giving).await.unwrap();
        change.finish().await.unwrap();
        come_to_its_end(&stage, &review).await;
        let item = item_of(&stage, &review, &rui).await;
        assert_eq!(item.outcome, Some(Outcome::Refused), "{}", stage.test_database.name);
        assert_eq!(row(&stage, GrantId(item.title_id.unwrap())).await.closed_at, None);
    }
}

#[tokio::test]
async fn a_large_review_ends_in_several_goes() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        for number in 0..8 {
            stage.person(&format!("Agente{number}"), &[(Agent, Scope::Workspace)]).await;
        }
        let review = begin(&stage, &ada, &[&ada, &bia], Revoke).await.unwrap();
        stage.clock.set(review.ends_at);
        // Time flies: of each go there is none left after the first that it does.
        let clock = stage.clock.clone();
        let flying = tokio::spawn(async move {
            loop {
                clock.advance(MINUTE);
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        });
        let mut goes = 0;
        while access_review::close_due(&stage.installation, stage.workspace_id).await.unwrap() == 0 {
            goes += 1;
            assert!(goes < 100, "each does something");
        }
        flying.abort();
        assert!(goes > 2, "{goes} on {}", stage.test_database.name);
        let revoked =
            all(&stage, &review).await.iter().filter(|item| item.outcome == Some(Outcome::Revoked)).count();
        assert!(revoked >= 8, "{revoked}");
    }
}
