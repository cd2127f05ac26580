//! Sessions that are used from where, and with what, they were not opened: what is put down of it, and what the auditor says.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_domain::audit::rule::Suggestion;
use portaria_domain::audit::sweep::{Sweeper, Swept};
use portaria_domain::audit::{About, Found};
use portaria_domain::authentication::{Attempt, Origin, authenticate_from, sign_in};
use portaria_domain::granting::Change;
use portaria_domain::member;
use portaria_domain::permission::Permission;
use portaria_domain::retention::{Retention, remove_outdated};
use portaria_entity::finding::{self, AuditRule, Severity};
use portaria_entity::id::SessionId;
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;
use portaria_testing::{CountryFile, PASSWORD, Person, Stage, TestDatabase, databases};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::recorded::*;

pub const NEW_YORK: &str = "198.51.100.7";
pub const LISBON: &str = "203.0.113.9";
/// In no database.
pub const SOMEWHERE: &str = "192.88.99.20";
const NEWER_CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/132.0.0.0 Safari/537.36";
pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";
const ANDROID: &str =
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36";
const ANDROID_AS_DESKTOP: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36";
pub const CURL: &str = "curl/8.5.0";
/// A front end that asks from its own server.
pub const SERVER: (&str, &str) = ("192.88.99.80", "node");

/// A session, with its token.
pub struct Open {
    pub id: SessionId,
    pub token: String,
}

fn origin((address, agent): (&str, &str)) -> Origin {
    Origin { address: address.to_owned(), user_agent: agent.to_owned(), device: None }
}

/// People who hold no role, with nothing on record.
pub async fn people<const N: usize>(stage: &Stage, names: [&str; N]) -> [Person; N] {
    let mut all = Vec::new();
    for name in names {
        all.push(stage.person(name, &[]).await);
    }
    stage.installation.viewers.flush_last_use().await.unwrap();
    forget_sign_ins(stage).await;
    all.try_into().ok().unwrap()
}

async fn on_earth(test: TestDatabase, file: &CountryFile) -> Stage {
    let mut stage = Stage::on(test).await;
    stage.installation = stage.installation.with_countries(file.countries());
    stage
}

pub async fn opens(stage: &Stage, who: &Person, place: (&str, &str)) -> Open {
    let attempt = Attempt {
        email: &who.email,
        password: PASSWORD,
        code: None,
        workspace_id: None,
        origin: origin(place),
    };
    let opened = sign_in(&stage.installation, attempt).await.unwrap();
    Open { id: opened.session.id, token: opened.token.reveal().to_owned() }
}

pub async fn shows(stage: &Stage, session: &Open, place: (&str, &str)) {
    let found = authenticate_from(&stage.installation, &session.token, &origin(place)).await.unwrap();
    assert!(found.is_some(), "the session is open");
}

pub async fn flush(stage: &Stage) {
    stage.installation.viewers.flush_last_use().await.unwrap();
}

/// Uses a session, and that is written down.
pub async fn uses(stage: &Stage, session: &Open, place: (&str, &str)) {
    shows(stage, session, place).await;
    flush(stage).await;
}

/// What is put down of a session: network, kind of device, first and last time.
async fn places(stage: &Stage, session: &Open) -> Vec<(String, String, Timestamp, Timestamp)> {
    let database = &stage.installation.database;
    let sql = "SELECT network, device, first_at, last_at FROM session_uses WHERE session_id = $1 \
               ORDER BY first_at, network, device";
    let rows = database.reader().query_all_raw(database.statement(sql, [session.id.0.into()])).await.unwrap();
    let place = |row: &sea_orm::QueryResult| {
        (
            row.try_get_by_index(0).unwrap(),
            row.try_get_by_index(1).unwrap(),
            row.try_get_by_index(2).unwrap(),
            row.try_get_by_index(3).unwrap(),
        )
    };
    rows.iter().map(place).collect()
}

pub async fn elsewhere(stage: &Stage) -> Vec<Found> {
    found(stage, AuditRule::SessionUsedElsewhere).await
}

pub fn short(found: &[Found]) -> Vec<(Option<portaria_entity::id::MemberId>, Severity)> {
    found.iter().map(|found| (found.about.member(), found.severity)).collect()
}

#[tokio::test]
async fn usual_use_leaves_no_trace_and_another_network_one() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana] = people(&stage, ["Ana"]).await;
        let session = opens(&stage, &ana, (OFFICE, CHROME)).await;
        for place in [(OFFICE, CHROME), (OFFICE, NEWER_CHROME), ("192.0.2.200", CHROME), ("", CURL)] {
            uses(&stage, &session, place).await;
        }
        assert_eq!(places(&stage, &session).await, [], "{}", stage.test_database.name);

        let first = stage.clock.now();
        uses(&stage, &session, (NEW_YORK, CHROME)).await;
        stage.clock.advance(MINUTE * 50);
        uses(&stage, &session, ("198.51.100.250", NEWER_CHROME)).await;
        let row = |last| vec![("198.51.100".to_owned(), "Chrome/Windows".to_owned(), first, last)];
        assert_eq!(places(&stage, &session).await, row(first), "to the hour is fine enough");
        stage.clock.advance(MINUTE * 10);
        uses(&stage, &session, (NEW_YORK, CHROME)).await;
        assert_eq!(places(&stage, &session).await, row(first + HOUR));
        assert_eq!(elsewhere(&stage).await, [], "telephones change networks all day");

        // Who was let in by hand from nowhere is nowhere else.
        let nowhere = opens(&stage, &ana, ("", "")).await;
        uses(&stage, &nowhere, (NEW_YORK, CURL)).await;
        assert_eq!(places(&stage, &nowhere).await, []);
    }
}

#[tokio::test]
async fn a_session_on_another_kind_of_device_is_told_once_also_when_it_has_ended() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia, caio] = people(&stage, ["Ana", "Bia", "Caio"]).await;
        let session = opens(&stage, &ana, (OFFICE, CHROME)).await;
        let telephone = opens(&stage, &bia, (OFFICE, ANDROID)).await;
        uses(&stage, &telephone, (SOMEWHERE, ANDROID_AS_DESKTOP)).await;
        let unknown = opens(&stage, &caio, (OFFICE, "An app of somebody's own")).await;
        uses(&stage, &unknown, (SOMEWHERE, "")).await;
        assert_eq!(elsewhere(&stage).await, [], "pages for desktops, and two unknown ones");
        assert_eq!((places(&stage, &telephone).await.len(), places(&stage, &unknown).await.len()), (1, 1));

        stage.clock.advance(HOUR);
        let at = stage.clock.now();
        uses(&stage, &session, (SOMEWHERE, CURL)).await;
        let one = elsewhere(&stage).await;
        assert_eq!(short(&one), [(Some(ana.member_id), Severity::High)]);
        assert_eq!(one[0].cause, format!("{} curl/- -", session.id));
        assert_eq!(one[0].evidence.at(FactName::OpenedFrom), Some(at - HOUR));
        assert_eq!(one[0].evidence.at(FactName::UsedFrom), Some(at));
        let [portuguese, english, spanish] = told_of(&stage).await;
        assert_eq!(portuguese.0, "Foi usada em outro tipo de aparelho que aquele em que foi aberta.");
        assert!(
            portuguese.1[0].starts_with("Sessão aberta: ") && portuguese.1[0].ends_with("Chrome no Windows")
        );
        assert!(portuguese.1[1].contains("192.88.99.20 · curl"), "{:?}", portuguese.1);
        assert!(
            english.0.contains("another kind of device") && spanish.0.contains("otro tipo de dispositivo")
        );

        let period = |to| Some(FactValue::During { from: at, to });
        assert_eq!(one[0].evidence.get(FactName::Period).cloned(), period(at));
        stage.clock.advance(MINUTE);
        uses(&stage, &session, ("192.88.98.1", CURL)).await;
        let again = elsewhere(&stage).await;
        assert_eq!((again.len(), &again[0].cause), (1, &one[0].cause), "through whatever networks");
        assert_eq!(again[0].evidence.at(FactName::UsedFrom), Some(at));
        assert_eq!(again[0].evidence.get(FactName::Period).cloned(), period(at + MINUTE));
        uses(&stage, &session, (OFFICE, FIREFOX)).await;
        let two = elsewhere(&stage).await;
        let near = (Some(ana.member_id), Severity::Medium);
        assert_eq!(short(&two), [(Some(ana.member_id), Severity::High), near], "at the same desk");

        uses(&stage, &unknown, (SOMEWHERE, FIREFOX)).await;
        assert_eq!(elsewhere(&stage).await.len(), 3, "one is known now, and the other not");
        let end = "UPDATE sessions SET ended_at = $2 WHERE id = $1";
        execute(&stage, end, [session.id.0.into(), stage.clock.now().0.into()]).await;
        assert_eq!(elsewhere(&stage).await.len(), 3, "what is over has been");
        stage.clock.advance(DAY * 9);
        assert_eq!(elsewhere(&stage).await, [], "out of sight after a week");
    }
}

/// What is seen of the first, and its facts, in Portuguese, English and Spanish.
async fn told_of(stage: &Stage) -> [(String, Vec<String>); 3] {
    told(stage, AuditRule::SessionUsedElsewhere).await.map(|told| {
        let facts = told[0].facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value));
        (told[0].seen.clone(), facts.collect())
    })
}

#[tokio::test]
async fn a_session_in_a_country_where_its_person_never_was_or_cannot_be_is_told() {
    let file = CountryFile::of_cities();
    for test in databases().await {
        let stage = on_earth(test, &file).await;
        let [ana, bia, caio, duda] = people(&stage, ["Ana", "Bia", "Caio", "Duda"]).await;
        let start = stage.clock.now();
        stage.clock.set(start + DAY * 20);
        // Bia and Duda came back from there, Caio is there now and then.
        for (who, days) in [(&bia, 3), (&caio, 10), (&duda, 3)] {
            gets_in(&stage, &account(&stage, who).await, stage.clock.now() - DAY * days, (LISBON, CHROME))
                .await;
        }
        let mut sessions = Vec::new();
        for who in [&ana, &bia, &caio, &duda] {
            sessions.push(opens(&stage, who, (OFFICE, CHROME)).await);
        }
        stage.clock.advance(HOUR * 2);
        for session in &sessions[..3] {
            uses(&stage, session, (LISBON, CHROME)).await;
        }
        // 7,863 km: eight hours and three quarters at 900 km/h.
        stage.clock.advance(HOUR * 8);
        uses(&stage, &sessions[3], (LISBON, CHROME)).await;
        let two = elsewhere(&stage).await;
        let mut expected = [ana.member_id, bia.member_id].map(|member| (Some(member), Severity::High));
        let mut seen = short(&two);
        expected.sort_by_key(|(member, _)| *member);
        seen.sort_by_key(|(member, _)| *member);
        assert_eq!(seen, expected, "{}: {two:?}", stage.test_database.name);
        let of = |who: &Person| two.iter().find(|found| found.about.member() == Some(who.member_id)).unwrap();
        assert_eq!(of(&ana).cause, format!("{} Chrome/Windows PT", sessions[0].id));
        assert!(of(&ana).evidence.is(FactName::IsNewCountry) && !of(&ana).evidence.is(FactName::IsNewDevice));
        assert!(!of(&bia).evidence.is(FactName::IsNewCountry));
        let kilometres = of(&bia).evidence.number(FactName::Kilometres);
        assert!((7_800..7_900).contains(&kilometres), "{kilometres}");
        let portuguese = &told(&stage, AuditRule::SessionUsedElsewhere).await[0];
        let words: Vec<_> = portuguese.iter().map(|told| told.seen.as_str()).collect();
        assert!(words.contains(&"Foi usada em um país de onde a pessoa nunca tinha entrado."), "{words:?}");
        let far = format!(
            "Foi usada a mais de 7.{} km de onde tinha sido aberta 2 horas antes.",
            kilometres - 7_000
        );
        assert!(words.contains(&far.as_str()), "{words:?}");

        // With two others who sign in from there, it is the company's.
        for who in [&caio, &duda] {
            gets_in(&stage, &account(&stage, who).await, start, (LISBON, CHROME)).await;
        }
        assert_eq!(elsewhere(&stage).await, []);
    }
}

#[tokio::test]
async fn without_a_database_another_country_is_only_another_network() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana] = people(&stage, ["Ana"]).await;
        let session = opens(&stage, &ana, (OFFICE, CHROME)).await;
        uses(&stage, &session, (LISBON, CHROME)).await;
        assert_eq!(places(&stage, &session).await.len(), 1);
        assert_eq!(elsewhere(&stage).await, []);
    }
}

#[tokio::test]
async fn a_server_of_the_companys_is_one_finding_for_a_week_and_then_none() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia, caio, duda] = people(&stage, ["Ana", "Bia", "Caio", "Duda"]).await;
        let start = stage.clock.now();
        let mut seen = Vec::new();
        for who in [&ana, &bia, &caio] {
            let session = opens(&stage, who, (OFFICE, CHROME)).await;
            uses(&stage, &session, SERVER).await;
            stage.clock.advance(MINUTE);
            seen.push(short(&elsewhere(&stage).await));
        }
        let alone = |who: &Person| (Some(who.member_id), Severity::High);
        assert_eq!(seen[..2], [vec![alone(&ana)], vec![alone(&ana), alone(&bia)]]);
        let three = elsewhere(&stage).await;
        assert_eq!(short(&three), [alone(&ana), alone(&bia), (None, Severity::High)], "those told of stay");
        let crowd = &three[2];
        assert_eq!((crowd.about, crowd.cause.as_str()), (About::Workspace, "192.88.99 -/-"));
        let named = vec![ana.member_id, bia.member_id, caio.member_id];
        assert_eq!(crowd.evidence.get(FactName::Accounts), Some(&FactValue::Members { named, count: 3 }));
        let [portuguese, ..] = told(&stage, AuditRule::SessionUsedElsewhere).await;
        let of_crowd = portuguese.iter().find(|told| told.who == SERVER.0).unwrap();
        assert!(of_crowd.seen.starts_with("Sessões de 3 pessoas foram usadas"), "{portuguese:?}");

        for (day, who) in [(4, [&ana, &bia, &caio]), (12, [&ana, &bia, &duda])] {
            stage.clock.set(start + DAY * day);
            for who in who {
                let session = opens(&stage, who, (OFFICE, CHROME)).await;
                uses(&stage, &session, SERVER).await;
            }
        }
        stage.clock.advance(HOUR);
        assert_eq!(elsewhere(&stage).await, [], "{}", stage.test_database.name);
        // Another program in the same network is not that server.
        let session = opens(&stage, &duda, (OFFICE, CHROME)).await;
        uses(&stage, &session, (SERVER.0, CURL)).await;
        assert_eq!(short(&elsewhere(&stage).await), [alone(&duda)]);
    }
}

#[tokio::test]
async fn what_a_server_opens_for_its_users_says_nothing_of_their_devices() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia, caio] = people(&stage, ["Ana", "Bia", "Caio"]).await;
        for who in [&ana, &bia] {
            opens(&stage, who, SERVER).await;
        }
        let session = opens(&stage, &caio, SERVER).await;
        uses(&stage, &session, (OFFICE, CHROME)).await;
        assert_eq!(
            short(&elsewhere(&stage).await),
            [(Some(caio.member_id), Severity::High)],
            "not known yet"
        );
        stage.clock.advance(DAY * 4);
        for who in [&ana, &bia] {
            opens(&stage, who, SERVER).await;
        }
        stage.clock.advance(DAY * 4);
        let session = opens(&stage, &caio, SERVER).await;
        uses(&stage, &session, (OFFICE, CHROME)).await;
        let again = elsewhere(&stage).await;
        assert!(again.iter().all(|found| !found.cause.contains(&session.id.to_string())), "{again:?}");
    }
}

#[tokio::test]
async fn what_has_been_somebodys_way_for_a_week_is_theirs() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia] = people(&stage, ["Ana", "Bia"]).await;
        let start = stage.clock.now();
        for days in [0, 6, 8] {
            stage.clock.set(start + DAY * days);
            for who in [&ana, &bia] {
                let session = opens(&stage, who, (OFFICE, CHROME)).await;
                let agent = if days == 8 && who.member_id == bia.member_id { FIREFOX } else { CURL };
                uses(&stage, &session, (SOMEWHERE, agent)).await;
            }
            let today: Vec<_> = elsewhere(&stage)
                .await
                .into_iter()
                .filter(|found| found.evidence.at(FactName::UsedFrom) == Some(stage.clock.now()))
                .collect();
            let whose: Vec<_> = today.iter().map(|found| found.about.member().unwrap()).collect();
            match days {
                8 => assert_eq!(whose, [bia.member_id], "with another program"),
                _ => assert_eq!(whose.len(), 2, "{days}"),
            }
        }
    }
}

#[tokio::test]
async fn of_a_session_fifty_places_are_kept_and_the_oddest_longest() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana] = people(&stage, ["Ana"]).await;
        let session = opens(&stage, &ana, (OFFICE, CHROME)).await;
        shows(&stage, &session, (SOMEWHERE, CURL)).await;
        for n in 0..70 {
            stage.clock.advance(MINUTE);
            shows(&stage, &session, (&format!("10.0.{n}.1"), CHROME)).await;
            if n % 10 == 9 {
                flush(&stage).await;
            }
        }
        let kept = places(&stage, &session).await;
        assert_eq!(kept.len(), 50, "{}", stage.test_database.name);
        assert_eq!(
            (kept[0].1.as_str(), kept[1].0.as_str(), kept[49].0.as_str()),
            ("curl/-", "10.0.21", "10.0.69")
        );
    }
}

#[tokio::test]
async fn a_flush_that_fails_loses_no_place() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana] = people(&stage, ["Ana"]).await;
        let session = opens(&stage, &ana, (OFFICE, CHROME)).await;
        let first = stage.clock.now();
        shows(&stage, &session, (SOMEWHERE, CURL)).await;
        execute(&stage, "ALTER TABLE session_uses RENAME TO session_uses_away", []).await;
        assert!(stage.installation.viewers.flush_last_use().await.is_err());
        stage.clock.advance(MINUTE);
        shows(&stage, &session, (NEW_YORK, CHROME)).await;
        shows(&stage, &session, (SOMEWHERE, CURL)).await;
        assert!(stage.installation.viewers.flush_last_use().await.is_err());
        execute(&stage, "ALTER TABLE session_uses_away RENAME TO session_uses", []).await;
        flush(&stage).await;
        let now = stage.clock.now();
        let expected = [("192.88.99", "curl/-", first, now), ("198.51.100", "Chrome/Windows", now, now)];
        let expected = expected
            .map(|(network, device, first, last)| (network.to_owned(), device.to_owned(), first, last));
        assert_eq!(places(&stage, &session).await, expected, "{}", stage.test_database.name);
        flush(&stage).await;
        assert_eq!(places(&stage, &session).await, expected, "and nothing is written twice");
    }
}

#[tokio::test]
async fn where_somebody_was_goes_with_them_and_with_age() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia] = people(&stage, ["Ana", "Bia"]).await;
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let (hers, other) =
            (opens(&stage, &ana, (OFFICE, CHROME)).await, opens(&stage, &bia, (OFFICE, CHROME)).await);
        uses(&stage, &hers, (SOMEWHERE, CURL)).await;
        uses(&stage, &other, (SOMEWHERE, CURL)).await;
        // Not written down yet when she is forgotten.
        shows(&stage, &hers, (NEW_YORK, CHROME)).await;
        let needed = [Permission::MemberManage, Permission::PrivacyManage];
        let mut change = Change::by(&stage.installation, &admin.viewer, &needed).await.unwrap();
        member::remove(&mut change, ana.member_id).await.unwrap();
        member::erase(&mut change, ana.member_id, "pedido 12").await.unwrap();
        change.finish().await.unwrap();
        flush(&stage).await;
        assert_eq!(places(&stage, &hers).await, [], "{}", stage.test_database.name);
        assert_eq!(places(&stage, &other).await.len(), 1);

        stage.clock.advance(DAY * 399);
        remove_outdated(&stage.installation, Retention::default()).await.unwrap();
        assert_eq!(places(&stage, &other).await.len(), 1);
        stage.clock.advance(DAY * 2);
        remove_outdated(&stage.installation, Retention::default()).await.unwrap();
        assert_eq!(places(&stage, &other).await, []);
    }
}

#[tokio::test]
async fn a_sweep_tells_of_a_stolen_session_that_only_reads_and_never_twice() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana] = people(&stage, ["Ana"]).await;
        let session = opens(&stage, &ana, (OFFICE, CHROME)).await;
        let mut sweeper = Sweeper::new().unwrap();
        let mut sweep = async |after: Duration| {
            stage.clock.advance(after);
            sweeper.sweep(&stage.installation).await.unwrap().unwrap()
        };
        assert_eq!(sweep(MINUTE * 10).await, Swept { workspaces: 1, opened: 0 });
        assert_eq!(sweep(MINUTE * 3).await, Swept { workspaces: 0, opened: 0 }, "nobody does anything");
        uses(&stage, &session, (SOMEWHERE, CURL)).await;
        assert_eq!(sweep(MINUTE).await, Swept { workspaces: 1, opened: 1 });
        assert_eq!(sweep(MINUTE).await.opened, 0);
        uses(&stage, &session, ("192.88.98.1", CURL)).await;
        assert_eq!(sweep(MINUTE).await.opened, 0, "it is known");

        // The audit of the night sees the same, and so does the next sweep.
        assert_eq!(told(&stage, AuditRule::SessionUsedElsewhere).await[0].len(), 1);
        assert_eq!(sweep(HOUR * 3).await.opened, 0);
        let find = finding::Entity::find().filter(finding::Column::Rule.eq(AuditRule::SessionUsedElsewhere));
        let kept = find.clone().count(stage.installation.database.reader()).await.unwrap();
        assert_eq!(kept, 1, "{}", stage.test_database.name);
        let row = find.one(stage.installation.database.reader()).await.unwrap().unwrap();
        assert_eq!((row.member_id, row.severity), (Some(ana.member_id), Severity::High));
        let rule = portaria_domain::audit::rule::of(row.rule);
        assert_eq!((rule.at_once, rule.suggestion), (true, Suggestion::EndSessions));
    }
}
