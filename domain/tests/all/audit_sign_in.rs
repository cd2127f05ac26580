//! The auditor's rules on sign-ins that are not their owner's: stuffing, a factor talked away, odd hours, too many places;
//! and that an office in the morning is none of it.

use portaria_domain::audit::fact::{FactName, FactValue, FailuresOn};
use portaria_domain::authentication::{Attempt, Origin, sign_in, sign_out};
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{MemberId, SecondFactorResetId};
use portaria_entity::time::Timestamp;
use portaria_testing::{PASSWORD, Stage, databases};

use crate::recorded::*;

const ATTACKER: &str = "203.0.113.66";
const CURL: &str = "curl/8";

#[tokio::test]
async fn an_address_that_fails_on_five_accounts_and_gets_into_one_is_the_worst() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia, caio] = accounts(&stage, ["Ana", "Bia", "Caio"]).await;
        let (other, _, _) = stage.another_workspace().await;
        let at = stage.clock.now() + DAY;
        stage.clock.set(at + 2 * HOUR);
        fails(&stage, &bia, at, ATTACKER).await;
        fails(&stage, &bia, at + MINUTE, ATTACKER).await;
        for n in 0..3 {
            fails_for_nobody(&stage, &format!("{n}@example.com"), at + MINUTE * n, ATTACKER).await;
        }
        // It is not the one that it got into itself that makes five of them.
        fails(&stage, &ana, at, ATTACKER).await;
        let signed_in = at + 50 * MINUTE;
        gets_in(&stage, &ana, signed_in, (ATTACKER, CURL)).await;
        fails_for_nobody(&stage, "late@example.com", signed_in + HOUR + INSTANT, ATTACKER).await;
        assert_eq!(found(&stage, AuditRule::StuffingSucceeded).await, []);

        fails_for_nobody(&stage, "after@example.com", signed_in + HOUR, ATTACKER).await;
        let stuffed = found(&stage, AuditRule::StuffingSucceeded).await;
        assert_eq!(stuffed.len(), 1);
        assert_eq!((stuffed[0].severity, stuffed[0].about.member()), (Severity::Critical, Some(ana.member)));
        let named = vec![FailuresOn { member_id: bia.member, failures: 2 }];
        let accounts = FactValue::Accounts { named, count: 1, foreign: 4 };
        assert_eq!(stuffed[0].evidence.get(FactName::Accounts), Some(&accounts));
        assert_eq!(stuffed[0].evidence.number(FactName::Failures), 6);
        assert_eq!(found_in(&stage, other, AuditRule::StuffingSucceeded).await, []);
        let [portuguese, english, spanish] = told(&stage, AuditRule::StuffingSucceeded).await;
        assert_eq!(
            portuguese[0].seen,
            "6 senhas erradas em 5 contas diferentes; 4 delas não são de ninguém daqui. Do mesmo endereço, o login nesta conta deu certo."
        );
        assert!(english[0].seen.ends_with("this account worked.") && spanish[0].seen.ends_with("funcionó."));

        // Another account of the same attack is another finding; an account that is at home there is none.
        gets_in(&stage, &caio, signed_in + MINUTE, (ATTACKER, CURL)).await;
        assert_eq!(found(&stage, AuditRule::StuffingSucceeded).await.len(), 2);
        gets_in(&stage, &caio, signed_in - 20 * DAY, (ATTACKER, CURL)).await;
        assert_eq!(found(&stage, AuditRule::StuffingSucceeded).await.len(), 1);
        stage.clock.set(at + 9 * DAY);
        assert_eq!(found(&stage, AuditRule::StuffingSucceeded).await, [], "out of sight after a week");
    }
}

#[tokio::test]
async fn an_office_in_the_morning_is_no_attack() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let people = accounts(&stage, ["Ana", "Bia", "Caio", "Duda", "Eva", "Fabio", "Gil", "Nova"]).await;
        let (new, known) = people.split_last().unwrap();
        // Their devices are met below.
        execute(&stage, "DELETE FROM known_devices", []).await;
        let start = stage.clock.now();
        let monday = start + 7 * DAY;
        stage.clock.set(monday + DAY);
        // On their first day there, they mistype and get in.
        for (n, who) in (0u32..).zip(known) {
            fails(&stage, who, start + MINUTE * n, OFFICE).await;
            gets_in(&stage, who, start + MINUTE * (n + 2), (OFFICE, CHROME)).await;
        }
        assert_eq!(found(&stage, AuditRule::StuffingSucceeded).await, []);
        // On a Monday they do it again, and not all of them get in at once; a new one does.
        for (n, who) in (0u32..).zip(known) {
            fails(&stage, who, monday + MINUTE * n, OFFICE).await;
        }
        gets_in(&stage, new, monday + 20 * MINUTE, (OFFICE, CHROME)).await;
        assert_eq!(found(&stage, AuditRule::StuffingSucceeded).await, []);
        let spraying = found(&stage, AuditRule::AddressOnManyAccounts).await;
        assert!(spraying.iter().all(|found| !found.cause.ends_with("2026-03-09")), "{spraying:?}");

        // Who fails often where they are at home is told of, but not as an attack.
        let (ana, bia) = (&known[0], &known[1]);
        for n in 0..10 {
            fails(&stage, ana, monday + HOUR + MINUTE * n, OFFICE).await;
            fails(&stage, bia, monday + HOUR + MINUTE * n, OFFICE).await;
        }
        fails(&stage, bia, monday + HOUR, ATTACKER).await;
        gets_in(&stage, ana, monday + HOUR + MINUTE * 10, (OFFICE, CHROME)).await;
        gets_in(&stage, bia, monday + HOUR + MINUTE * 10, (OFFICE, CHROME)).await;
        let severity = |found: Vec<portaria_domain::audit::Found>, of: MemberId| {
            found.into_iter().find(|found| found.about.member() == Some(of)).map(|found| found.severity)
        };
        for rule in [AuditRule::AccountUnderAttack, AuditRule::SuccessAfterFailures] {
            assert_eq!(severity(found(&stage, rule).await, ana.member), Some(Severity::Medium), "{rule:?}");
        }
        let attacked = severity(found(&stage, AuditRule::AccountUnderAttack).await, bia.member);
        assert_eq!(attacked, Some(Severity::High));
        let guessed = severity(found(&stage, AuditRule::SuccessAfterFailures).await, bia.member);
        assert_eq!(guessed, Some(Severity::Critical));

        // A device that Portaria recognises speaks for them; one that it has just met does not.
        let guessed = async |of: MemberId| severity(found(&stage, AuditRule::SuccessAfterFailures).await, of);
        for who in [ana, bia] {
            is_recognised(&stage, who, monday + HOUR + MINUTE * 10 + INSTANT).await;
            is_recognised(&stage, who, start).await;
        }
        assert_eq!(guessed(ana.member).await, Some(Severity::Medium));
        assert_eq!(guessed(bia.member).await, Some(Severity::Critical));
        execute(&stage, "DELETE FROM known_devices WHERE first_used_at > $1", [monday.0.into()]).await;
        assert_eq!(guessed(ana.member).await, None, "at their desk, where they always are");
        assert_eq!(guessed(bia.member).await, Some(Severity::Medium));

        // Who gave up and had a link for a new password sent has not guessed.
        let reset = "INSERT INTO password_resets (id, user_id, token_hash, created_at, expires_at, used_at) VALUES ($1, $2, $3, $4, $5, $4)";
        let id: SecondFactorResetId = stage.clock.new_id();
        let used = monday + HOUR + MINUTE * 10 - INSTANT;
        let hash = id.0.as_bytes().to_vec();
        let values = [id.0.into(), bia.user.0.into(), hash.into(), used.0.into(), (used + HOUR).0.into()];
        execute(&stage, reset, values).await;
        assert_eq!(severity(found(&stage, AuditRule::SuccessAfterFailures).await, bia.member), None);
    }
}

#[tokio::test]
async fn who_waits_as_long_as_is_asked_of_them_is_found_by_the_day() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia] = accounts(&stage, ["Ana", "Bia"]).await;
        let start = stage.clock.now();
        comes_daily(&stage, &bia, start, 5).await;
        // From nine to three in São Paulo.
        let day = start + 5 * DAY;
        stage.clock.set(day + DAY);
        for n in 0..24 {
            fails(&stage, &ana, day + 15 * MINUTE * n, &format!("203.0.{n}.7")).await;
        }
        for n in 0..30 {
            fails(&stage, &bia, day + 10 * MINUTE * n, OFFICE).await;
        }
        assert_eq!(found(&stage, AuditRule::AccountUnderAttack).await, [], "at home it is a bad memory");
        fails(&stage, &ana, day + 6 * HOUR, "203.0.100.7").await;
        let attacks = found(&stage, AuditRule::AccountUnderAttack).await;
        assert_eq!(attacks.len(), 1, "{}: {attacks:?}", stage.test_database.name);
        assert_eq!((attacks[0].severity, attacks[0].about.member()), (Severity::High, Some(ana.member)));
        assert_eq!(attacks[0].evidence.number(FactName::Failures), 25);
        let [portuguese, ..] = told(&stage, AuditRule::AccountUnderAttack).await;
        assert_eq!(portuguese[0].seen, "25 senhas erradas, de 25 endereços.");
    }
}

#[tokio::test]
async fn what_one_address_does_within_an_hour_is_told_by_one_rule() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let names = ["Ana", "Bia", "Caio", "Duda", "Eva", "Fabio", "Gil", "Hugo", "Iara", "Joel"];
        let people = accounts(&stage, names).await;
        let at = stage.clock.now() + DAY;
        stage.clock.set(at + 3 * HOUR);
        for (n, who) in (0u32..).zip(&people) {
            fails(&stage, who, at + 2 * MINUTE * n, ATTACKER).await;
        }
        assert_eq!(found(&stage, AuditRule::AddressOnManyAccounts).await.len(), 1);
        assert_eq!(found(&stage, AuditRule::PasswordSpraying).await, []);
        let off = "INSERT INTO audit_rule_settings (workspace_id, rule, is_enabled, changed_at) VALUES ($1, $2, FALSE, 0)";
        let values = [stage.workspace_id.0.into(), "address_on_many_accounts".into()];
        execute(&stage, off, values).await;
        assert_eq!(found(&stage, AuditRule::PasswordSpraying).await.len(), 1, "nobody else tells of it");
        execute(&stage, "DELETE FROM audit_rule_settings", []).await;
        fails(&stage, &people[0], at + HOUR + INSTANT, ATTACKER).await;
        assert_eq!(found(&stage, AuditRule::PasswordSpraying).await.len(), 1, "it goes on");
    }
}

#[tokio::test]
async fn who_gets_in_by_trying_everybody_does_not_thereby_look_like_one_of_them() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let names = ["Ana", "Bia", "Caio", "Duda", "Eva", "Fabio", "Gil", "Hugo", "Iara", "Joel"];
        let people = accounts(&stage, names).await;
        let at = stage.clock.now() + DAY;
        stage.clock.set(at + 3 * HOUR);
        let from = [ATTACKER, "198.51.100.9", "192.88.99.20"];
        for (n, who) in (0u32..).zip(&people) {
            fails(&stage, who, at + 2 * MINUTE * n, from[n as usize % 3]).await;
        }
        assert_eq!(found(&stage, AuditRule::PasswordSpraying).await.len(), 1);
        gets_in(&stage, &people[0], at + 10 * MINUTE, (ATTACKER, CURL)).await;
        assert_eq!(found(&stage, AuditRule::PasswordSpraying).await, [], "who mistypes gets in soon after");
        execute(&stage, "DELETE FROM sign_in_events WHERE outcome = 'succeeded'", []).await;
        gets_in(&stage, &people[0], at + 10 * MINUTE + INSTANT, (ATTACKER, CURL)).await;
        let sprayed = found(&stage, AuditRule::PasswordSpraying).await;
        assert_eq!(sprayed.len(), 1, "{}", stage.test_database.name);
        assert_eq!(sprayed[0].evidence.number(FactName::Failures), 10);
    }
}

async fn is_reset(stage: &Stage, member: MemberId, at: Timestamp) {
    let sql = "INSERT INTO second_factor_resets (workspace_id, id, member_id, reset_by, reset_at) VALUES ($1, $2, $3, NULL, $4)";
    let id: SecondFactorResetId = stage.clock.id_at(at);
    execute(stage, sql, [stage.workspace_id.0.into(), id.0.into(), member.0.into(), at.0.into()]).await;
}

#[tokio::test]
async fn a_sign_in_from_nowhere_after_a_factor_was_reset_cannot_wait() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia, caio, duda] = accounts(&stage, ["Ana", "Bia", "Caio", "Duda"]).await;
        let start = stage.clock.now();
        for who in [&ana, &bia, &caio] {
            comes_daily(&stage, who, start, 10).await;
        }
        let reset = start + 10 * DAY;
        stage.clock.set(reset + 2 * DAY);
        for who in [&ana, &bia, &caio] {
            is_reset(&stage, who.member, reset).await;
        }
        gets_in(&stage, &ana, reset + HOUR, ("192.0.2.99", IPHONE)).await;
        gets_in(&stage, &ana, reset + DAY + INSTANT, (ATTACKER, CURL)).await;
        gets_in(&stage, &duda, reset + HOUR, (ATTACKER, CURL)).await;
        assert_eq!(
            found(&stage, AuditRule::SignInAfterFactorReset).await,
            [],
            "her network, too late, no reset"
        );

        // Who looked in once before has not made the network hers.
        gets_in(&stage, &bia, start + HOUR, (ATTACKER, IPHONE)).await;
        gets_in(&stage, &bia, reset + DAY, (ATTACKER, CURL)).await;
        gets_in(&stage, &caio, reset + HOUR, (ATTACKER, CHROME)).await;
        gets_in(&stage, &caio, reset + HOUR * 2, ("198.51.100.5", CHROME)).await;
        let after = found(&stage, AuditRule::SignInAfterFactorReset).await;
        let mut who: Vec<_> =
            after.iter().map(|found| (found.about.member().unwrap(), found.severity)).collect();
        who.sort_by_key(|(member, _)| *member);
        let mut expected =
            [(bia.member, Severity::Critical), (caio.member, Severity::High), (caio.member, Severity::High)];
        expected.sort_by_key(|(member, _)| *member);
        assert_eq!(who, expected, "once a network");
        gets_in(&stage, &caio, reset + HOUR * 3, ("198.51.100.77", CHROME)).await;
        assert_eq!(found(&stage, AuditRule::SignInAfterFactorReset).await, after, "it is known by then");
        let [portuguese, english, spanish] = told(&stage, AuditRule::SignInAfterFactorReset).await;
        let of_bia = portuguese.iter().find(|told| told.who == "Bia").unwrap();
        assert_eq!(
            of_bia.seen,
            "O login veio de uma rede que não é de costume desta pessoa, com um aparelho que ela nunca tinha usado."
        );
        assert_eq!(of_bia.facts[1].value, "portaria admin");
        assert!(english.iter().all(|told| told.seen.starts_with("The sign-in")) && spanish.len() == 3);

        // Colleagues of a week before the reset, once they have come again.
        for days in [1, 5] {
            assert_eq!(found(&stage, AuditRule::SignInAfterFactorReset).await.len(), 3);
            for who in [&ana, &duda] {
                gets_in(&stage, who, start + days * DAY, (ATTACKER, CHROME)).await;
            }
        }
        let after = found(&stage, AuditRule::SignInAfterFactorReset).await;
        let who: Vec<_> = after.iter().map(|found| found.about.member()).collect();
        assert_eq!(who, [Some(caio.member)], "the company's address; the other one is still strange");
    }
}

#[tokio::test]
async fn who_is_new_is_at_home_where_they_were_before_their_factor_was_reset() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana] = accounts(&stage, ["Ana"]).await;
        let start = stage.clock.now();
        gets_in(&stage, &ana, start, (OFFICE, CHROME)).await;
        is_reset(&stage, ana.member, start + DAY * 2).await;
        stage.clock.set(start + DAY * 3);
        gets_in(&stage, &ana, start + DAY * 2 + HOUR, (OFFICE, CHROME)).await;
        assert_eq!(
            found(&stage, AuditRule::SignInAfterFactorReset).await,
            [],
            "{}",
            stage.test_database.name
        );
        gets_in(&stage, &ana, start - DAY * 6, ("198.51.100.5", CHROME)).await;
        assert_eq!(found(&stage, AuditRule::SignInAfterFactorReset).await.len(), 1);
    }
}

async fn opens(stage: &Stage, minutes: (i32, i32), exceptions: &str) {
    let id: MemberId = stage.clock.new_id();
    let weekly: Vec<String> = (1..=7)
        .map(|day| format!("{{\"weekday\":{day},\"from\":{},\"until\":{}}}", minutes.0, minutes.1))
        .collect();
    let sql = "INSERT INTO business_hours (workspace_id, id, team_id, channel_id, time_zone, weekly, exceptions) \
               VALUES ($1, $2, NULL, $3, 'America/Sao_Paulo', $4, $5)";
    let weekly = format!("[{}]", weekly.join(","));
    let values =
        [stage.workspace_id.0.into(), id.0.into(), stage.sales.0.into(), weekly.into(), exceptions.into()];
    execute(stage, "DELETE FROM business_hours", []).await;
    execute(stage, sql, values).await;
}

#[tokio::test]
async fn three_in_the_morning_is_not_ones_hour() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia, caio, duda] = accounts(&stage, ["Ana", "Bia", "Caio", "Duda"]).await;
        // Nine in the morning in São Paulo.
        let start = stage.clock.now();
        comes_daily(&stage, &ana, start, 20).await;
        comes_daily(&stage, &bia, start, 19).await;
        comes_daily(&stage, &caio, start, 20).await;
        has_session(&stage, &caio, (start, start + 9 * HOUR)).await;
        // Shifts: by day and by night in turn.
        for day in 0..20 {
            let shift = if day % 4 < 2 { 0 } else { 12 };
            gets_in(&stage, &duda, start + DAY * day + HOUR * shift, (OFFICE, CHROME)).await;
        }
        let day = start + 20 * DAY;
        stage.clock.set(day + DAY);
        gets_in(&stage, &ana, day + 2 * HOUR, (OFFICE, CHROME)).await;
        gets_in(&stage, &bia, day + 18 * HOUR, (ATTACKER, CURL)).await;
        gets_in(&stage, &caio, day + 11 * HOUR, (OFFICE, CHROME)).await;
        gets_in(&stage, &duda, day + 13 * HOUR, (OFFICE, CHROME)).await;
        assert_eq!(
            found(&stage, AuditRule::SignInOutOfHours).await,
            [],
            "near, not learned, worked late, shifts"
        );

        gets_in(&stage, &ana, day + 18 * HOUR, (OFFICE, CHROME)).await;
        gets_in(&stage, &ana, day + 19 * HOUR, (OFFICE, CHROME)).await;
        gets_in(&stage, &caio, day + 11 * HOUR + INSTANT, ("198.51.100.5", CHROME)).await;
        let odd = found(&stage, AuditRule::SignInOutOfHours).await;
        let who: Vec<_> = odd.iter().map(|found| (found.about.member().unwrap(), found.severity)).collect();
        assert_eq!(who, [(ana.member, Severity::Low)], "Caio was there at ten already: {odd:?}");
        execute(&stage, "DELETE FROM sign_in_events WHERE \"at\" = $1", [(day + 11 * HOUR).0.into()]).await;
        let odd = found(&stage, AuditRule::SignInOutOfHours).await;
        let who: Vec<_> = odd.iter().map(|found| (found.about.member().unwrap(), found.severity)).collect();
        assert_eq!(who, [(caio.member, Severity::Medium), (ana.member, Severity::Low)]);
        let [portuguese, english, spanish] = told(&stage, AuditRule::SignInOutOfHours).await;
        assert!(portuguese[0].seen.ends_with("de uma rede que nunca tinha usado."));
        assert!(english[1].seen.ends_with("a known network.") && spanish[1].seen.ends_with("conocida."));

        // Two in the morning until six; on the day itself it is a holiday.
        opens(&stage, (120, 360), "[]").await;
        let odd = found(&stage, AuditRule::SignInOutOfHours).await;
        assert_eq!(odd.iter().map(|found| found.about.member()).collect::<Vec<_>>(), [Some(caio.member)]);
        opens(&stage, (120, 360), "[{\"date\":\"2026-03-23\",\"spans\":[]}]").await;
        assert_eq!(found(&stage, AuditRule::SignInOutOfHours).await.len(), 2, "closed that day");
    }
}

#[tokio::test]
async fn six_networks_at_once_are_too_many() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let enter = async |address: String| {
            let origin = Origin { address, user_agent: CHROME.to_owned(), ..Origin::default() };
            let attempt =
                Attempt { email: &ana.email, password: PASSWORD, code: None, workspace_id: None, origin };
            sign_in(&stage.installation, attempt).await.unwrap()
        };
        for n in 0..4 {
            enter(format!("198.51.{n}.7")).await;
            enter("192.0.2.77".to_owned()).await;
        }
        assert_eq!(found(&stage, AuditRule::ManySessions).await, [], "five networks, one of them the first");
        let last = enter("203.0.113.9".to_owned()).await;
        let many = found(&stage, AuditRule::ManySessions).await;
        assert_eq!(many.len(), 1);
        assert_eq!((many[0].severity, many[0].about.member()), (Severity::Medium, Some(ana.member_id)));
        assert_eq!(many[0].evidence.number(FactName::SessionCount), 10);
        let Some(FactValue::Addresses { named, count }) = many[0].evidence.get(FactName::Addresses) else {
            panic!()
        };
        assert_eq!((named[0].address.as_str(), named[0].failures, *count), ("192.0.2.77", 4, 7));
        let [portuguese, english, spanish] = told(&stage, AuditRule::ManySessions).await;
        assert_eq!(portuguese[0].seen, "10 sessões abertas ao mesmo tempo, de 7 endereços.");
        assert!(
            english[0].seen.starts_with("10 open sessions") && spanish[0].seen.starts_with("10 sesiones")
        );

        stage.clock.advance(MINUTE);
        let viewer = stage.viewer(last.token.reveal()).await.unwrap();
        sign_out(&stage.installation, &viewer).await.unwrap();
        stage.clock.advance(13 * HOUR);
        assert_eq!(
            found(&stage, AuditRule::ManySessions).await,
            many,
            "one has ended and all are idle; it was today"
        );
        stage.clock.advance(11 * HOUR + INSTANT);
        assert_eq!(found(&stage, AuditRule::ManySessions).await, [], "it was yesterday");

        // One after the other they are not many.
        for n in 0..8 {
            enter(format!("198.51.{n}.7")).await;
            stage.clock.advance(4 * HOUR);
        }
        assert_eq!(found(&stage, AuditRule::ManySessions).await, []);
    }
}
