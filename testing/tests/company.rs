//! The simulated company: a small one lives for some weeks: what is planted is found, and nothing is called urgent that is not. A year of a
//! larger one is `benches/soak/year`.

use std::collections::HashSet;

use portaria_entity::finding::AuditRule;
use portaria_testing::company::{Company, Opened, Scale};
use portaria_testing::{TestDatabase, databases};
use sea_orm::Iterable;

/// Whether there is a rule of that name in this build.
fn is_known(rule: &str) -> bool {
    let known: HashSet<&str> = AuditRule::iter().map(Into::into).collect();
    known.contains(rule)
}

#[tokio::test]
async fn in_a_month_everything_planted_is_found_and_nothing_is_urgent_without_need() {
    for test in databases().await {
        let name = test.name;
        let mut company = Company::on(test, Scale::MONTH).await;
        company.live().await;
        let missed: Vec<_> = company.missed().into_iter().filter(|one| is_known(one.rule)).collect();
        assert!(missed.is_empty(), "{name}: {missed:#?}");
        let is_urgent = |opened: &&Opened| matches!(opened.severity.as_str(), "critical" | "high");
        let urgent: Vec<_> = company.false_alarms().into_iter().filter(is_urgent).collect();
        assert!(urgent.is_empty(), "{name}: {urgent:#?}");

        let tallies = company.tallies();
        let found: usize = tallies.values().map(|tally| tally.found).sum();
        assert!(found >= 10, "{name}: {tallies:#?}");
        // What happens during a day is told the next morning.
        let late = tallies.values().flat_map(|tally| &tally.days_late).copied().fold(0.0, f64::max);
        assert!(late <= 1.1, "{name}: {tallies:#?}");
    }
}

#[tokio::test]
async fn the_same_company_lives_the_same_life() {
    let mut lives = Vec::new();
    for _ in 0..2 {
        let mut company = Company::on(TestDatabase::sqlite().await, Scale { days: 10, ..Scale::MONTH }).await;
        company.live().await;
        assert!(!company.opened.is_empty());
        lives.push(format!("{:?}", company.opened));
    }
    assert_eq!(lives[0], lives[1]);
}

#[tokio::test]
async fn a_finding_that_nothing_explains_is_a_false_alarm() {
    let scale = Scale { days: 10, ..Scale::MONTH };
    let mut company = Company::on(TestDatabase::sqlite().await, scale).await;
    company.live().await;
    let before = company.tallies();
    let opened = company.opened[0].clone();
    company.opened.push(Opened { rule: "inactive_member".to_owned(), severity: "low".to_owned(), ..opened });
    let (was, is) =
        (before.get("inactive_member").cloned().unwrap_or_default(), &company.tallies()["inactive_member"]);
    assert_eq!((is.false_alarms(), is.found), (was.false_alarms() + 1, was.found));
    // What is not found lowers the recall.
    company.opened.clear();
    assert!(company.tallies().values().all(|tally| tally.found == 0));
    assert!(!company.missed().is_empty());
}
