//! Those who try to get in, and some who do.

use portaria_domain::authentication::Origin;
use portaria_domain::granting::Authority;
use portaria_domain::second_factor;
use portaria_entity::sign_in_event::SignInOutcome;
use portaria_entity::time::Timestamp;

use super::super::Company;
use super::super::acting::Try;
use super::super::chance::Chance;
use super::super::employee::{COMPUTER, Job, on_the_way};
use super::super::planted::Whom;

const ATTACKER: &str = "203.0.113.66";
/// Of somebody else than the attackers who guess: nobody's account was ever opened from there.
const FRAUD: &str = "203.0.113.90";
const AGENT: &str = "python-requests/2.32";
const ABROAD: &str = "198.51.100.7";
const LISBON: &str = "198.19.130.5";
/// What may be said of somebody in whose name a stranger got in.
const INTRUDED: &[&str] = &[
    "account_under_attack",
    "success_after_failures",
    "stuffing_succeeded",
    "new_place",
    "impossible_travel",
    "sign_in_out_of_hours",
    "many_sessions",
    "sign_in_after_factor_reset",
];
const SPRAYED: &[&str] = &["address_on_many_accounts", "password_spraying", "account_under_attack"];

impl Company {
    /// Wrong passwords of many, one after another, each a little later.
    async fn fail_at(&self, (day, minute): (i64, i64), tries: impl Iterator<Item = (usize, String, i64)>) {
        let transaction = self.stage.installation.database.begin().await.expect("a transaction");
        let began = self.set_clock(day, minute);
        for (who, address, seconds) in tries {
            self.stage.clock.set(Timestamp(began.0 + seconds * 1_000_000));
            self.fails(&transaction, Try { who: Some(who), address: &address, agent: AGENT }).await;
        }
        transaction.commit().await.expect("committed");
    }

    /// Gets in now, from a device that is not known.
    async fn intrude(&mut self, who: usize, address: &str, agent: &str) {
        let transaction = self.stage.installation.database.begin().await.expect("a transaction");
        self.gets_in(&transaction, Try { who: Some(who), address, agent }, None).await;
        transaction.commit().await.expect("committed");
    }

    fn targets(&self, most: usize, day: i64) -> Vec<usize> {
        let there = self.staff.iter().enumerate().filter(|(_, one)| one.is_there(day));
        there.map(|(who, _)| who).take(most).collect()
    }

    pub(super) async fn spray_from_one(&mut self, when: (i64, i64)) {
        let targets = self.targets(30, when.0);
        let tries = targets.iter().zip(0..).map(|(who, n)| (*who, ATTACKER.to_owned(), n * 40));
        self.fail_at(when, tries).await;
        let at = self.set_clock(when.0, when.1);
        self.expect_with("address_on_many_accounts", Whom::Any, (at, 0), SPRAYED);
    }

    /// Each account from an address of its own.
    pub(super) async fn spray_from_many(&mut self, when: (i64, i64), minutes_apart: i64) {
        let targets = self.targets(if minutes_apart > 1 { 12 } else { 40 }, when.0);
        let tries = targets.iter().zip(0..);
        let tries = tries.map(|(who, n)| (*who, format!("203.0.113.{}", n + 1), n * 60 * minutes_apart));
        self.fail_at(when, tries).await;
        let at = self.set_clock(when.0, when.1);
        self.expect_with("password_spraying", Whom::Any, (at, 0), SPRAYED);
    }

    pub(super) async fn guessing(&mut self, victim: usize, when: (i64, i64)) {
        self.fail_at(when, (0..60).map(|n| (victim, ATTACKER.to_owned(), n * 45))).await;
        let at = self.set_clock(when.0, when.1);
        self.expect("account_under_attack", Whom::Member(self.member(victim)), at, 0);
    }

    pub(super) async fn guessed_right(&mut self, victim: usize, when: (i64, i64)) {
        self.fail_at(when, (0..8).map(|n| (victim, ATTACKER.to_owned(), n * 60))).await;
        let at = self.set_clock(when.0, when.1 + 9);
        self.intrude(victim, ATTACKER, AGENT).await;
        self.expect_with("success_after_failures", Whom::Member(self.member(victim)), (at, 0), INTRUDED);
    }

    /// One password each, as they were leaked elsewhere; one of them is right.
    pub(super) async fn stuffing(&mut self, victim: usize, when: (i64, i64)) {
        let targets = self.targets(25, when.0);
        let others = targets.iter().filter(|who| **who != victim).zip(0..);
        self.fail_at(when, others.map(|(who, n)| (*who, ATTACKER.to_owned(), n * 20))).await;
        let at = self.set_clock(when.0, when.1 + 10);
        self.intrude(victim, ATTACKER, AGENT).await;
        self.expect_with("stuffing_succeeded", Whom::Member(self.member(victim)), (at, 0), INTRUDED);
        self.expect_with("address_on_many_accounts", Whom::Any, (at, 0), SPRAYED);
    }

    /// Whoever was given the password has no second factor.
    pub(super) async fn phished(&mut self, victim: usize, (day, minute): (i64, i64)) {
        let at = self.set_clock(day, minute);
        let transaction = self.stage.installation.database.begin().await.expect("a transaction");
        let attempt = Try { who: Some(victim), address: FRAUD, agent: AGENT };
        self.note_sign_in(&transaction, &attempt, SignInOutcome::SecondFactorMissing).await;
        transaction.commit().await.expect("committed");
        self.expect("password_known", Whom::Member(self.member(victim)), at, 0);
    }

    /// Somebody has copied the token of their session, and reads on in it from abroad.
    pub(super) async fn stolen_session(&mut self, victim: usize) {
        let open = self.staff[victim].session.as_ref().expect("they are at work");
        let origin = Origin { address: ABROAD.to_owned(), user_agent: AGENT.to_owned(), device: None };
        self.shows(&open.token, &origin).await;
        let transaction = self.stage.installation.database.begin().await.expect("a transaction");
        let told = Some((serde_json::json!({ "contacts": [] }), ABROAD.to_owned()));
        let subject = self.member(victim).to_string();
        self.did(&transaction, victim, ("contact.phone_revealed", subject), told).await;
        transaction.commit().await.expect("committed");
        let at = self.stage.clock.now();
        self.expect_with("session_used_elsewhere", Whom::Member(self.member(victim)), (at, 0), INTRUDED);
    }

    /// In the morning they came to the office; before noon they are in New York.
    pub(super) async fn two_places_at_once(&mut self, victim: usize) {
        let agent = self.staff[victim].devices[COMPUTER].agent;
        self.intrude(victim, ABROAD, agent).await;
        let at = self.stage.clock.now();
        self.expect_with("impossible_travel", Whom::Member(self.member(victim)), (at, 0), INTRUDED);
    }

    /// On a holiday, days after they were seen last.
    pub(super) async fn new_country(&mut self, victim: usize) {
        let at = self.stage.clock.now();
        self.intrude(
            victim,
            LISBON,
            "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
        )
        .await;
        self.expect_with("new_place", Whom::Member(self.member(victim)), (at, 0), INTRUDED);
    }

    pub(super) async fn at_night(&mut self, victim: usize, day: i64) {
        let (home, agent) = (self.staff[victim].home(day), self.staff[victim].devices[COMPUTER].agent);
        let at = self.stage.clock.now();
        self.intrude(victim, &home, agent).await;
        self.expect_with("sign_in_out_of_hours", Whom::Member(self.member(victim)), (at, 0), INTRUDED);
    }

    /// Of one account, which half of a shop uses.
    pub(super) async fn many_sessions(&mut self, victim: usize, (day, minute): (i64, i64)) {
        let mut chance = Chance::of(&[self.scale.seed, day, 5]);
        let at = self.set_clock(day, minute);
        for n in 0..8 {
            self.set_clock(day, minute + n * 5);
            let (address, agent) = (on_the_way(&mut chance), self.staff[victim].devices[COMPUTER].agent);
            self.intrude(victim, &address, agent).await;
        }
        self.expect_with("many_sessions", Whom::Member(self.member(victim)), (at, 0), INTRUDED);
    }

    /// "I have lost my telephone", says who is not them.
    pub(super) async fn factor_fraud(&mut self, victim: usize, (day, minute): (i64, i64)) {
        let at = self.reset_factor(victim, Job::Administrator).await;
        self.set_clock(day, minute + 170);
        self.intrude(victim, FRAUD, AGENT).await;
        let whom = Whom::Member(self.member(victim));
        self.expect_with("second_factor_reset", whom, (at, 0), INTRUDED);
        self.expect_with("sign_in_after_factor_reset", whom, (at, 0), INTRUDED);
    }

    /// Who has lost it really goes on at their desk, and has another the same day.
    pub(super) async fn honest_reset(&mut self, victim: usize, (day, minute): (i64, i64)) {
        let at = self.reset_factor(victim, Job::Administrator).await;
        self.set_clock(day, minute + 30);
        let (device, address) = (&self.staff[victim].devices[COMPUTER], self.staff[victim].home(day));
        let (agent, token) = (device.agent, device.token.clone());
        let transaction = self.stage.installation.database.begin().await.expect("a transaction");
        self.gets_in(&transaction, Try { who: Some(victim), address: &address, agent }, token).await;
        transaction.commit().await.expect("committed");
        self.set_up_factor(victim).await;
        self.expect("second_factor_reset", Whom::Member(self.member(victim)), at, 0);
    }

    pub(super) async fn administrators_factor_reset(&mut self, (day, minute): (i64, i64)) {
        let victim = self.nth(Job::Administrator, 1);
        let sql = "DELETE FROM second_factors WHERE user_id = $1";
        self.run(sql, [self.staff[victim].account().1.0.into()]).await;
        let at = self.reset_factor(victim, Job::Administrator).await;
        self.set_clock(day, minute + 30);
        self.set_up_factor(victim).await;
        self.expect("second_factor_reset", Whom::Member(self.member(victim)), at, 0);
        self.excuse("administrator_without_second_factor", Whom::Member(self.member(victim)), at, 0);
    }

    /// Has one, and an administrator takes it away.
    async fn reset_factor(&mut self, victim: usize, by: Job) -> Timestamp {
        self.set_up_factor(victim).await;
        let (by, member) = (self.member(self.nth(by, 0)), self.member(victim));
        let mut change = self.change(Authority::Member(by)).await;
        second_factor::reset::reset(&mut change, member, "perdeu o celular").await.expect("reset");
        change.finish().await.expect("finished");
        self.staff[victim].session = None;
        self.stage.clock.now()
    }

    pub(super) async fn set_up_factor(&mut self, who: usize) {
        let user = self.staff[who].account().1;
        second_factor::set_up(&self.stage.installation, user).await.expect("a second factor");
        self.staff[who].has_factor = true;
    }
}
