//! What colleagues do and leave undone.

use portaria_domain::access::Scope;
use portaria_domain::grant::{self, Giving, NewGrant};
use portaria_domain::granting::Authority;
use portaria_domain::{member, role, workspace};
use portaria_entity::id::GrantId;
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;

use super::super::Company;
use super::super::acting::Try;
use super::super::calendar::{DAY, HOUR};
use super::super::employee::{COMPUTER, Job};
use super::super::planted::Whom;

const TEMPORARY: &str = "temporário, campanha de junho";

impl Company {
    /// An administrator gives somebody a role until then.
    async fn give(
        &self,
        who: usize,
        role: BuiltInRole,
        scope: Scope,
        until: Option<Timestamp>,
        reason: &str,
    ) -> GrantId {
        let mut change = self.change(Authority::Member(self.member(0))).await;
        let role =
            role::built_in(&change.transaction, self.stage.workspace_id, role).await.expect("a role").id;
        let member_id = self.member(who);
        let giving = Giving { member_id, role_id: role, scope, valid_from: None, valid_until: until, reason };
        let given = grant::give(&mut change, giving).await.expect("given");
        change.finish().await.expect("finished");
        given.id
    }

    /// Made administrator for a day, takes the whole log along, and is what they were by evening.
    pub(super) async fn export_after_grant(&mut self, victim: usize, (day, minute): (i64, i64)) {
        let until = Some(Timestamp(self.stage.clock.now().0 + DAY));
        let given =
            self.give(victim, BuiltInRole::Administrator, Scope::Workspace, until, "fechamento").await;
        let at = self.set_clock(day, minute + 300);
        let transaction = self.stage.installation.database.begin().await.expect("a transaction");
        let told =
            Some((serde_json::json!({ "format": "csv", "rows": 12_000 }), self.staff[victim].home(day)));
        let subject = self.stage.workspace_id.to_string();
        self.did(&transaction, victim, ("activity.exported", subject), told).await;
        transaction.commit().await.expect("committed");
        self.set_clock(day, minute + 400);
        let mut change = self.change(Authority::Member(self.member(0))).await;
        grant::revoke(&mut change, given, "feito").await.expect("revoked");
        change.finish().await.expect("finished");
        self.expect("export_after_grant", Whom::Member(self.member(victim)), at, 0);
        self.excuse("administrator_without_second_factor", Whom::Member(self.member(victim)), at, 0);
        self.excuse("ending_grant", Whom::Member(self.member(victim)), at, 1);
        self.excuse("second_factor_missing", Whom::Member(self.member(victim)), at, 1);
    }

    /// Looks up the numbers of hundreds of customers in an evening.
    pub(super) async fn harvest(&mut self, victim: usize) {
        let at = self.stage.clock.now();
        let transaction = self.stage.installation.database.begin().await.expect("a transaction");
        self.reveals(&transaction, victim, 300).await;
        transaction.commit().await.expect("committed");
        self.expect("unusual_disclosure", Whom::Member(self.member(victim)), at, 0);
    }

    /// Was there twice for a while; the third time nobody said until when.
    pub(super) async fn temporary_without_end(&mut self, victim: usize) {
        let installation = &self.stage.installation;
        let now = self.stage.clock.now();
        let transaction = installation.database.begin().await.expect("a transaction");
        let workspace_id = self.stage.workspace_id;
        let role = role::built_in(&transaction, workspace_id, BuiltInRole::Support).await.expect("a role").id;
        for valid_until in [Some(Timestamp(now.0 + HOUR)), Some(Timestamp(now.0 + 2 * HOUR)), None] {
            let scope = Scope::Channel(self.stage.sales);
            let granted_by = Some(self.member(0));
            let (member_id, role_id) = (self.member(victim), role);
            let new = NewGrant {
                workspace_id,
                member_id,
                role_id,
                scope,
                valid_until,
                reason: TEMPORARY,
                granted_by,
            };
            grant::insert(&transaction, &self.stage.clock, new).await.expect("a grant");
        }
        // What they hold otherwise has an end, too.
        workspace::bump_access_epoch(&transaction, installation, workspace_id).await.expect("an epoch");
        transaction.commit().await.expect("committed");
        let sql = "UPDATE grants SET valid_until = $3 WHERE workspace_id = $1 AND member_id = $2 AND reason <> $4 \
                   AND valid_until IS NULL";
        let until = Timestamp(now.0 + 300 * DAY).0;
        let values = [workspace_id.0.into(), self.member(victim).0.into(), until.into(), TEMPORARY.into()];
        self.run(sql, values).await;
        self.expect("endless_grant", Whom::Member(self.member(victim)), now, 0);
        self.excuse("ending_grant", Whom::Member(self.member(victim)), now, 1);
        self.excuse("ending_grant", Whom::Member(self.member(victim)), Timestamp(now.0 + 285 * DAY), 14);
    }

    pub(super) async fn grant_that_ends(&mut self, victim: usize) {
        let now = self.stage.clock.now();
        let until = Some(Timestamp(now.0 + 20 * DAY));
        self.give(victim, BuiltInRole::Support, Scope::Channel(self.sundays), until, "férias de um colega")
            .await;
        self.expect("ending_grant", Whom::Member(self.member(victim)), now, 13);
    }

    /// An agent who may do what developers do, and never does.
    pub(super) async fn power_never_used(&mut self, victim: usize) {
        let now = self.stage.clock.now();
        self.give(victim, BuiltInRole::Developer, Scope::Workspace, None, "pediu").await;
        self.set_up_factor(victim).await;
        self.expect("unused_permission", Whom::Member(self.member(victim)), now, 90);
    }

    /// Whoever left and kept their access looks in again. It is two, one after the other.
    pub(super) async fn forgotten_comes_back(&mut self, day: i64) {
        let forgotten = self.staff.iter().enumerate().filter(|(_, one)| one.is_kept && one.keeps_access);
        let mut forgotten: Vec<usize> = forgotten.map(|(who, _)| who).collect();
        forgotten.sort_by_key(|who| self.staff[*who].leaves);
        let who = forgotten[usize::from(day > 200)];
        let at = self.stage.clock.now();
        let (home, agent) = (self.staff[who].home(day), self.staff[who].devices[COMPUTER].agent);
        let transaction = self.stage.installation.database.begin().await.expect("a transaction");
        self.gets_in(&transaction, Try { who: Some(who), address: &home, agent }, None).await;
        transaction.commit().await.expect("committed");
        let whom = Whom::Member(self.member(who));
        self.expect_with("dormant_account_awakened", whom, (at, 0), &["new_place", "sign_in_out_of_hours"]);
        // Thirty days later they are missed again.
        self.expect("inactive_member", whom, at, 30);
    }

    pub(super) async fn one_administrator_left(&mut self, day: i64) {
        let at = self.stage.clock.now();
        for n in [1, 2] {
            let who = self.nth(Job::Administrator, n);
            self.staff[who].away.push(day..day + 7);
            let gone = self.member(self.nth(Job::Administrator, n));
            let mut change = self.change(Authority::Installation).await;
            member::suspend(&mut change, gone).await.expect("suspended");
            change.finish().await.expect("finished");
        }
        self.expect("only_administrator", Whom::Any, at, 0);
    }

    pub(super) async fn administrators_are_back(&mut self) {
        for n in [1, 2] {
            let back = self.member(self.nth(Job::Administrator, n));
            let mut change = self.change(Authority::Installation).await;
            member::reinstate(&mut change, back).await.expect("reinstated");
            change.finish().await.expect("finished");
        }
    }

    /// Who answered on Sundays is suspended.
    pub(super) async fn nobody_on_sundays(&mut self) {
        let at = self.stage.clock.now();
        let sql = "SELECT DISTINCT g.member_id FROM grants g JOIN members m ON m.workspace_id = g.workspace_id \
                   AND m.id = g.member_id WHERE g.workspace_id = $1 AND g.channel_id = $2 AND g.closed_at IS NULL \
                   AND g.valid_until IS NULL AND m.status = 'active' ORDER BY g.member_id";
        let database = &self.stage.installation.database;
        let values = [self.stage.workspace_id.0.into(), self.sundays.0.into()];
        let rows =
            sea_orm::ConnectionTrait::query_all_raw(database.reader(), database.statement(sql, values));
        for row in rows.await.expect("rows") {
            let gone = row.try_get_by_index(0).expect("a member");
            let mut change = self.change(Authority::Installation).await;
            member::suspend(&mut change, gone).await.expect("suspended");
            change.finish().await.expect("finished");
            if let Some(one) =
                self.staff.iter_mut().find(|one| one.account.is_some_and(|(member, _)| member == gone))
            {
                (one.leaves, one.keeps_access) = (0, true);
            }
        }
        self.expect("nobody_available", Whom::Channel(self.sundays), at, 0);
    }

    /// An administrator, or a developer, gives theirs up.
    pub(super) async fn without_factor(&mut self, which: usize) {
        let at = self.stage.clock.now();
        let job = [Job::Administrator, Job::Developer][which];
        let who = self.nth(job, if which == 0 { 1 } else { 0 });
        let sql = "DELETE FROM second_factors WHERE user_id = $1";
        self.run(sql, [self.staff[who].account().1.0.into()]).await;
        self.staff[who].has_factor = false;
        let rule = ["administrator_without_second_factor", "second_factor_missing"][which];
        self.expect_with(rule, Whom::Member(self.member(who)), (at, 0), &["second_factor_missing"]);
    }

    pub(super) async fn factors_are_back(&mut self) {
        for who in 0..self.staff.len() {
            let one = &self.staff[who];
            if !one.has_factor && matches!(one.job, Job::Administrator | Job::Developer) {
                self.set_up_factor(who).await;
            }
        }
    }
}
