//! The auditor's rule on a right password in a stranger's hands, while the second factor holds.

use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_entity::finding::{AuditRule, Severity};
use portaria_testing::{Stage, databases};

use crate::recorded::*;

const ATTACKER: &str = "203.0.113.66";
const HOTEL: &str = "198.51.100.9";
const CURL: &str = "curl/8";

async fn severities(stage: &Stage) -> Vec<Severity> {
    found(stage, AuditRule::PasswordKnown).await.iter().map(|found| found.severity).collect()
}

#[tokio::test]
async fn a_right_password_is_told_of_when_no_second_factor_follows_in_strange_hands() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia] = accounts(&stage, ["Ana", "Bia"]).await;
        let (other, _, _) = stage.another_workspace().await;
        let start = stage.clock.now();
        for who in [&ana, &bia] {
            comes_daily(&stage, who, start, 20).await;
        }
        let day = start + DAY * 20;
        stage.clock.set(day + HOUR);
        // She gives the code a little later, at home she lays it aside, and on the way she has her own telephone.
        is_held(&stage, &ana, day, (HOTEL, CURL)).await;
        gets_in(&stage, &ana, day + MINUTE * 10, (HOTEL, CURL)).await;
        is_held(&stage, &ana, day + MINUTE, (OFFICE, CURL)).await;
        is_held(&stage, &ana, day + MINUTE * 2, ("192.88.99.20", CHROME)).await;
        assert_eq!(severities(&stage).await, []);

        let at = day + HOUR;
        is_held(&stage, &bia, at, (ATTACKER, CURL)).await;
        guesses_code(&stage, &bia, at + MINUTE, (ATTACKER, CURL)).await;
        stage.clock.set(at + MINUTE * 10 - INSTANT);
        assert_eq!(severities(&stage).await, [], "it may still come");
        stage.clock.set(at + MINUTE * 10);
        assert_eq!(severities(&stage).await, [Severity::Medium]);
        stage.clock.set(at + HOUR);
        assert_eq!(severities(&stage).await, [Severity::Medium], "once for what follows");
        assert_eq!(found_in(&stage, other, AuditRule::PasswordKnown).await, []);
        stage.clock.set(at + 9 * DAY);
        assert_eq!(severities(&stage).await, [], "out of sight after a week");
    }
}

#[tokio::test]
async fn a_try_in_one_workspace_hides_none_in_another() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana] = accounts(&stage, ["Ana"]).await;
        let (other, _, _) = stage.another_workspace().await;
        let start = stage.clock.now();
        comes_daily(&stage, &ana, start, 20).await;
        let day = start + DAY * 20 + HOUR;
        is_held(&stage, &ana, day, (ATTACKER, CURL)).await;
        stage.clock.set(day);
        let moved = "UPDATE sign_in_events SET workspace_id = $1 WHERE \"at\" = $2";
        execute(&stage, moved, [other.0.into(), day.0.into()]).await;
        is_held(&stage, &ana, day + MINUTE * 5, (ATTACKER, CURL)).await;
        stage.clock.set(day + HOUR);
        let known = found(&stage, AuditRule::PasswordKnown).await;
        assert_eq!(known.len(), 1);
        assert_eq!(known[0].evidence.at(FactName::RightPassword), Some(day + MINUTE * 5));
    }
}

#[tokio::test]
async fn a_password_that_was_guessed_is_known_whatever_holds() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia] = accounts(&stage, ["Ana", "Bia"]).await;
        let start = stage.clock.now();
        for who in [&ana, &bia] {
            comes_daily(&stage, who, start, 20).await;
        }
        let day = start + DAY * 20;
        stage.clock.set(day + HOUR);
        for n in 0..5 {
            fails(&stage, &ana, day + MINUTE * n, ATTACKER).await;
            // At home it is her own memory, and her telephone that is elsewhere.
            fails(&stage, &bia, day + MINUTE * n, OFFICE).await;
        }
        is_held(&stage, &ana, day + MINUTE * 5, (ATTACKER, CHROME)).await;
        is_held(&stage, &bia, day + MINUTE * 5, (OFFICE, CHROME)).await;
        let known = found(&stage, AuditRule::PasswordKnown).await;
        assert_eq!(known.len(), 1);
        assert_eq!((known[0].severity, known[0].about.member()), (Severity::High, Some(ana.member)));
        assert_eq!(known[0].evidence.number(FactName::Failures), 5);
        assert_eq!(known[0].evidence.at(FactName::RightPassword), Some(day + MINUTE * 5));
        assert_eq!(found(&stage, AuditRule::SuccessAfterFailures).await, [], "nobody got in");
        let [portuguese, english, spanish] = told(&stage, AuditRule::PasswordKnown).await;
        assert_eq!(
            portuguese[0].seen,
            "A senha certa veio de um endereço de onde a pessoa não costuma entrar, mas sem o segundo fator. Antes dela, 5 senhas erradas."
        );
        assert!(english[0].seen.ends_with("Before it, 5 wrong passwords."), "{}", english[0].seen);
        assert!(spanish[0].seen.ends_with("Antes, 5 contraseñas erróneas."), "{}", spanish[0].seen);
    }
}

#[tokio::test]
async fn leaked_passwords_that_fit_count_as_tries_and_each_is_known() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let names = ["Ana", "Bia", "Caio", "Duda", "Eva", "Gil"];
        let all = accounts(&stage, names).await;
        let start = stage.clock.now();
        for who in &all {
            comes_daily(&stage, who, start, 3).await;
        }
        let day = start + DAY * 3;
        stage.clock.set(day + HOUR);
        // Everybody's fits, and everybody has a second factor: no password is wrong at all.
        for (n, who) in (0u32..).zip(&all[..5]) {
            is_held(&stage, who, day + MINUTE * n, (ATTACKER, CHROME)).await;
        }
        let sprayed = found(&stage, AuditRule::AddressOnManyAccounts).await;
        assert_eq!(sprayed.len(), 1);
        let Some(FactValue::Accounts { count, .. }) = sprayed[0].evidence.get(FactName::Accounts) else {
            panic!()
        };
        assert_eq!(*count, 5);
        assert_eq!(severities(&stage).await, [], "four others each");
        is_held(&stage, &all[5], day + MINUTE * 6, (ATTACKER, CHROME)).await;
        assert_eq!(severities(&stage).await, [Severity::High; 6]);
        let [portuguese, english, _] = told(&stage, AuditRule::PasswordKnown).await;
        assert!(portuguese[0].seen.ends_with("falhou em 5 outras contas."), "{}", portuguese[0].seen);
        assert!(english[0].seen.ends_with("failed on 5 other accounts."), "{}", english[0].seen);
        // An office of people who then give their codes is none of it.
        for who in &all {
            gets_in(&stage, who, day + MINUTE * 9, (ATTACKER, CHROME)).await;
        }
        assert_eq!(severities(&stage).await, []);
        assert_eq!(found(&stage, AuditRule::AddressOnManyAccounts).await, []);
    }
}
