//! The company as it begins: who is there, with what, and which programs.

use std::ops::Range;

use portaria_domain::access::Scope;
use portaria_domain::api_key::{self, NewApiKey};
use portaria_domain::business_hours::{self, BusinessHours, Place, Span, WeeklySpan};
use portaria_domain::channel::{self, NewChannel};
use portaria_domain::grant::{self, NewGrant};
use portaria_domain::granting::Authority;
use portaria_domain::member::{self, NewMember};
use portaria_domain::{role, second_factor, workspace};
use portaria_entity::id::{ChannelId, ContactId};
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;

use super::calendar::{DAY, at};
use super::chance::Chance;
use super::employee::{Employee, Job, Shift};
use super::planted::Whom;
use super::{Company, Program, Scale, incident};
use crate::countries::CountryFile;
use crate::database::TestDatabase;
use crate::stage::{START, Stage};

const CUSTOMERS: usize = 500;
/// Longer than a key may last is not asked for.
const KEY_DAYS: i64 = 365;
/// What a program does that shows what customers wrote.
const READING: &[&str] = &["contact:read", "message:read"];

pub async fn found(test_database: TestDatabase, scale: Scale) -> Company {
    let mut stage = Stage::repeatable(test_database).await;
    let countries = CountryFile::of_company();
    stage.installation.countries = countries.countries();
    let sundays = stage.sales;
    let mut company = Company {
        stage,
        scale,
        staff: staff(scale),
        programs: Vec::new(),
        customers: Vec::new(),
        sundays,
        coming: std::collections::BTreeMap::new(),
        planned: 0,
        script: incident::script(scale),
        planted: Vec::new(),
        opened: Vec::new(),
        open_after: Vec::new(),
        noted_until: START,
        _countries: countries,
    };
    if company.stage.installation.database.is_sqlite() {
        // Nobody's life depends on it: there is one connection that writes, and it need not wait for the disk.
        company.run("PRAGMA synchronous = OFF", []).await;
    }
    let sql = "UPDATE security_policies SET second_factor = 'roles' WHERE workspace_id = $1";
    company.run(sql, [company.stage.workspace_id.0.into()]).await;
    company.meet_customers().await;
    company.sundays = company.open_on_sundays().await;
    for who in 0..company.staff.len() {
        if company.staff[who].joins == 0 {
            company.hire(who).await;
        }
    }
    company.employ_programs().await;
    company.expect_what_is_there();
    company
}

/// Who there will be in the whole time, with their holidays and their ends.
fn staff(scale: Scale) -> Vec<Employee> {
    let part = |of_two_hundred: i64, least: i64| (of_two_hundred * scale.people / 200).max(least);
    let jobs = [
        (Job::Administrator, part(3, 3)),
        (Job::Developer, part(4, 2)),
        (Job::Analyst, part(4, 1)),
        (Job::Support, part(12, 2)),
    ];
    let mut jobs: Vec<Job> = jobs
        .iter()
        .flat_map(|(job, count)| std::iter::repeat_n(*job, count.cast_unsigned() as usize))
        .collect();
    let kept = if scale.is_year() { 40 } else { 10 };
    let joiners = part(22, 2);
    jobs.resize((scale.people + joiners).cast_unsigned() as usize, Job::Agent);
    let mut staff: Vec<Employee> =
        jobs.iter().zip(1..).map(|(job, number)| Employee::new(scale.seed, number, *job)).collect();
    let first = staff.iter().position(|one| one.job == Job::Agent).unwrap_or(0);
    for one in staff.iter_mut().skip(first).take(kept) {
        (one.shift, one.at_home, one.has_factor, one.is_kept) = (Shift::Early, 200, false, true);
    }
    let newcomers = scale.people.cast_unsigned() as usize;
    for (place, one) in staff.iter_mut().skip(newcomers).enumerate() {
        one.joins = 5 + place as i64 * (scale.days - 10) / joiners;
    }
    // Two of them never come.
    for one in staff.iter_mut().skip(newcomers).take(2) {
        (one.leaves, one.keeps_access) = (one.joins, true);
    }
    for one in staff.iter_mut().take(newcomers) {
        one.away = away(scale, one);
    }
    end_some(&mut staff, scale);
    staff
}

/// Four weeks, or twice two; a few are with their children for five months.
fn away(scale: Scale, one: &Employee) -> Vec<Range<i64>> {
    let mut chance = Chance::of(&[scale.seed, one.number, 4]);
    let once = |range: Range<i64>| std::iter::once(range).collect();
    if !scale.is_year() {
        // In a month, one in four is away for ten days.
        let begins = 3 + chance.below(20);
        return if one.number % 4 == 0 && !one.is_kept { once(begins..begins + 10) } else { Vec::new() };
    }
    if one.is_kept || one.job == Job::Administrator {
        return Vec::new();
    }
    if one.number % 67 == 0 {
        return once(60 + one.number..210 + one.number);
    }
    let begins = 20 + chance.below(300);
    if chance.is(600) {
        return once(begins..begins + 28);
    }
    let second = 20 + (begins + 120) % 300;
    vec![begins..begins + 14, second..second + 14]
}

/// Some leave and are removed the same day. Of the last of those who are kept, two leave and keep their access.
fn end_some(staff: &mut [Employee], scale: Scale) {
    let leavers = if scale.is_year() { 18 } else { 1 };
    let plain =
        |one: &&mut Employee| one.job == Job::Agent && !one.is_kept && one.joins == 0 && one.away.len() < 2;
    for (place, one) in staff.iter_mut().filter(plain).take(leavers).enumerate() {
        one.leaves = 15 + place as i64 * 18;
    }
    let forgotten = if scale.is_year() { [60, 100] } else { [2, 3] };
    let kept = staff.iter_mut().filter(|one| one.is_kept).rev();
    for (one, day) in kept.zip(forgotten) {
        (one.leaves, one.keeps_access) = (day, true);
    }
    if scale.is_year() {
        // A developer who made a key goes in time; an administrator is not seen for five weeks.
        if let Some(one) = staff.iter_mut().filter(|one| one.job == Job::Developer).nth(1) {
            one.leaves = 140;
        }
        if let Some(one) = staff.iter_mut().filter(|one| one.job == Job::Administrator).nth(2) {
            one.away.push(230..265);
        }
    }
}

impl Company {
    /// Makes somebody a member with the role of their job.
    pub(super) async fn hire(&mut self, who: usize) {
        let (installation, workspace) = (&self.stage.installation, self.stage.workspace_id);
        let one = &self.staff[who];
        let transaction = installation.database.begin().await.expect("a transaction");
        let new = NewMember { name: &one.name, email: &one.email, locale: one.locale(), password_hash: None };
        let row = member::create(&transaction, installation, workspace, new).await.expect("a member");
        let role = role::built_in(&transaction, workspace, one.job.role()).await.expect("a role");
        let scope = match one.job {
            Job::Administrator | Job::Developer | Job::Analyst => Scope::Workspace,
            Job::Support => Scope::Channel(self.stage.support),
            Job::Agent if one.number % 2 == 0 => Scope::Channel(self.stage.sales),
            Job::Agent => Scope::Channel(self.stage.support),
        };
        let granted_by = self.staff[0].account.map(|(member, _)| member);
        let mut new = NewGrant {
            workspace_id: workspace,
            member_id: row.id,
            role_id: role.id,
            scope,
            valid_until: None,
            reason: "trabalha aqui",
            granted_by,
        };
        grant::insert(&transaction, &self.stage.clock, new).await.expect("a grant");
        if one.shift == Shift::Weekend {
            new = NewGrant {
                workspace_id: workspace,
                member_id: row.id,
                role_id: role.id,
                scope: Scope::Channel(self.sundays),
                valid_until: None,
                reason: "atende aos domingos",
                granted_by,
            };
            grant::insert(&transaction, &self.stage.clock, new).await.expect("a grant");
        }
        workspace::bump_access_epoch(&transaction, installation, workspace).await.expect("an epoch");
        transaction.commit().await.expect("committed");
        if one.has_factor {
            second_factor::set_up(installation, row.user_id).await.expect("a second factor");
        }
        self.staff[who].account = Some((row.id, row.user_id));
        if self.staff[who].joins > 0 && self.staff[who].leaves == self.staff[who].joins {
            let joined = self.stage.clock.now();
            self.expect("never_signed_in", Whom::Member(row.id), joined, 7);
        }
    }

    async fn meet_customers(&mut self) {
        for number in 0..CUSTOMERS {
            let id: ContactId = self.stage.clock.new_id();
            let sql = "INSERT INTO contacts (workspace_id, id, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)";
            let (workspace, now) = (self.stage.workspace_id.0, self.stage.clock.now().0);
            let values = [workspace.into(), id.0.into(), format!("Cliente {number}").into(), now.into()];
            self.run(sql, values).await;
            self.customers.push(id);
        }
    }

    /// A third number, that is answered from Wednesday to Sunday; the others are from Monday to Friday.
    async fn open_on_sundays(&self) -> ChannelId {
        let new = NewChannel {
            workspace_id: self.stage.workspace_id,
            meta_app_id: self.stage.meta_app_id,
            name: "Plantão",
            waba_id: "padaria-waba",
            phone_number_id: "padaria-3",
            display_phone_number: "+55 11 4000-0003",
            team_id: None,
            access_token: None,
        };
        let transaction = self.stage.installation.database.begin().await.expect("a transaction");
        let id = channel::create(&transaction, &self.stage.installation, new).await.expect("a channel").id;
        transaction.commit().await.expect("committed");
        let mut change = self.change(Authority::Installation).await;
        for (channel, days) in [(self.stage.sales, 1..=5), (self.stage.support, 1..=5), (id, 3..=7)] {
            let span = Span { from: 9 * 60, until: 17 * 60 };
            let weekly = days.map(|weekday| WeeklySpan { weekday, span }).collect();
            let time_zone = "America/Sao_Paulo".to_owned();
            let hours = BusinessHours { time_zone, weekly, exceptions: Vec::new() };
            business_hours::set(&mut change, Place::Channel(channel), Some(&hours)).await.expect("hours");
        }
        change.finish().await.expect("finished");
        id
    }

    /// A good one, one that is given up, one that may far more than it does, and one whose maker will leave.
    async fn employ_programs(&mut self) {
        let year = self.scale.is_year();
        let always = i64::MAX;
        let programs = [
            ("CRM", BuiltInRole::Support, Scope::Channel(self.stage.sales), 0, (always, READING)),
            ("Painel antigo", BuiltInRole::Support, Scope::Channel(self.stage.sales), 0, (30, READING)),
            ("Relatórios", BuiltInRole::Developer, Scope::Workspace, 0, (always, &[])),
            ("Integração", BuiltInRole::Developer, Scope::Workspace, 1, (always, &[])),
        ];
        for (name, role, scope, maker, (until, uses)) in programs.into_iter().take(if year { 4 } else { 1 }) {
            let maker =
                if maker == 0 { self.nth(Job::Administrator, 0) } else { self.nth(Job::Developer, maker) };
            let mut change = self.change(Authority::Member(self.member(maker))).await;
            let role =
                role::built_in(&change.transaction, self.stage.workspace_id, role).await.expect("a role").id;
            let expires_at = Timestamp(START.0 + KEY_DAYS * DAY);
            let new = NewApiKey { name, grants: &[(role, scope)], expires_at, allowed_addresses: &[] };
            let made = api_key::create(&mut change, new).await.expect("a key");
            change.finish().await.expect("finished");
            let token = made.token.reveal().to_owned();
            self.programs.push(Program { id: made.key.id, token, uses, until });
        }
    }

    /// What follows from how the company begins.
    fn expect_what_is_there(&mut self) {
        let mut expected = Vec::new();
        for one in self.staff.iter().filter(|one| one.joins == 0) {
            let member = one.account().0;
            if one.keeps_access {
                expected.push(("inactive_member", Whom::Member(member), at(one.leaves - 1, 18 * 60), 30));
            }
            let is_missed = |away: &&Range<i64>| away.end - away.start > 100 && away.start + 30 < one.leaves;
            for away in one.away.iter().filter(is_missed) {
                expected.push(("inactive_member", Whom::Member(member), at(away.start, 0), 30));
            }
            if one.job == Job::Administrator && !one.away.is_empty() {
                expected.push(("dormant_administrator", Whom::Member(member), at(one.away[0].start, 0), 14));
            }
        }
        if self.scale.is_year() {
            expected.push(("stale_api_key", Whom::ApiKey(self.programs[1].id), at(30, 0), 90));
            expected.push(("powerful_api_key", Whom::ApiKey(self.programs[2].id), at(0, 0), 90));
            expected.push(("orphaned_credential", Whom::ApiKey(self.programs[3].id), at(140, 0), 1));
            expected.push(("secret_due", Whom::Any, at(0, 0), 180));
        }
        for (rule, whom, at, due) in expected {
            self.expect(rule, whom, at, due);
        }
        if let Some(program) = self.programs.get(3) {
            self.excuse("powerful_api_key", Whom::ApiKey(program.id), at(0, 0), 90);
        }
        for program in 0..self.programs.len() {
            // All of them come to their end soon after the year.
            self.excuse("stale_api_key", Whom::ApiKey(self.programs[program].id), at(KEY_DAYS - 60, 0), 60);
        }
    }
}
