//! Uses of permissions: what counts as one, once a day, by however many processes.

use std::collections::BTreeSet;
use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::access_review::{self, Coverage, NewReview};
use portaria_domain::audit::finding::action::may_take;
use portaria_domain::audit::finding::deciding::{Decision, Step, decide, may_decide};
use portaria_domain::audit::finding::page::find;
use portaria_domain::audit::rule::Suggestion;
use portaria_domain::audit::{About, Evidence, Found};
use portaria_domain::conversation::{self, Act, permit};
use portaria_domain::granting::{Change, Ledger, MemberAct, Prospect};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::permission_use::{PermissionUse, Whose, of_members};
use portaria_domain::sealing::KeyRing;
use portaria_domain::token::TokenHash;
use portaria_domain::{Installation, team};
use portaria_entity::access_review::ReviewPolicy;
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;
use portaria_entity::role::BuiltInRole;
use portaria_entity::{api_key_permission_use, member_permission_use};
use portaria_testing::{Person, Stage, databases};
use sea_orm::{EntityTrait, PaginatorTrait};
use uuid::Uuid;

use BuiltInRole::{Administrator, Agent, Support};
use Permission::{
    ContactReadPhone, ConversationClaim, ConversationReadAll, ConversationReadAssigned,
    ConversationReadUnassigned, ConversationResolve, MemberManage, TeamManage,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn uses(stage: &Stage, person: &Person) -> Vec<PermissionUse> {
    stage.installation.viewers.permission_uses().flush().await.unwrap();
    let reader = stage.installation.database.reader();
    let mut found = of_members(reader, stage.workspace_id, &[person.member_id]).await.unwrap();
    found.remove(&person.member_id).unwrap_or_default()
}

async fn used(stage: &Stage, person: &Person) -> BTreeSet<Permission> {
    uses(stage, person).await.into_iter().map(|one| one.permission).collect()
}

#[tokio::test]
async fn what_made_the_difference_is_a_use_and_a_question_is_none() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let agent = stage.person("Ana", &[(Agent, Scope::Channel(stage.sales))]).await;
        let boss = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        assert_eq!(used(&stage, &agent).await, BTreeSet::new(), "to sign in is none");
        let contact = stage.customer("Rosa", "5511987654321").await;
        let id = stage.conversation(contact, stage.sales, None, &["oi"]).await;
        let reader = stage.installation.database.reader();
        let waiting = conversation::find(reader, &agent.viewer, id).await.unwrap();
        assert_eq!(used(&stage, &agent).await, BTreeSet::from([ConversationReadUnassigned]));
        permit(&agent.viewer, &waiting, Act::Claim, stage.clock.now()).unwrap();
        permit(&agent.viewer, &waiting, Act::Assign, stage.clock.now()).unwrap_err();
        assert_eq!(used(&stage, &agent).await.len(), 1, "whether they may is a question");
        let claimed = conversation::claim(&stage.installation, &agent.viewer, id).await.unwrap();
        let mine = [ConversationReadUnassigned, ConversationReadAssigned, ConversationClaim];
        assert_eq!(used(&stage, &agent).await, BTreeSet::from(mine));
        // An agent reads it as its assignee, an administrator because they read all.
        conversation::find(reader, &boss.viewer, id).await.unwrap();
        assert_eq!(used(&stage, &boss).await, BTreeSet::from([ConversationReadAll]));
        let held = claimed.held;
        let refused = PermissionSet::of(&[Permission::ContactExport]);
        agent.viewer.require(held, refused, stage.clock.now()).unwrap_err();
        agent.viewer.require(held, PermissionSet::of(&[ContactReadPhone]), stage.clock.now()).unwrap();
        // Of several that would do, the one that most roles have; what every member has, is none.
        let several = PermissionSet::of(&[Permission::MessageSendText, Permission::MessageSendTemplate]);
        agent.viewer.require(held, several, stage.clock.now()).unwrap();
        let basic = PermissionSet::of(&[Permission::MemberRead, Permission::ContactUpdate]);
        agent.viewer.require(held, basic, stage.clock.now()).unwrap();
        conversation::resolve(&stage.installation, &agent.viewer, id).await.unwrap();
        let more = [ContactReadPhone, Permission::MessageSendTemplate, ConversationResolve];
        assert_eq!(used(&stage, &agent).await, mine.into_iter().chain(more).collect());
    }
}

#[tokio::test]
async fn who_acts_in_the_conversation_of_another_has_used_what_lets_them() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let agent = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let boss = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let contact = stage.customer("Rosa", "5511987654321").await;
        let id = stage.conversation(contact, stage.sales, Some(agent.member_id), &["oi"]).await;
        conversation::resolve(&stage.installation, &boss.viewer, id).await.unwrap();
        let needed = [ConversationReadAll, ConversationResolve, Permission::ConversationAssign];
        assert_eq!(used(&stage, &boss).await, BTreeSet::from(needed));
    }
}

#[tokio::test]
async fn changing_access_is_a_use_once_it_was_proved_who_does_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let other = stage.person("Ana", &[(Support, Scope::Workspace)]).await;
        Change::by(&stage.installation, &boss.viewer, &[TeamManage]).await.map(|_| ()).unwrap_err();
        assert_eq!(used(&stage, &boss).await, BTreeSet::new());
        let boss = stage.step_up(&boss).await;
        let (database, now) = (&stage.installation.database, stage.clock.now());
        let ledger =
            portaria_domain::granting::Ledger::read(database.reader(), database, stage.workspace_id, now)
                .await
                .unwrap();
        let prospect = Prospect { viewer: &boss.viewer, ledger: &ledger, now };
        prospect.member(other.member_id, MemberAct::Suspend).unwrap();
        assert!(!used(&stage, &boss).await.contains(&MemberManage), "foreseen, not done");
        let change = Change::by(&stage.installation, &boss.viewer, &[TeamManage]).await.unwrap();
        team::create(&change.transaction, &stage.installation, stage.workspace_id, "Noite").await.unwrap();
        change.finish().await.unwrap();
        assert_eq!(used(&stage, &boss).await, BTreeSet::from([TeamManage]));
    }
}

#[tokio::test]
async fn to_ask_what_may_be_done_about_findings_and_reviews_is_no_use() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let boss = stage.step_up(&boss).await;
        let id = stage
            .found(Found {
                rule: AuditRule::NewPlace,
                cause: "x".to_owned(),
                severity: Severity::Low,
                about: About::Member(ana.member_id),
                evidence: Evidence::new(),
            })
            .await;
        let (database, now) = (&stage.installation.database, stage.clock.now());
        let reader = database.reader();
        let new = NewReview {
            name: "Março",
            coverage: Coverage::Everybody,
            reviewers: &[boss.member_id],
            ends_at: now + DAY,
            policy: ReviewPolicy::Tell,
        };
        let review = access_review::start(&stage.installation, &boss.viewer, new).await.unwrap();
        let before = used(&stage, &boss).await;
        assert!(before.contains(&Permission::AccessReviewDecide), "it was started");
        // Another day, on which nothing but questions is asked.
        stage.clock.advance(DAY);
        let boss = stage.step_up(&stage.sign_in(&boss.email).await).await;
        let ledger = Ledger::read(reader, database, stage.workspace_id, now).await.unwrap();
        let prospect = Prospect { viewer: &boss.viewer, ledger: &ledger, now: stage.clock.now() };
        let finding = find(reader, stage.workspace_id, id).await.unwrap();
        may_decide(prospect, &finding, Step::Dismiss).unwrap();
        may_take(prospect, &finding, Suggestion::AskMember).unwrap();
        access_review::decidable(&stage.installation, &boss.viewer, &review).await.unwrap_err();
        access_review::closable(&stage.installation, &boss.viewer, &review).await.unwrap_err();
        let now = stage.clock.now();
        access_review::cancellable(&stage.installation, &boss.viewer, &review, now).await.unwrap();
        let today = uses(&stage, &boss).await;
        assert!(today.iter().all(|one| one.last_used_at < stage.clock.now()), "{today:?}");
        decide(&stage.installation, &boss.viewer, id, Decision::Acknowledge).await.unwrap();
        assert!(used(&stage, &boss).await.contains(&Permission::FindingResolve));
    }
}

#[tokio::test]
async fn a_use_is_written_once_a_day_and_outlives_the_process() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let phone = PermissionSet::of(&[ContactReadPhone]);
        let everywhere = ana.viewer.access.everywhere();
        let first = stage.clock.now();
        ana.viewer.require(everywhere, phone, first).unwrap();
        let told = |first_used_at, last_used_at| {
            vec![PermissionUse { permission: ContactReadPhone, first_used_at, last_used_at }]
        };
        assert_eq!(uses(&stage, &ana).await, told(first, first));
        stage.clock.advance(Duration::from_secs(3600));
        ana.viewer.require(everywhere, phone, stage.clock.now()).unwrap();
        assert_eq!(uses(&stage, &ana).await, told(first, first), "the same day");
        stage.clock.advance(DAY);
        assert_eq!(uses(&stage, &ana).await, told(first, first), "not used since");
        ana.viewer.require(everywhere, phone, stage.clock.now()).unwrap();
        let second = stage.clock.now();
        assert_eq!(uses(&stage, &ana).await, told(first, second));

        // Another process, and one that was started again, know nothing of it and write the same row.
        let database = stage.test_database.database.clone();
        let keys = KeyRing::ephemeral().unwrap();
        let other = Installation::new(database, stage.clock.clone(), keys, "http://portaria.test");
        let viewer = other.viewers.resolve(TokenHash::of(&ana.token)).await.unwrap();
        // The session lay idle for a day: here the viewer of before is used as an open one is.
        assert!(viewer.is_none());
        let again = stage.sign_in(&ana.email).await;
        let viewer = other.viewers.resolve(TokenHash::of(&again.token)).await.unwrap().unwrap();
        stage.clock.advance(Duration::from_secs(600));
        viewer.require(viewer.access.everywhere(), phone, stage.clock.now()).unwrap();
        let both = [&other, &stage.installation].map(|one| one.viewers.permission_uses().clone());
        ana.viewer.require(everywhere, phone, stage.clock.now()).unwrap();
        let (one, two) = tokio::join!(both[0].flush(), both[1].flush());
        one.and(two).unwrap();
        assert_eq!(uses(&stage, &ana).await, told(first, second), "once a day, whoever writes it");
        stage.clock.advance(DAY);
        // The day begins, for a process, when it next writes.
        for recorder in &both {
            recorder.flush().await.unwrap();
        }
        let third = stage.clock.now();
        viewer.require(viewer.access.everywhere(), phone, third).unwrap();
        ana.viewer.require(everywhere, phone, third).unwrap();
        let (one, two) = tokio::join!(both[0].flush(), both[1].flush());
        one.and(two).unwrap();
        assert_eq!(uses(&stage, &ana).await, told(first, third));
    }
}

#[tokio::test]
async fn two_sessions_of_one_person_are_one_and_a_strange_row_holds_nobody_up() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let elsewhere = stage.sign_in(&ana.email).await;
        let recorder = stage.installation.viewers.permission_uses();
        // Of somebody whose row is gone.
        let nobody = Whose::Member(MemberId(Uuid::from_u128(9)));
        recorder.note(stage.workspace_id, nobody, PermissionSet::of(&[MemberManage]));
        let now = stage.clock.now();
        for person in [&ana, &elsewhere] {
            let held = person.viewer.access.everywhere();
            person.viewer.require(held, PermissionSet::of(&[ContactReadPhone]), now).unwrap();
        }
        assert_eq!(used(&stage, &ana).await, BTreeSet::from([ContactReadPhone]));
        let reader = stage.installation.database.reader();
        assert_eq!(member_permission_use::Entity::find().count(reader).await.unwrap(), 1);
        assert_eq!(api_key_permission_use::Entity::find().count(reader).await.unwrap(), 0);
        recorder.flush().await.unwrap();
    }
}
