//! A connection of IPv6 has more addresses than anybody counts: the auditor's rules see the connection.

use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_domain::authentication::{Attempt, Origin, sign_in};
use portaria_entity::finding::{AuditRule, Severity};
use portaria_testing::{PASSWORD, Stage, databases};

use crate::recorded::*;

const CURL: &str = "curl/8";

/// An address that nobody had before, of one connection.
fn of_attacker(n: u32) -> String {
    format!("2001:db8:66:1:{:x}:{:x}::{n:x}", n * 7 + 1, n * 13 + 5)
}

fn at_home(n: u32) -> String {
    format!("2001:db8:1:2:{:x}::1", n + 1)
}

fn in_office(n: u32) -> String {
    format!("2001:db8:3:4:{:x}::1", n + 1)
}

#[tokio::test]
async fn a_fresh_address_for_each_guess_hides_no_attack() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia, caio] = accounts(&stage, ["Ana", "Bia", "Caio"]).await;
        let at = stage.clock.now() + DAY;
        stage.clock.set(at + 2 * HOUR);
        for n in 0..4 {
            fails_for_nobody(&stage, &format!("{n}@example.com"), at + MINUTE * n, &of_attacker(n)).await;
            // As many different addresses of IPv4 are as many connections.
            fails_for_nobody(&stage, &format!("{n}@example.com"), at, &format!("198.51.100.{n}")).await;
        }
        fails(&stage, &caio, at, "198.51.100.9").await;
        assert_eq!(found(&stage, AuditRule::AddressOnManyAccounts).await, []);
        fails(&stage, &bia, at + 5 * MINUTE, &of_attacker(5)).await;
        let sprayed = found(&stage, AuditRule::AddressOnManyAccounts).await;
        assert_eq!(sprayed.len(), 1);
        let network = FactValue::Address("2001:db8:66:1::/64".to_owned());
        assert_eq!(sprayed[0].evidence.get(FactName::Address), Some(&network));
        let [portuguese, ..] = told(&stage, AuditRule::AddressOnManyAccounts).await;
        assert_eq!(portuguese[0].who, "2001:db8:66:1::/64");

        gets_in(&stage, &ana, at + 10 * MINUTE, (&of_attacker(10), CURL)).await;
        let stuffed = found(&stage, AuditRule::StuffingSucceeded).await;
        assert_eq!(stuffed.len(), 1);
        let Some(FactValue::SignIn(entry)) = stuffed[0].evidence.get(FactName::SignedIn) else { panic!() };
        assert_eq!(entry.address, of_attacker(10), "the very address is told");
    }
}

#[tokio::test]
async fn who_forgets_a_password_at_home_is_at_home_with_any_address() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana] = accounts(&stage, ["Ana"]).await;
        let start = stage.clock.now();
        for day in 0..20 {
            gets_in(&stage, &ana, start + DAY * day, (&at_home(day), CHROME)).await;
        }
        let day = start + DAY * 20;
        stage.clock.set(day + HOUR);
        for n in 0..10 {
            fails(&stage, &ana, day + MINUTE * n, &at_home(100 + n)).await;
        }
        gets_in(&stage, &ana, day + MINUTE * 10, (&at_home(200), CURL)).await;
        for rule in [AuditRule::AccountUnderAttack, AuditRule::SuccessAfterFailures] {
            let severities: Vec<_> = found(&stage, rule).await.iter().map(|found| found.severity).collect();
            assert_eq!(severities, [Severity::Medium], "{rule:?}");
        }
    }
}

#[tokio::test]
async fn an_office_of_ipv6_is_the_companys() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia, caio] = accounts(&stage, ["Ana", "Bia", "Caio"]).await;
        let start = stage.clock.now();
        comes_daily(&stage, &ana, start, 20).await;
        let day = start + DAY * 20;
        stage.clock.set(day + HOUR);
        gets_in(&stage, &ana, day, (&in_office(900), CURL)).await;
        assert_eq!(found(&stage, AuditRule::NewPlace).await.len(), 1);
        for n in 0..2 {
            gets_in(&stage, &bia, start + DAY * 4 * n, (&in_office(n), CHROME)).await;
            gets_in(&stage, &caio, start + DAY * 4 * n, (&in_office(50 + n), CHROME)).await;
        }
        assert_eq!(found(&stage, AuditRule::NewPlace).await, [], "colleagues were there before");
    }
}

#[tokio::test]
async fn a_telephone_that_changes_its_address_is_in_one_network() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let enter = async |address: String| {
            let origin = Origin { address, user_agent: IPHONE.to_owned(), device: None };
            let attempt =
                Attempt { email: &ana.email, password: PASSWORD, code: None, workspace_id: None, origin };
            sign_in(&stage.installation, attempt).await.unwrap();
        };
        for n in 0..8 {
            enter(at_home(n)).await;
        }
        assert_eq!(found(&stage, AuditRule::ManySessions).await, []);
        for n in 0..5 {
            enter(format!("2001:db8:1:{:x}::7", n + 100)).await;
        }
        assert_eq!(found(&stage, AuditRule::ManySessions).await.len(), 1, "those of others are others");
    }
}
