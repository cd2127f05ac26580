//! The auditor's rules on where people sign in from: a place that is new, and two places at once.

use portaria_domain::audit::Found;
use portaria_domain::audit::fact::{Basis, FactName, FactValue};
use portaria_entity::finding::{AuditRule, Severity};
use portaria_testing::{CountryFile, Stage, TestDatabase, databases};

use crate::recorded::*;

const NEW_YORK: &str = "198.51.100.7";
const LISBON: &str = "203.0.113.9";
const SANTOS: &str = "2001:db8:1::7";
const MANAUS: &str = "2001:db8:2::7";
/// In no database.
const SOMEWHERE: &str = "192.88.99.20";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";

async fn on_earth(test: TestDatabase, file: &CountryFile) -> Stage {
    let mut stage = Stage::on(test).await;
    stage.installation = stage.installation.with_countries(file.countries());
    stage
}

fn severities(found: &[Found]) -> Vec<Severity> {
    found.iter().map(|found| found.severity).collect()
}

#[tokio::test]
async fn a_new_country_or_a_new_device_in_a_new_network_is_news_and_one_of_them_alone_is_not() {
    let file = CountryFile::of_cities();
    for test in databases().await {
        let stage = on_earth(test, &file).await;
        let [ana, bia, caio] = accounts(&stage, ["Ana", "Bia", "Caio"]).await;
        let hostile = "UPDATE users SET name = '<b>Caio</b> www.evil.example' WHERE id = $1";
        execute(&stage, hostile, [caio.user.0.into()]).await;
        let start = stage.clock.now();
        for who in [&ana, &bia, &caio] {
            comes_daily(&stage, who, start, 20).await;
        }
        let day = start + DAY * 20;
        stage.clock.set(day + DAY);
        gets_in(&stage, &ana, day, (SOMEWHERE, CHROME)).await;
        gets_in(&stage, &ana, day + HOUR, (OFFICE, IPHONE)).await;
        gets_in(&stage, &bia, day, ("192.0.2.250", FIREFOX)).await;
        assert_eq!(found(&stage, AuditRule::NewPlace).await, [], "carriers and new telephones are everyday");

        gets_in(&stage, &ana, day + 2 * HOUR, (NEW_YORK, CHROME)).await;
        gets_in(&stage, &ana, day + 3 * HOUR, ("198.51.100.200", CHROME)).await;
        gets_in(&stage, &bia, day + 4 * HOUR, ("192.88.99.77", IPHONE)).await;
        gets_in(&stage, &caio, day + 5 * HOUR, (LISBON, IPHONE)).await;
        let news = found(&stage, AuditRule::NewPlace).await;
        assert_eq!(severities(&news), [Severity::Medium, Severity::Medium, Severity::High]);
        let who: Vec<_> = news.iter().map(|found| found.about.member().unwrap()).collect();
        assert_eq!(who, [ana.member, bia.member, caio.member]);
        let is = |found: &Found| {
            (found.evidence.is(FactName::IsNewCountry), found.evidence.is(FactName::IsNewDevice))
        };
        assert_eq!(news.iter().map(is).collect::<Vec<_>>(), [(true, false), (false, true), (true, true)]);
        assert_eq!(news[0].evidence.at(FactName::SignedIn), Some(day + 2 * HOUR));

        let [portuguese, english, spanish] = told(&stage, AuditRule::NewPlace).await;
        assert_eq!(portuguese[0].seen, "A pessoa nunca tinha entrado deste país; o aparelho é conhecido.");
        assert!(
            portuguese[2].facts[0].value.contains("203.0.113.9 (Portugal) · Safari no iPhone"),
            "{portuguese:?}"
        );
        assert!(english[2].seen.starts_with("Both the country") && spanish[2].seen.starts_with("El país"));
        assert!(!english[2].who.contains("www.evil"), "{}", english[2].who);

        stage.clock.set(day + 9 * DAY);
        assert_eq!(found(&stage, AuditRule::NewPlace).await, [], "out of sight after a week");
    }
}

#[tokio::test]
async fn places_are_learned_for_two_weeks_and_colleagues_make_one_the_companys() {
    let file = CountryFile::of_cities();
    for test in databases().await {
        let stage = on_earth(test, &file).await;
        let [ana, bia, caio] = accounts(&stage, ["Ana", "Bia", "Caio"]).await;
        let (other, _, _) = stage.another_workspace().await;
        let start = stage.clock.now();
        comes_daily(&stage, &ana, start, 10).await;
        stage.clock.set(start + DAY * 16);
        gets_in(&stage, &ana, start + DAY * 14, (LISBON, IPHONE)).await;
        assert_eq!(found(&stage, AuditRule::NewPlace).await, [], "two weeks are not over");
        gets_in(&stage, &ana, start + DAY * 14 + INSTANT, (NEW_YORK, FIREFOX)).await;
        assert_eq!(found(&stage, AuditRule::NewPlace).await.len(), 1);
        assert_eq!(found_in(&stage, other, AuditRule::NewPlace).await, []);

        for (who, before) in [(&bia, 1), (&caio, 2)] {
            gets_in(&stage, who, start + DAY * (14 - before), (NEW_YORK, CHROME)).await;
        }
        assert_eq!(found(&stage, AuditRule::NewPlace).await.len(), 1, "three within days are no office");
        gets_in(&stage, &bia, start + DAY, (NEW_YORK, CHROME)).await;
        assert_eq!(found(&stage, AuditRule::NewPlace).await.len(), 1, "one colleague is none");
        gets_in(&stage, &caio, start + DAY, (NEW_YORK, CHROME)).await;
        assert_eq!(found(&stage, AuditRule::NewPlace).await, [], "two make it an office");
    }
}

#[tokio::test]
async fn who_was_there_but_once_or_long_ago_makes_no_office() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia, caio] = accounts(&stage, ["Ana", "Bia", "Caio"]).await;
        let start = stage.clock.now();
        comes_daily(&stage, &ana, start, 60).await;
        stage.clock.set(start + DAY * 60);
        gets_in(&stage, &ana, start + DAY * 60, (NEW_YORK, FIREFOX)).await;
        // Once, and again two days later; and then a month ago.
        for days in [20, 22, 29] {
            for who in [&bia, &caio] {
                gets_in(&stage, who, start + DAY * days, (NEW_YORK, CHROME)).await;
            }
            assert_eq!(found(&stage, AuditRule::NewPlace).await.len(), 1, "{days}");
        }
        for who in [&bia, &caio] {
            gets_in(&stage, who, start + DAY * 31, (NEW_YORK, CHROME)).await;
        }
        assert_eq!(found(&stage, AuditRule::NewPlace).await, [], "{}", stage.test_database.name);
    }
}

#[tokio::test]
async fn a_device_that_shows_itself_for_the_first_time_is_a_new_one_of_whatever_kind() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana] = accounts(&stage, ["Ana"]).await;
        let start = stage.clock.now();
        comes_daily(&stage, &ana, start, 20).await;
        let at = start + DAY * 20;
        stage.clock.set(at + HOUR);
        gets_in(&stage, &ana, at, (SOMEWHERE, CHROME)).await;
        assert_eq!(found(&stage, AuditRule::NewPlace).await, []);
        is_recognised(&stage, &ana, at).await;
        let news = found(&stage, AuditRule::NewPlace).await;
        assert_eq!(severities(&news), [Severity::Medium]);
        for day in 0..7 {
            is_recognised(&stage, &ana, start + DAY * day).await;
        }
        assert_eq!(
            found(&stage, AuditRule::NewPlace).await,
            [],
            "one who never keeps what they are known by"
        );
    }
}

#[tokio::test]
async fn nobody_is_in_lisbon_two_hours_after_sao_paulo() {
    let file = CountryFile::of_cities();
    for test in databases().await {
        let stage = on_earth(test, &file).await;
        let [ana, bia, caio, duda] = accounts(&stage, ["Ana", "Bia", "Caio", "Duda"]).await;
        let start = stage.clock.now();
        for who in [&ana, &bia, &caio, &duda] {
            comes_daily(&stage, who, start, 20).await;
        }
        let day = start + DAY * 19;
        stage.clock.set(day + DAY);
        // 7,933 km, less 50 and 20: eight hours and fifty minutes at 900 km/h.
        gets_in(&stage, &ana, day + HOUR * 9, (LISBON, IPHONE)).await;
        gets_in(&stage, &bia, day + HOUR, (SANTOS, IPHONE)).await;
        gets_in(&stage, &caio, day + HOUR, (MANAUS, CHROME)).await;
        gets_in(&stage, &duda, day + HOUR, (SOMEWHERE, IPHONE)).await;
        assert_eq!(
            found(&stage, AuditRule::ImpossibleTravel).await,
            [],
            "by air, by car, by a carrier, unknown"
        );

        gets_in(&stage, &bia, day + HOUR * 3, (LISBON, IPHONE)).await;
        gets_in(&stage, &bia, day + HOUR * 4, (NEW_YORK, FIREFOX)).await;
        gets_in(&stage, &caio, day + HOUR * 2, (OFFICE, CHROME)).await;
        gets_in(&stage, &caio, day + HOUR * 3, (LISBON, CHROME)).await;
        gets_in(&stage, &duda, day + HOUR * 2, (MANAUS, FIREFOX)).await;
        gets_in(&stage, &duda, day + HOUR * 3, (OFFICE, CHROME)).await;
        let found_now = found(&stage, AuditRule::ImpossibleTravel).await;
        let mut who: Vec<_> =
            found_now.iter().map(|found| (found.about.member().unwrap(), found.severity)).collect();
        let mut expected =
            [(bia.member, Severity::High), (caio.member, Severity::Medium), (duda.member, Severity::High)];
        who.sort_by_key(|(member, _)| *member);
        expected.sort_by_key(|(member, _)| *member);
        assert_eq!(who, expected, "once a person and day: {found_now:?}");
        let of_caio = found_now.iter().find(|found| found.about.member() == Some(caio.member)).unwrap();
        assert_eq!(of_caio.cause, format!("{} 2026-03-21", caio.member));
        let kilometres = of_caio.evidence.number(FactName::Kilometres);
        assert!((7_800..7_900).contains(&kilometres), "{kilometres}");
        assert_eq!(of_caio.evidence.get(FactName::JudgedBy), Some(&FactValue::Basis(Basis::Coordinates)));
        assert_eq!(of_caio.evidence.at(FactName::Before), Some(day + HOUR * 2));

        let [portuguese, english, spanish] = told(&stage, AuditRule::ImpossibleTravel).await;
        let place = found_now.iter().position(|found| found.about.member() == Some(caio.member)).unwrap();
        let of_caio = format!(
            "Dois logins em lugares a mais de 7.{} km um do outro, com 60 minutos entre eles.",
            kilometres - 7_000
        );
        assert!(portuguese.iter().any(|told| told.seen == of_caio), "{portuguese:?}");
        assert!(english[place].seen.contains("km apart") && spanish[place].seen.contains("km uno del otro"));

        stage.clock.set(day + 9 * DAY);
        assert_eq!(found(&stage, AuditRule::ImpossibleTravel).await, [], "out of sight after a week");
    }
}

#[tokio::test]
async fn of_a_days_journeys_the_gravest_is_told() {
    let file = CountryFile::of_cities();
    for test in databases().await {
        let stage = on_earth(test, &file).await;
        let [ana] = accounts(&stage, ["Ana"]).await;
        let start = stage.clock.now();
        comes_daily(&stage, &ana, start, 20).await;
        let day = start + DAY * 19;
        stage.clock.set(day + DAY);
        // Her way out of a network abroad, and back.
        gets_in(&stage, &ana, day + HOUR, (LISBON, CHROME)).await;
        gets_in(&stage, &ana, day + HOUR * 2, (OFFICE, CHROME)).await;
        let journeys = found(&stage, AuditRule::ImpossibleTravel).await;
        assert_eq!(severities(&journeys), [Severity::Medium]);
        assert_eq!(journeys[0].evidence.at(FactName::SignedIn), Some(day + HOUR), "the first of them");
        gets_in(&stage, &ana, day + HOUR * 3, (NEW_YORK, FIREFOX)).await;
        let journeys = found(&stage, AuditRule::ImpossibleTravel).await;
        assert_eq!(severities(&journeys), [Severity::High], "{}", stage.test_database.name);
        assert_eq!(journeys[0].evidence.at(FactName::SignedIn), Some(day + HOUR * 3));
    }
}

#[tokio::test]
async fn ones_own_way_round_through_another_country_is_no_journey() {
    let file = CountryFile::of_cities();
    for test in databases().await {
        let stage = on_earth(test, &file).await;
        let [ana, bia, caio] = accounts(&stage, ["Ana", "Bia", "Caio"]).await;
        let start = stage.clock.now();
        comes_daily(&stage, &ana, start, 30).await;
        gets_in(&stage, &ana, start + DAY * 20, (NEW_YORK, CHROME)).await;
        let day = start + DAY * 27;
        stage.clock.set(day + DAY);
        gets_in(&stage, &ana, day + HOUR, (NEW_YORK, IPHONE)).await;
        assert_eq!(found(&stage, AuditRule::ImpossibleTravel).await.len(), 1, "a week is not over");
        execute(&stage, "DELETE FROM sign_in_events WHERE address = $1", [NEW_YORK.into()]).await;
        gets_in(&stage, &ana, start + DAY * 20 - INSTANT, (NEW_YORK, CHROME)).await;
        gets_in(&stage, &ana, day + HOUR, (NEW_YORK, IPHONE)).await;
        assert_eq!(found(&stage, AuditRule::ImpossibleTravel).await, [], "her own for a week");

        gets_in(&stage, &ana, day + HOUR * 2, (LISBON, IPHONE)).await;
        assert_eq!(found(&stage, AuditRule::ImpossibleTravel).await.len(), 1);
        for (days, finds) in [(0, 1), (4, 0)] {
            gets_in(&stage, &bia, start + DAY * days, (LISBON, CHROME)).await;
            gets_in(&stage, &caio, start + DAY * days, (LISBON, CHROME)).await;
            let journeys = found(&stage, AuditRule::ImpossibleTravel).await;
            assert_eq!(journeys.len(), finds, "the company's when they have come again");
        }
    }
}

#[tokio::test]
async fn without_coordinates_countries_are_compared_and_without_those_networks() {
    for file in [Some(CountryFile::new()), None] {
        for test in databases().await {
            let stage = match &file {
                Some(file) => on_earth(test, file).await,
                None => Stage::on(test).await,
            };
            let [ana, bia] = accounts(&stage, ["Ana", "Bia"]).await;
            let start = stage.clock.now();
            comes_daily(&stage, &ana, start, 20).await;
            comes_daily(&stage, &bia, start, 20).await;
            let day = start + DAY * 19;
            stage.clock.set(day + DAY);
            gets_in(&stage, &ana, day + HOUR, (LISBON, IPHONE)).await;
            assert_eq!(found(&stage, AuditRule::ImpossibleTravel).await, [], "an hour is enough");
            gets_in(&stage, &ana, day + INSTANT, (LISBON, IPHONE)).await;
            let one = found(&stage, AuditRule::ImpossibleTravel).await;
            let (severity, basis, words) = match file {
                Some(_) => (Severity::High, Basis::Countries, "países diferentes"),
                None => (Severity::Low, Basis::Networks, "não tem um arquivo de localização"),
            };
            assert_eq!(severities(&one), [severity]);
            assert_eq!(one[0].evidence.get(FactName::JudgedBy), Some(&FactValue::Basis(basis)));
            let [portuguese, _, spanish] = told(&stage, AuditRule::ImpossibleTravel).await;
            assert!(portuguese[0].seen.contains(words), "{portuguese:?}");
            let compared = spanish[0].facts.iter().find(|fact| fact.name == FactName::JudgedBy).unwrap();
            assert_eq!(compared.label, "Comparación");

            gets_in(&stage, &bia, day + MINUTE, (LISBON, CHROME)).await;
            let mut all = severities(&found(&stage, AuditRule::ImpossibleTravel).await);
            all.retain(|one| *one != severity);
            let of_bia: &[Severity] = if file.is_some() { &[Severity::Low] } else { &[] };
            assert_eq!(all, of_bia, "a known device: a border, or no more than another network");
        }
    }
}
