//! Access reviews: who is asked about what, what comes of an answer and of none, and that each thing happens once.

mod cancelling;
mod document;
mod handing_over;
mod lineage;
mod meanwhile;
mod race;
mod schedule;

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::access_review::{
    self, Coverage, Decisions, ItemFilter, NewReview, Snapshot, Terms, Verdict, VerdictKind, decide, items,
    start,
};
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::granting::Change;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::role::{self, NewRole};
use portaria_domain::{grant, permission_use, team};
use portaria_entity::access_review::{Model as Review, ReviewPolicy};
use portaria_entity::access_review_item::{ItemKind, Model as Item, Outcome};
use portaria_entity::id::{GrantId, MemberId, RoleId};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use sea_orm::EntityTrait;

use BuiltInRole::{Administrator, Agent, Support};
use ReviewPolicy::{Revoke, Tell};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn admin(stage: &Stage, name: &str) -> Person {
    let person = stage.person(name, &[(Administrator, Scope::Workspace)]).await;
    stage.step_up(&person).await
}

/// The same person on another day.
async fn back(stage: &Stage, person: &Person) -> Person {
    let person = stage.sign_in(&person.email).await;
    stage.step_up(&person).await
}

async fn begin(stage: &Stage, by: &Person, reviewers: &[&Person], policy: ReviewPolicy) -> Result<Review> {
    let reviewers: Vec<MemberId> = reviewers.iter().map(|one| one.member_id).collect();
    let new = NewReview {
        name: "Trimestre",
        coverage: Coverage::Everybody,
        reviewers: &reviewers,
        ends_at: stage.clock.now() + DAY * 10,
        policy,
    };
    start(&stage.installation, &by.viewer, new).await
}

async fn all(stage: &Stage, review: &Review) -> Vec<Item> {
    let reader = stage.installation.database.reader();
    items(reader, review, ItemFilter::default(), (None, 1_000)).await.unwrap()
}

async fn item_of(stage: &Stage, review: &Review, person: &Person) -> Item {
    let items = all(stage, review).await;
    items.into_iter().find(|item| item.member_id == Some(person.member_id)).unwrap()
}

fn verdict(item: &Item, kind: VerdictKind) -> Verdict {
    Verdict { item_id: item.id, kind, reason: Some("porque sim".to_owned()), replaces: None }
}

async fn say(
    stage: &Stage,
    by: &Person,
    review: &Review,
    item: &Item,
    kind: VerdictKind,
) -> Result<Decisions> {
    decide(&stage.installation, &by.viewer, review.id, &[verdict(item, kind)]).await
}

/// Why the one thing that was to be decided was refused.
fn why(outcome: Result<Decisions>) -> Refusal {
    match outcome {
        Ok(decisions) => decisions.refused.first().expect("refused").1,
        Err(Error::Refused(refusal)) => refusal,
        Err(error) => panic!("{error:?}"),
    }
}

async fn come_to_its_end(stage: &Stage, review: &Review) {
    stage.clock.set(review.ends_at);
    assert_eq!(access_review::close_due(&stage.installation, stage.workspace_id).await.unwrap(), 1);
}

async fn is_in_force(stage: &Stage, item: &Item) -> bool {
    let key = (stage.workspace_id, GrantId(item.title_id.unwrap()));
    let reader = stage.installation.database.reader();
    let row = portaria_entity::grant::Entity::find_by_id(key).one(reader).await.unwrap().unwrap();
    row.closed_at.is_none()
}

/// Somebody who holds the deciding, and nothing else.
async fn decider(stage: &Stage, by: &Person, name: &str) -> Person {
    let person = stage.person(name, &[]).await;
    let mut change = Change::by(&stage.installation, &by.viewer, &[]).await.unwrap();
    let permissions = PermissionSet::of(&[Permission::AccessReviewDecide]);
    let reviewer =
        role::create(&mut change, NewRole { name: "Revisora", description: "", permissions }).await;
    let giving = grant::Giving {
        member_id: person.member_id,
        role_id: reviewer.unwrap().role.id,
        scope: Scope::Workspace,
        valid_from: None,
        valid_until: None,
        reason: "revisa",
    };
    grant::give(&mut change, giving).await.unwrap();
    change.finish().await.unwrap();
    back(stage, &person).await
}

async fn built_in(stage: &Stage, role: BuiltInRole) -> RoleId {
    role::built_in(stage.installation.database.reader(), stage.workspace_id, role).await.unwrap().id
}

#[tokio::test]
async fn nobody_is_asked_about_themselves_and_everybody_gets_one_letter() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let ana = stage.person("Ana", &[(Agent, Scope::Channel(stage.sales))]).await;
        let review = begin(&stage, &ada, &[&ada, &bia], Tell).await.unwrap();
        assert_eq!(item_of(&stage, &review, &ada).await.reviewer_id, Some(bia.member_id));
        assert_eq!(item_of(&stage, &review, &bia).await.reviewer_id, Some(ada.member_id));
        let item = item_of(&stage, &review, &ana).await;
        let held = Snapshot::of(&item).unwrap();
        assert_eq!((held.role_name.as_deref(), held.reason.as_deref()), (Some("Agent"), Some("test")));
        assert!(held.permissions.contains(&"contact:read_phone".to_owned()));
        assert!(!held.permissions.contains(&"role:assign".to_owned()));
        let letters = (stage.letters_to(&ada.email).await, stage.letters_to(&bia.email).await);
        let about = |letters: &[portaria_entity::outgoing_mail::Model]| {
            letters.iter().filter(|letter| letter.subject.contains("para revisar")).count()
        };
        assert_eq!((about(&letters.0), about(&letters.1)), (1, 1));
        assert!(
            letters.1.last().unwrap().text.contains("qui., 12 de março, 09:00"),
            "{:?}",
            letters.1.last()
        );
        assert_eq!(
            why(say(&stage, &ada, &review, &item_of(&stage, &review, &ada).await, VerdictKind::Keep).await),
            Refusal::OwnAccess
        );

        let alone = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        assert_eq!(item_of(&stage, &alone, &ada).await.reviewer_id, None);
        let told = stage.letters_to(&bia.email).await;
        assert!(told.last().unwrap().subject.contains("sem quem possa revisar"), "{:?}", told.last());
    }
}

#[tokio::test]
async fn what_is_decided_is_carried_out_at_the_end() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let ana = stage.person("Ana", &[(Agent, Scope::Channel(stage.sales))]).await;
        let rui = stage.person("Rui", &[(Agent, Scope::Workspace)]).await;
        let review = begin(&stage, &ada, &[&ada, &bia], Tell).await.unwrap();
        let [of_ada, of_bia, of_ana, of_rui] = [&ada, &bia, &ana, &rui].map(|one| one.member_id);
        let item =
            |items: &[Item], member| items.iter().find(|one| one.member_id == Some(member)).unwrap().clone();
        let asked = all(&stage, &review).await;
        say(&stage, &bia, &review, &item(&asked, of_ada), VerdictKind::Keep).await.unwrap();
        say(&stage, &ada, &review, &item(&asked, of_bia), VerdictKind::Keep).await.unwrap();
        // Taken back before the end, and then decided after all.
        let ana_item = item(&asked, of_ana);
        for kind in [VerdictKind::Revoke, VerdictKind::Keep, VerdictKind::Revoke] {
            assert_eq!(say(&stage, &ada, &review, &ana_item, kind).await.unwrap().decided.len(), 1);
        }
        let until = stage.clock.now() + DAY * 60;
        let terms = Terms {
            role_id: built_in(&stage, Support).await,
            scope: Scope::Channel(stage.support),
            valid_until: Some(until),
        };
        let rui_item = item(&asked, of_rui);
        say(&stage, &ada, &review, &rui_item, VerdictKind::Change(terms)).await.unwrap();
        assert!(is_in_force(&stage, &ana_item).await && is_in_force(&stage, &rui_item).await);
        come_to_its_end(&stage, &review).await;
        assert!(!is_in_force(&stage, &ana_item).await && !is_in_force(&stage, &rui_item).await);
        let came = all(&stage, &review).await;
        let outcome = |member| item(&came, member).outcome.unwrap();
        assert_eq!((outcome(of_ada), outcome(of_bia)), (Outcome::Kept, Outcome::Kept));
        assert_eq!((outcome(of_ana), outcome(of_rui)), (Outcome::Revoked, Outcome::Changed));
        let reader = stage.installation.database.reader();
        let held = role::grants_of(reader, stage.workspace_id, &[of_rui], stage.clock.now()).await.unwrap();
        assert_eq!(
            (held.len(), held[0].channel_id, held[0].valid_until),
            (1, Some(stage.support), Some(until))
        );
        assert_eq!(held[0].granted_by, Some(of_ada));
        assert!(held[0].reason.contains("Trimestre: porque sim"), "{}", held[0].reason);
        let ended = stage.letters_to(&bia.email).await;
        assert!(ended.last().unwrap().subject.contains("revisão de acessos concluída"), "{:?}", ended.last());
        let ada = back(&stage, &ada).await;
        let late = say(&stage, &ada, &review, &ana_item, VerdictKind::Keep).await;
        assert_eq!(why(late), Refusal::ReviewClosed);
    }
}

#[tokio::test]
async fn to_decide_is_to_use_what_taking_it_away_needs() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let review = begin(&stage, &ada, &[&ada, &bia], Tell).await.unwrap();
        let used = async || {
            stage.installation.viewers.permission_uses().flush().await.unwrap();
            let reader = stage.installation.database.reader();
            let of_bia = [bia.member_id];
            let mut uses = permission_use::of_members(reader, stage.workspace_id, &of_bia).await.unwrap();
            let uses = uses.remove(&bia.member_id).unwrap_or_default();
            uses.iter().map(|one| one.permission).collect::<PermissionSet>()
        };
        let own = item_of(&stage, &review, &bia).await;
        assert_eq!(why(say(&stage, &bia, &review, &own, VerdictKind::Keep).await), Refusal::OwnAccess);
        assert!(!used().await.contains(Permission::RoleAssign), "nothing was decided");
        let item = item_of(&stage, &review, &ana).await;
        say(&stage, &bia, &review, &item, VerdictKind::Keep).await.unwrap();
        let used = used().await;
        assert!(used.contains(Permission::RoleAssign), "{}: {used:?}", stage.test_database.name);
    }
}

#[tokio::test]
async fn no_answer_means_what_the_policy_says() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let told = begin(&stage, &ada, &[&bia], Tell).await.unwrap();
        come_to_its_end(&stage, &told).await;
        let item = item_of(&stage, &told, &ana).await;
        assert_eq!(item.outcome, Some(Outcome::Unanswered));
        assert!(item.evidence.is_some(), "what was known then is written down");
        assert!(is_in_force(&stage, &item).await);

        let ada = back(&stage, &ada).await;
        let taken = begin(&stage, &ada, &[&bia], Revoke).await.unwrap();
        come_to_its_end(&stage, &taken).await;
        let item = item_of(&stage, &taken, &ana).await;
        assert_eq!(item.outcome, Some(Outcome::Revoked));
        assert!(!is_in_force(&stage, &item).await);
        // Bia was asked about Ada and did not answer; nobody could be asked about Bia, who stays.
        assert_eq!(item_of(&stage, &taken, &ada).await.outcome, Some(Outcome::Revoked));
        assert_eq!(item_of(&stage, &taken, &bia).await.outcome, Some(Outcome::Unanswered));
    }
}

#[tokio::test]
async fn the_last_administrator_stays_whatever_is_decided() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let review = begin(&stage, &ada, &[&ada, &bia], Revoke).await.unwrap();
        let [of_ada, of_bia] = [item_of(&stage, &review, &ada).await, item_of(&stage, &review, &bia).await];
        say(&stage, &bia, &review, &of_ada, VerdictKind::Revoke).await.unwrap();
        say(&stage, &ada, &review, &of_bia, VerdictKind::Revoke).await.unwrap();
        come_to_its_end(&stage, &review).await;
        let outcomes = [of_ada, of_bia].map(|item| item.id);
        let came: Vec<Item> =
            all(&stage, &review).await.into_iter().filter(|item| outcomes.contains(&item.id)).collect();
        let stayed: Vec<&Item> = came.iter().filter(|item| item.outcome == Some(Outcome::Refused)).collect();
        assert_eq!(stayed.len(), 1, "{came:?}");
        assert!(stayed[0].refusal.as_deref().unwrap().contains("without an administrator"));
        assert!(is_in_force(&stage, stayed[0]).await);

        // Alone, it says so from the start.
        let left = if stayed[0].member_id == Some(ada.member_id) { &ada } else { &bia };
        let left = back(&stage, left).await;
        let alone = begin(&stage, &left, &[&left], Tell).await.unwrap();
        assert!(Snapshot::of(&item_of(&stage, &alone, &left).await).unwrap().last_administrator);
    }
}

#[tokio::test]
async fn who_may_not_take_it_away_has_no_say() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let ana = stage.person("Ana", &[(Agent, Scope::Channel(stage.sales))]).await;
        let lia = decider(&stage, &ada, "Lia").await;
        let powerless = begin(&stage, &lia, &[&lia], Revoke).await.unwrap_err();
        assert!(matches!(powerless, Error::Refused(Refusal::HoldsMore)), "{powerless:?}");
        assert!(matches!(
            begin(&stage, &ada, &[&ana], Tell).await.unwrap_err(),
            Error::Refused(Refusal::NotAReviewer)
        ));
        let review = begin(&stage, &ada, &[&ada, &lia], Tell).await.unwrap();
        let item = item_of(&stage, &review, &ana).await;
        assert_eq!(item.reviewer_id, Some(ada.member_id));
        let refused = why(say(&stage, &lia, &review, &item, VerdictKind::Keep).await);
        assert_eq!(refused, Refusal::HoldsMore);
        // What would not be hers to give is not hers to decide.
        let terms =
            Terms { role_id: built_in(&stage, Agent).await, scope: Scope::Workspace, valid_until: None };
        assert!(matches!(
            say(&stage, &lia, &review, &item, VerdictKind::Change(terms)).await,
            Err(Error::Forbidden { .. })
        ));
        let outside = admin(&stage, "Caio").await;
        assert_eq!(
            why(say(&stage, &outside, &review, &item, VerdictKind::Keep).await),
            Refusal::NotAReviewer
        );
        let silent = Verdict { reason: None, ..verdict(&item, VerdictKind::Revoke) };
        let outcome = decide(&stage.installation, &ada.viewer, review.id, &[silent]).await;
        assert_eq!(why(outcome), Refusal::ReasonMissing);
    }
}

#[tokio::test]
async fn a_place_in_a_team_and_what_a_key_holds_are_asked_about_too() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        // Who reads a team's conversations by being in it, and who does not.
        let team = stage.team("Noite", &[bia.member_id, ana.member_id], &[stage.sales]).await;
        let mut change = Change::by(&stage.installation, &ada.viewer, &[]).await.unwrap();
        let grants = [(built_in(&stage, Agent).await, Scope::Channel(stage.sales))];
        let expires_at = stage.clock.now() + DAY * 30;
        let new = portaria_domain::api_key::NewApiKey {
            name: "CRM",
            grants: &grants,
            expires_at,
            allowed_addresses: &[],
        };
        let key = portaria_domain::api_key::create(&mut change, new).await.unwrap().key;
        change.finish().await.unwrap();
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        let asked = all(&stage, &review).await;
        let places: Vec<&Item> = asked.iter().filter(|item| item.kind == ItemKind::TeamMembership).collect();
        assert_eq!(places.len(), 1, "{places:?}");
        assert_eq!((places[0].member_id, places[0].team_id), (Some(bia.member_id), Some(team)));
        let of_key = asked.iter().find(|item| item.api_key_id == Some(key.id)).unwrap();
        assert_eq!(Snapshot::of(of_key).unwrap().key_name.as_deref(), Some("CRM"));
        for item in [places[0], of_key] {
            say(&stage, &ada, &review, item, VerdictKind::Revoke).await.unwrap();
        }
        let terms = Terms { role_id: grants[0].0, scope: Scope::Workspace, valid_until: None };
        let changed = say(&stage, &ada, &review, of_key, VerdictKind::Change(terms)).await;
        assert_eq!(why(changed), Refusal::NotChangeable);
        come_to_its_end(&stage, &review).await;
        let reader = stage.installation.database.reader();
        let left = team::members_of(reader, stage.workspace_id, &[team]).await.unwrap();
        assert_eq!(left.iter().map(|row| row.member_id).collect::<Vec<_>>(), [ana.member_id]);
        let keys = portaria_domain::api_key::all(reader, stage.workspace_id).await.unwrap();
        assert!(keys[0].revoked_at.is_some(), "with its last grant the key ends");

        let ada = back(&stage, &ada).await;
        let of_channel = NewReview {
            name: "Suporte",
            coverage: Coverage::Channel(stage.support),
            reviewers: &[ada.member_id],
            ends_at: stage.clock.now() + DAY,
            policy: Tell,
        };
        let review = start(&stage.installation, &ada.viewer, of_channel).await.unwrap();
        let holders: Vec<_> = all(&stage, &review).await.iter().filter_map(|item| item.member_id).collect();
        assert_eq!(holders, [ada.member_id, bia.member_id, ana.member_id]);
    }
}
