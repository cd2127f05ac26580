//! How the rule on sessions used elsewhere holds against who knows it: thefts that follow each other, hide each other, go on,
//! and make a place look like the company's.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::audit::About;
use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_domain::audit::sweep::Sweeper;
use portaria_entity::finding::{self, AuditRule, FindingStatus, Severity};
use portaria_entity::id::SessionId;
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;
use portaria_testing::{Person, Stage, databases};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::audit_session::*;
use crate::recorded::*;

const OK_HTTP: &str = "okhttp/4.12.0";

/// What is found of uses that began now.
async fn whose_now(stage: &Stage) -> Vec<portaria_entity::id::MemberId> {
    let now = Some(stage.clock.now());
    let found = elsewhere(stage).await;
    let found = found.iter().filter(|found| found.evidence.at(FactName::UsedFrom) == now);
    found.filter_map(|found| found.about.member()).collect()
}

async fn is_stolen(stage: &Stage, who: &Person, place: (&str, &str)) -> Open {
    let session = opens(stage, who, (OFFICE, CHROME)).await;
    uses(stage, &session, place).await;
    session
}

async fn ends(stage: &Stage, session: &Open) {
    let end = "UPDATE sessions SET ended_at = $2 WHERE id = $1";
    execute(stage, end, [session.id.0.into(), (stage.clock.now() + HOUR).0.into()]).await;
}

#[tokio::test]
async fn a_theft_is_told_though_others_went_before_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia] = people(&stage, ["Ana", "Bia"]).await;
        let start = stage.clock.now();
        for day in [0, 3, 8] {
            stage.clock.set(start + DAY * day);
            let session = is_stolen(&stage, &ana, (SOMEWHERE, CURL)).await;
            assert_eq!(whose_now(&stage).await, [ana.member_id], "{day} {}", stage.test_database.name);
            ends(&stage, &session).await;
        }
        for day in [10, 30] {
            stage.clock.set(start + DAY * day);
            is_stolen(&stage, &bia, (SOMEWHERE, FIREFOX)).await;
            assert_eq!(whose_now(&stage).await, [bia.member_id], "{day}: nothing in between");
        }
    }
}

#[tokio::test]
async fn what_is_tried_at_the_desk_hides_nothing_that_happens_elsewhere() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana] = people(&stage, ["Ana"]).await;
        let session = opens(&stage, &ana, (OFFICE, CHROME)).await;
        let mut sweeper = Sweeper::new().unwrap();
        let mut sweep = async |after: Duration| {
            stage.clock.advance(after);
            sweeper.sweep(&stage.installation).await.unwrap().unwrap().opened
        };
        uses(&stage, &session, (OFFICE, CURL)).await;
        assert_eq!(sweep(MINUTE).await, 1);
        assert_eq!(short(&elsewhere(&stage).await), [(Some(ana.member_id), Severity::Medium)]);
        uses(&stage, &session, (SOMEWHERE, CURL)).await;
        assert_eq!(sweep(MINUTE).await, 1, "{}", stage.test_database.name);
        let both = [Severity::High, Severity::Medium].map(|severity| (Some(ana.member_id), severity));
        assert_eq!(short(&elsewhere(&stage).await), both);
        // The near one is out of the sweep's sight; the audit sees both.
        stage.clock.advance(HOUR * 3);
        uses(&stage, &session, (SOMEWHERE, CURL)).await;
        for _ in 0..2 {
            assert_eq!(sweep(MINUTE).await, 0);
            audits(&stage, AuditRule::SessionUsedElsewhere).await;
            assert_eq!(short(&elsewhere(&stage).await), both);
        }
    }
}

#[tokio::test]
async fn a_crowd_stays_one_while_it_ages_and_swallows_no_other_device() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia, caio, duda] = people(&stage, ["Ana", "Bia", "Caio", "Duda"]).await;
        let eva = stage.person("Eva", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let start = stage.clock.now();
        for who in [&ana, &bia, &caio] {
            stage.clock.advance(DAY);
            is_stolen(&stage, who, SERVER).await;
        }
        is_stolen(&stage, &duda, (SERVER.0, CURL)).await;
        let alone = |who: &Person| (Some(who.member_id), Severity::High);
        let mut expected = [alone(&ana), alone(&bia), alone(&duda)];
        let sorted = |found: &[portaria_domain::audit::Found]| {
            let mut short = short(found);
            short.sort_by_key(|(member, _)| *member);
            short
        };
        expected.sort_by_key(|(member, _)| *member);
        let now = sorted(&elsewhere(&stage).await);
        assert_eq!((now[0], &now[1..]), ((None, Severity::High), &expected[..]));

        // Two of its three are out of sight: neither is the third alone, nor are they forgotten.
        stage.clock.set(start + DAY * 10 + HOUR);
        let late = elsewhere(&stage).await;
        assert_eq!(sorted(&late), [(None, Severity::High), alone(&duda)], "{}", stage.test_database.name);
        let count = |found: &portaria_domain::audit::Found| match found.evidence.get(FactName::Accounts) {
            Some(FactValue::Members { named, count }) => (named[0], *count),
            _ => panic!("{found:?}"),
        };
        let crowd = late.iter().find(|found| found.about == About::Workspace).unwrap();
        assert_eq!(count(crowd), (ana.member_id, 3));

        // The next week it is another, with an administrator in it.
        for who in [&duda, &bia] {
            is_stolen(&stage, who, SERVER).await;
            stage.clock.advance(MINUTE);
        }
        is_stolen(&stage, &eva, SERVER).await;
        let crowd =
            elsewhere(&stage).await.into_iter().find(|found| found.about == About::Workspace).unwrap();
        assert_eq!((count(&crowd), crowd.severity), ((eva.member_id, 5), Severity::Critical));
    }
}

#[tokio::test]
async fn two_thefts_make_no_place_the_companys() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia, caio] = people(&stage, ["Ana", "Bia", "Caio"]).await;
        let start = stage.clock.now();
        for who in [&ana, &bia] {
            is_stolen(&stage, who, (SOMEWHERE, CURL)).await;
        }
        stage.clock.set(start + DAY * 10);
        is_stolen(&stage, &caio, (SOMEWHERE, CURL)).await;
        assert_eq!(whose_now(&stage).await, [caio.member_id], "{}", stage.test_database.name);
        // Had they come again, it would be.
        stage.clock.set(start + DAY * 14);
        for who in [&ana, &bia] {
            is_stolen(&stage, who, (SOMEWHERE, CURL)).await;
        }
        stage.clock.set(start + DAY * 22);
        is_stolen(&stage, &caio, (SOMEWHERE, CURL)).await;
        assert_eq!(elsewhere(&stage).await, []);
    }
}

/// Sessions of theirs, used once each, and that is written down.
async fn has_used(stage: &Stage, who: &Account, count: u32, (network, device): (&str, &str)) {
    let at = stage.clock.now();
    for n in 1..=count {
        let from = Timestamp(at.0 - i64::from(n));
        has_session(stage, who, (from, at)).await;
        let sql = "INSERT INTO session_uses (workspace_id, session_id, network, device, member_id, user_id, address, \
                   user_agent, first_at, last_at, other_device, other_country) \
                   SELECT workspace_id, id, $2, $3, member_id, user_id, '192.88.99.20', $4, $5, $5, TRUE, '' \
                   FROM sessions WHERE user_id = $1 AND created_at = $6";
        let values: [sea_orm::Value; 6] = [
            who.user.0.into(),
            network.into(),
            device.into(),
            CURL.into(),
            (at + Duration::from_secs(n.into())).0.into(),
            from.0.into(),
        ];
        assert_eq!(execute(stage, sql, values).await, 1);
    }
    stage.clock.advance(Duration::from_secs(count.into()));
}

#[tokio::test]
async fn nobody_pushes_a_theft_out_of_sight_or_tells_of_themselves_without_end() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [bia, caio] = people(&stage, ["Bia", "Caio"]).await;
        is_stolen(&stage, &bia, (SOMEWHERE, CURL)).await;
        let caio = account(&stage, &caio).await;
        has_used(&stage, &caio, 60, ("192.88.99", "curl/-")).await;
        let of_bia = || async {
            let found = elsewhere(&stage).await;
            (found.iter().filter(|one| one.about.member() == Some(bia.member_id)).count(), found.len())
        };
        assert_eq!(of_bia().await, (1, 6), "{}", stage.test_database.name);
        for kind in ["curl/Linux", "Go/-", "Python/-", "Go/Linux"] {
            has_used(&stage, &caio, 5, ("192.88.98", kind)).await;
        }
        assert_eq!(of_bia().await, (1, 11), "ten of a person");
    }
}

#[tokio::test]
async fn what_was_called_resolved_is_told_again_when_it_goes_on_and_only_then() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana] = people(&stage, ["Ana"]).await;
        let start = stage.clock.now();
        let session = is_stolen(&stage, &ana, (SOMEWHERE, CURL)).await;
        let status = || async {
            let find = finding::Entity::find();
            let find = find.filter(finding::Column::Rule.eq(AuditRule::SessionUsedElsewhere));
            find.one(stage.installation.database.reader()).await.unwrap().unwrap().status
        };
        let resolves = || async {
            let sql = "UPDATE findings SET status = 'resolved', resolved_at = $1, resolved_by = $2";
            let values = [stage.clock.now().0.into(), ana.member_id.0.into()];
            assert_eq!(execute(&stage, sql, values).await, 1);
        };
        let audits = || audits(&stage, AuditRule::SessionUsedElsewhere);
        audits().await;
        // Once more before somebody says that it is over, so that the audit sees more than was known then.
        stage.clock.set(start + HOUR * 2);
        uses(&stage, &session, ("192.88.98.1", CURL)).await;
        stage.clock.advance(MINUTE);
        resolves().await;
        stage.clock.advance(HOUR);
        audits().await;
        assert_eq!(status().await, FindingStatus::Resolved, "{}", stage.test_database.name);
        // The first of it is out of the audit's sight, and what it was is still known.
        stage.clock.set(start + DAY * 3);
        let sql = "UPDATE session_uses SET last_at = $1 WHERE network = '192.88.98'";
        execute(&stage, sql, [stage.clock.now().0.into()]).await;
        audits().await;
        assert_eq!(status().await, FindingStatus::Open, "it goes on");
        resolves().await;
        stage.clock.set(start + DAY * 9);
        let one = elsewhere(&stage).await;
        assert_eq!(one[0].evidence.at(FactName::UsedFrom), Some(start));
        audits().await;
        assert_eq!(status().await, FindingStatus::Resolved, "nothing is new");
    }
}

#[tokio::test]
async fn a_sweep_tells_again_of_a_theft_that_goes_on_after_it_was_resolved() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana] = people(&stage, ["Ana"]).await;
        let session = is_stolen(&stage, &ana, (SOMEWHERE, CURL)).await;
        let mut sweeper = Sweeper::new().unwrap();
        let mut sweep = async || sweeper.sweep(&stage.installation).await.unwrap().unwrap().opened;
        assert_eq!(sweep().await, 1);
        let sql = "UPDATE findings SET status = 'resolved', resolved_at = $1, resolved_by = $2";
        execute(&stage, sql, [stage.clock.now().0.into(), ana.member_id.0.into()]).await;
        stage.clock.advance(MINUTE);
        assert_eq!(sweep().await, 0);
        stage.clock.advance(HOUR);
        uses(&stage, &session, (SOMEWHERE, CURL)).await;
        stage.clock.advance(MINUTE);
        assert_eq!(sweep().await, 1, "{}", stage.test_database.name);
    }
}

#[tokio::test]
async fn what_an_app_opens_in_the_office_is_no_servers() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia, caio] = people(&stage, ["Ana", "Bia", "Caio"]).await;
        let start = stage.clock.now();
        for who in [&bia, &caio] {
            comes_daily(&stage, &account(&stage, who).await, start, 10).await;
        }
        stage.clock.set(start + DAY * 10);
        let session: SessionId = {
            let session = opens(&stage, &ana, (OFFICE, OK_HTTP)).await;
            uses(&stage, &session, (OFFICE, OK_HTTP)).await;
            uses(&stage, &session, (SOMEWHERE, CURL)).await;
            session.id
        };
        let one = elsewhere(&stage).await;
        assert_eq!(short(&one), [(Some(ana.member_id), Severity::High)], "{}", stage.test_database.name);
        assert!(one[0].cause.starts_with(&session.to_string()));
        // A server, where nobody else comes with a browser.
        execute(&stage, "UPDATE sign_in_events SET user_agent = 'node'", []).await;
        assert_eq!(elsewhere(&stage).await, []);
    }
}
