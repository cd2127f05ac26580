//! What happens is written as Portaria writes it: by the domain itself where it is quick enough, else row by row.

use portaria_domain::activity::{Actor, Deed, record};
use portaria_domain::authentication::{
    Holder, OpenedSession, Origin, Proof, authenticate_from, open_session,
};
use portaria_domain::granting::{Authority, Change};
use portaria_domain::member;
use portaria_domain::throttle::network;
use portaria_entity::id::{ConversationId, SessionId};
use portaria_entity::session::AuthenticationMethod;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait};
use serde_json::json;

use super::Company;
use super::calendar::{DAY, HOUR, at};
use super::chance::Chance;
use super::day::{Act, notes_uses};
use super::employee::{COMPUTER, Open};
use crate::stage::START;

/// Somebody tries to get in.
pub struct Try<'a> {
    /// None: an address that is nobody's.
    pub who: Option<usize>,
    pub address: &'a str,
    pub agent: &'a str,
}

impl Company {
    /// Lets happen what was planned until then.
    pub(super) async fn act_until(&mut self, until: Timestamp) {
        let later = self.coming.split_off(&(until, 0));
        let now = std::mem::replace(&mut self.coming, later);
        let mut open: Option<DatabaseTransaction> = None;
        for ((at, _), act) in now {
            self.stage.clock.set(at);
            if act.stands_alone() {
                commit(open.take()).await;
                self.act_alone(act).await;
                continue;
            }
            if open.is_none() {
                open = Some(self.stage.installation.database.begin().await.expect("a transaction"));
            }
            if let Some(transaction) = &open {
                self.act(transaction, act).await;
            }
        }
        commit(open).await;
    }

    async fn act(&mut self, transaction: &DatabaseTransaction, act: Act) {
        match act {
            Act::Fails { who, address } => {
                let agent = self.staff[who].devices[COMPUTER].agent;
                self.fails(transaction, Try { who: Some(who), address: &address, agent }).await;
            }
            Act::SignsIn { who, device, address } => {
                let known = &self.staff[who].devices[device];
                let (agent, token) = (known.agent, known.token.clone());
                let opened =
                    self.gets_in(transaction, Try { who: Some(who), address: &address, agent }, token).await;
                let employee = &mut self.staff[who];
                if let Some(given) = opened.device {
                    employee.devices[device].token = Some(given.reveal().to_owned());
                }
                let token = opened.token.reveal().to_owned();
                employee.session = Some(Open { id: opened.session.id, token });
            }
            Act::Renews { who } => self.renews(transaction, who).await,
            Act::Works { who, contacts } => self.works(transaction, who, contacts).await,
            Act::Leaves { who, signs_out } => self.leaves(transaction, who, signs_out).await,
            Act::Knocks => {
                let minute = self.stage.clock.now().0;
                let sql = "INSERT INTO webhook_refusals (minute, app_key, cause, count) VALUES ($1, '', 'unknown_app', 3)";
                self.write(transaction, sql, [minute.into()]).await;
            }
            Act::Joins { .. } | Act::Departs { .. } | Act::Uses { .. } | Act::Happens { .. } => {
                unreachable!("these stand alone")
            }
        }
    }

    async fn act_alone(&mut self, act: Act) {
        match act {
            Act::Joins { who } => self.hire(who).await,
            Act::Departs { who } => {
                let leaver = self.member(who);
                let mut change = self.change(Authority::Member(self.member(0))).await;
                member::remove(&mut change, leaver).await.expect("removed");
                change.finish().await.expect("finished");
            }
            Act::Uses { program, address } => self.uses(program, address).await,
            Act::Happens { story } => self.happen(story).await,
            Act::Fails { .. }
            | Act::SignsIn { .. }
            | Act::Renews { .. }
            | Act::Works { .. }
            | Act::Leaves { .. }
            | Act::Knocks => {
                unreachable!("these are written together")
            }
        }
    }

    pub(super) async fn change<'a>(&'a self, authority: Authority<'a>) -> Change<'a> {
        Change::begin(&self.stage.installation, self.stage.workspace_id, authority).await.expect("a change")
    }

    /// A program uses its key, and that is written down.
    pub(super) async fn uses(&self, program: usize, address: String) {
        let origin = Origin { address, user_agent: "crm/2.1".to_owned(), device: None };
        self.shows(&self.programs[program].token, &origin).await;
        for permission in self.programs[program].uses {
            let sql = "INSERT INTO api_key_permission_uses (workspace_id, api_key_id, permission, first_used_at, last_used_at) \
                       VALUES ($1, $2, $3, $4, $4) \
                       ON CONFLICT (workspace_id, api_key_id, permission) DO UPDATE SET last_used_at = $4";
            let (workspace, now) = (self.stage.workspace_id.0, self.stage.clock.now().0);
            let values =
                [workspace.into(), self.programs[program].id.0.into(), (*permission).into(), now.into()];
            self.run(sql, values).await;
        }
    }

    /// A token is used from somewhere, and that is written down.
    pub(super) async fn shows(&self, token: &str, origin: &Origin) {
        // The cache need not be asked whether it is still true: this one is.
        self.stage.installation.viewers.refresh_epochs().await.expect("epochs");
        let viewer = authenticate_from(&self.stage.installation, token, origin).await.expect("an answer");
        viewer.expect("a token that opens");
        self.stage.installation.viewers.flush_last_use().await.expect("written");
    }

    /// A wrong password.
    pub(super) async fn fails(&self, transaction: &DatabaseTransaction, attempt: Try<'_>) {
        let outcome = match attempt.who {
            Some(_) => SignInOutcome::WrongPassword,
            None => SignInOutcome::UnknownEmail,
        };
        self.note_sign_in(transaction, &attempt, outcome).await;
    }

    /// A sign-in that succeeds; answers the session, with the token that the device was given.
    pub(super) async fn gets_in(
        &self,
        transaction: &DatabaseTransaction,
        attempt: Try<'_>,
        device: Option<String>,
    ) -> OpenedSession {
        let employee = &self.staff[attempt.who.expect("somebody")];
        let (member_id, user_id) = employee.account();
        if employee.has_factor {
            self.note_sign_in(transaction, &attempt, SignInOutcome::SecondFactorMissing).await;
        }
        self.note_sign_in(transaction, &attempt, SignInOutcome::Succeeded).await;
        let workspace_id = self.stage.workspace_id;
        let holder = Holder { workspace_id, user_id, member_id };
        let method = AuthenticationMethod::Password;
        let proof = Proof { method, second_factor: employee.has_factor, confined: false };
        let origin =
            Origin { address: attempt.address.to_owned(), user_agent: attempt.agent.to_owned(), device };
        let installation = &self.stage.installation;
        let opened = open_session(installation, transaction, holder, proof, origin).await.expect("opened");
        self.is_seen(transaction, attempt.who.expect("somebody")).await;
        opened
    }

    pub(super) async fn note_sign_in(
        &self,
        transaction: &DatabaseTransaction,
        attempt: &Try<'_>,
        outcome: SignInOutcome,
    ) {
        let (clock, who) = (&self.stage.clock, attempt.who.map(|who| &self.staff[who]));
        let is_right = matches!(outcome, SignInOutcome::Succeeded | SignInOutcome::SecondFactorMissing);
        let workspace_id = is_right.then_some(self.stage.workspace_id);
        let row = sign_in_event::ActiveModel {
            id: Set(clock.new_id()),
            at: Set(clock.now()),
            user_id: Set(who.map(|one| one.account().1)),
            workspace_id: Set(workspace_id),
            email: Set(who.map_or_else(|| "ninguem@estrela.example".to_owned(), |one| one.email.clone())),
            outcome: Set(outcome),
            address: Set(attempt.address.to_owned()),
            network: Set(network(attempt.address)),
            user_agent: Set(attempt.agent.to_owned()),
        };
        sign_in_event::Entity::insert(row).exec_without_returning(transaction).await.expect("noted");
    }

    /// Has a link mailed, and a new password by it.
    async fn renews(&self, transaction: &DatabaseTransaction, who: usize) {
        let id: uuid::Uuid = self.stage.clock.new_id::<SessionId>().0;
        let sql = "INSERT INTO password_resets (id, user_id, token_hash, created_at, expires_at, used_at) \
                   VALUES ($1, $2, $3, $4, $5, $4)";
        let (user, now) = (self.staff[who].account().1, self.stage.clock.now().0);
        let values =
            [id.into(), user.0.into(), id.as_bytes().to_vec().into(), now.into(), (now + HOUR).into()];
        self.write(transaction, sql, values).await;
    }

    async fn works(&self, transaction: &DatabaseTransaction, who: usize, contacts: i64) {
        let conversation: ConversationId = self.stage.clock.new_id();
        self.did(transaction, who, ("conversation.claimed", conversation.to_string()), None).await;
        self.reveals(transaction, who, contacts).await;
        let day = (self.stage.clock.now().0 - START.0).div_euclid(DAY);
        if !notes_uses(day) {
            return;
        }
        for permission in self.staff[who].uses() {
            let sql = "INSERT INTO member_permission_uses (workspace_id, member_id, permission, first_used_at, last_used_at) \
                       VALUES ($1, $2, $3, $4, $4) \
                       ON CONFLICT (workspace_id, member_id, permission) DO UPDATE SET last_used_at = $4";
            let (workspace, now) = (self.stage.workspace_id.0, self.stage.clock.now().0);
            let values = [workspace.into(), self.member(who).0.into(), (*permission).into(), now.into()];
            self.write(transaction, sql, values).await;
        }
    }

    /// Sees the numbers of so many customers.
    pub(super) async fn reveals(&self, transaction: &DatabaseTransaction, who: usize, contacts: i64) {
        if contacts == 0 {
            return;
        }
        let now = self.stage.clock.now();
        let principal = self.member(who).to_string();
        let first = Chance::of(&[self.scale.seed, self.staff[who].number, now.0, 3]).below(200);
        let shown = self.customers.iter().cycle().skip(first.cast_unsigned() as usize);
        let shown: Vec<_> = shown.take(contacts.cast_unsigned() as usize).collect();
        for contact in &shown {
            let sql = "INSERT INTO phone_reveals (workspace_id, principal, day, contact_id) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT DO NOTHING";
            let (workspace, day) = (self.stage.workspace_id.0, now.0.div_euclid(DAY));
            let values = [workspace.into(), principal.clone().into(), day.into(), contact.0.into()];
            self.write(transaction, sql, values).await;
        }
        let sql = "INSERT INTO phone_reveal_days (workspace_id, principal, day, contacts, first_at, last_at) \
                   VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (workspace_id, principal, day) \
                   DO UPDATE SET contacts = phone_reveal_days.contacts + $4, last_at = $5";
        let (workspace, day) = (self.stage.workspace_id.0, now.0.div_euclid(DAY));
        let values = [workspace.into(), principal.clone().into(), day.into(), contacts.into(), now.0.into()];
        self.write(transaction, sql, values).await;
        let told: Vec<String> = shown.iter().map(ToString::to_string).collect();
        let after = Some((json!({ "contacts": told }), self.staff[who].home(0)));
        self.did(transaction, who, ("contact.phone_revealed", principal), after).await;
    }

    /// An activity of somebody in their last session, with what it tells and the address it came from.
    pub(super) async fn did(
        &self,
        transaction: &DatabaseTransaction,
        who: usize,
        (action, subject): (&str, String),
        told: Option<(serde_json::Value, String)>,
    ) {
        let Some(session_id) = self.staff[who].session.as_ref().map(|open| open.id) else { return };
        let (after, address) = told.unzip();
        let deed = Deed {
            workspace_id: self.stage.workspace_id,
            actor: Actor::Member { member_id: self.member(who), session_id },
            action,
            subject,
            before: None,
            after,
            address,
        };
        record(transaction, &self.stage.clock, deed).await.expect("recorded");
    }

    async fn leaves(&mut self, transaction: &DatabaseTransaction, who: usize, signs_out: bool) {
        self.is_seen(transaction, who).await;
        let Some(session) = self.staff[who].session.as_ref().map(|open| open.id) else { return };
        let now = self.stage.clock.now().0;
        let ended = signs_out.then_some(now);
        let sql = "UPDATE sessions SET last_used_at = $3, ended_at = $4 WHERE workspace_id = $1 AND id = $2";
        let values = [self.stage.workspace_id.0.into(), session.0.into(), now.into(), ended.into()];
        self.write(transaction, sql, values).await;
    }

    async fn is_seen(&self, transaction: &DatabaseTransaction, who: usize) {
        let sql = "UPDATE members SET last_active_at = $3 WHERE workspace_id = $1 AND id = $2";
        let (workspace, now) = (self.stage.workspace_id.0, self.stage.clock.now().0);
        self.write(transaction, sql, [workspace.into(), self.member(who).0.into(), now.into()]).await;
    }

    async fn write<const N: usize>(
        &self,
        transaction: &DatabaseTransaction,
        sql: &str,
        values: [sea_orm::Value; N],
    ) {
        let database = &self.stage.installation.database;
        transaction.execute_raw(database.statement(sql, values)).await.expect("written");
    }

    /// The local minute of a day at which something planted happens.
    pub(super) fn set_clock(&self, day: i64, minute: i64) -> Timestamp {
        self.stage.clock.set(at(day, minute));
        self.stage.clock.now()
    }
}

async fn commit(transaction: Option<DatabaseTransaction>) {
    if let Some(transaction) = transaction {
        transaction.commit().await.expect("committed");
    }
}
