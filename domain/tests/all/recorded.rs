//! Sign-ins as they are on record, planted where a test wants them, and what the auditor finds in them.

use std::time::Duration;

use portaria_domain::audit::finding::{OpenFinding, Sighting, open, reconcile};
use portaria_domain::audit::people::People;
use portaria_domain::audit::telling::{Teller, Told, instant};
use portaria_domain::audit::{Found, examine};
use portaria_domain::language::{Language, Wall};
use portaria_domain::member::NewMember;
use portaria_domain::throttle::network;
use portaria_domain::workspace;
use portaria_entity::audit_run::{self, AuditTrigger};
use portaria_entity::finding::AuditRule;
use portaria_entity::id::{AuditRunId, MemberId, UserId, WorkspaceId};
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::time::Timestamp;
use portaria_entity::{member, session};
use portaria_testing::{Person, Stage};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, Value};

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(60 * 60);
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);
pub const INSTANT: Duration = Duration::from_micros(1);

pub const OFFICE: &str = "192.0.2.10";
pub const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36";
pub const IPHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1";

/// Somebody on stage, as sign-ins know them.
pub struct Account {
    pub user: UserId,
    pub member: MemberId,
    pub email: String,
}

pub async fn account(stage: &Stage, person: &Person) -> Account {
    let find = member::Entity::find().filter(member::Column::Id.eq(person.member_id));
    let row = find.one(stage.installation.database.reader()).await.unwrap().unwrap();
    Account { user: row.user_id, member: row.id, email: person.email.clone() }
}

/// People who hold no role, with nothing on record.
pub async fn accounts<const N: usize>(stage: &Stage, names: [&str; N]) -> [Account; N] {
    let mut all = Vec::new();
    for name in names {
        all.push(account(stage, &stage.person(name, &[]).await).await);
    }
    forget_sign_ins(stage).await;
    all.try_into().ok().unwrap()
}

/// Somebody on stage as a member of another workspace, too.
pub async fn joins(stage: &Stage, workspace: WorkspaceId, email: &str) {
    let transaction = stage.installation.database.begin().await.unwrap();
    let new = NewMember { name: "x", email, locale: "en", password_hash: None };
    portaria_domain::member::create(&transaction, &stage.installation, workspace, new).await.unwrap();
    transaction.commit().await.unwrap();
}

/// Takes back what the stage did to sign its people in, so that only what a test records is there.
pub async fn forget_sign_ins(stage: &Stage) {
    let writer = stage.installation.database.writer();
    sign_in_event::Entity::delete_many().exec(writer).await.unwrap();
    session::Entity::delete_many().exec(writer).await.unwrap();
}

pub async fn execute(stage: &Stage, sql: &str, values: impl IntoIterator<Item = Value>) -> u64 {
    let database = &stage.installation.database;
    database.writer().execute_raw(database.statement(sql, values)).await.unwrap().rows_affected()
}

async fn record(
    stage: &Stage,
    (who, workspace, email): (Option<UserId>, Option<WorkspaceId>, &str),
    (outcome, at): (SignInOutcome, Timestamp),
    (address, user_agent): (&str, &str),
) {
    let row = sign_in_event::ActiveModel {
        id: Set(stage.clock.id_at(at)),
        at: Set(at),
        user_id: Set(who),
        workspace_id: Set(workspace),
        email: Set(email.to_owned()),
        outcome: Set(outcome),
        address: Set(address.to_owned()),
        network: Set(network(address)),
        user_agent: Set(user_agent.to_owned()),
    };
    let writer = stage.installation.database.writer();
    sign_in_event::Entity::insert(row).exec_without_returning(writer).await.unwrap();
}

pub async fn gets_in(stage: &Stage, who: &Account, at: Timestamp, place: (&str, &str)) {
    let whom = (Some(who.user), Some(stage.workspace_id), who.email.as_str());
    record(stage, whom, (SignInOutcome::Succeeded, at), place).await;
}

/// The right password, and no second factor.
pub async fn is_held(stage: &Stage, who: &Account, at: Timestamp, place: (&str, &str)) {
    let whom = (Some(who.user), Some(stage.workspace_id), who.email.as_str());
    record(stage, whom, (SignInOutcome::SecondFactorMissing, at), place).await;
}

pub async fn fails(stage: &Stage, who: &Account, at: Timestamp, address: &str) {
    let whom = (Some(who.user), None, who.email.as_str());
    record(stage, whom, (SignInOutcome::WrongPassword, at), (address, CHROME)).await;
}

pub async fn fails_for_nobody(stage: &Stage, email: &str, at: Timestamp, address: &str) {
    record(stage, (None, None, email), (SignInOutcome::UnknownEmail, at), (address, CHROME)).await;
}

/// A right password, and after it a wrong code.
pub async fn guesses_code(stage: &Stage, who: &Account, at: Timestamp, place: (&str, &str)) {
    let whom = (Some(who.user), Some(stage.workspace_id), who.email.as_str());
    record(stage, whom, (SignInOutcome::WrongCode, at), place).await;
}

/// So many days from then on, at that time of the day, from the office's computer.
pub async fn comes_daily(stage: &Stage, who: &Account, from: Timestamp, days: u32) {
    for day in 0..days {
        gets_in(stage, who, from + DAY * day, (OFFICE, CHROME)).await;
    }
}

/// Portaria recognises a device of theirs, and has since then.
pub async fn is_recognised(stage: &Stage, who: &Account, since: Timestamp) {
    let sql = "INSERT INTO known_devices (user_id, fingerprint, first_used_at, last_used_at) VALUES ($1, $2, $3, $3)";
    let fingerprint: Vec<u8> = since.0.to_be_bytes().repeat(4);
    execute(stage, sql, [who.user.0.into(), fingerprint.into(), since.0.into()]).await;
}

/// A session that was opened then and used until then.
pub async fn has_session(stage: &Stage, who: &Account, (from, to): (Timestamp, Timestamp)) {
    let sql = "INSERT INTO sessions (workspace_id, id, user_id, member_id, token_hash, authentication_method, \
               second_factor, authenticated_at, address, network, user_agent, created_at, last_used_at, expires_at, confined) \
               VALUES ($1, $2, $3, $4, $5, 'password', $6, $7, $8, $8, $9, $7, $10, $11, $6)";
    let id: portaria_entity::id::SessionId = stage.clock.id_at(from);
    let values: [Value; 11] = [
        stage.workspace_id.0.into(),
        id.0.into(),
        who.user.0.into(),
        who.member.0.into(),
        id.0.as_bytes().to_vec().into(),
        false.into(),
        from.0.into(),
        OFFICE.into(),
        CHROME.into(),
        to.0.into(),
        (from + DAY * 30).0.into(),
    ];
    execute(stage, sql, values).await;
}

pub async fn found_in(stage: &Stage, workspace_id: WorkspaceId, rule: AuditRule) -> Vec<Found> {
    let workspace = workspace::find(stage.installation.database.reader(), workspace_id).await.unwrap();
    let examination = examine(&stage.installation, &workspace).await.unwrap();
    examination.found.into_iter().filter(|found| found.rule == rule).collect()
}

pub async fn found(stage: &Stage, rule: AuditRule) -> Vec<Found> {
    found_in(stage, stage.workspace_id, rule).await
}

/// Keeps what is found by a rule as an audit does.
async fn keep(stage: &Stage, transaction: &DatabaseTransaction, rule: AuditRule) {
    let Stage { installation, workspace_id, .. } = stage;
    let at = installation.clock.now();
    let found = found(stage, rule).await;
    let run_id: AuditRunId = stage.clock.new_id();
    let run = audit_run::ActiveModel {
        workspace_id: Set(*workspace_id),
        id: Set(run_id),
        job: Set("access_audit".to_owned()),
        scheduled_for: Set(run_id.to_string()),
        trigger: Set(AuditTrigger::Manual),
        started_at: Set(at),
        leased_until: Set(at),
        finished_at: Set(None),
        members_checked: Set(0),
        findings_open: Set(0),
        requested_by: Set(None),
    };
    audit_run::Entity::insert(run).exec_without_returning(transaction).await.unwrap();
    let sighting = Sighting { workspace_id: *workspace_id, run_id, found: &found, at };
    reconcile(transaction, &installation.clock, &sighting).await.unwrap();
}

/// Keeps what is found by a rule, and all other findings are resolved.
pub async fn audits(stage: &Stage, rule: AuditRule) {
    let transaction = stage.installation.database.begin().await.unwrap();
    keep(stage, &transaction, rule).await;
    transaction.commit().await.unwrap();
}

/// What is found by a rule, told in each language as if it were kept as findings.
pub async fn told(stage: &Stage, rule: AuditRule) -> [Vec<Told>; 3] {
    let Stage { installation, workspace_id, .. } = stage;
    let workspace = workspace::find(installation.database.reader(), *workspace_id).await.unwrap();
    let at = installation.clock.now();
    let transaction = installation.database.begin().await.unwrap();
    keep(stage, &transaction, rule).await;
    let findings: Vec<OpenFinding> = open(&transaction, *workspace_id).await.unwrap();
    let people = People::of(&transaction, *workspace_id, &findings, at).await.unwrap();
    let people = people.with_countries(installation.countries.clone());
    let zone = jiff::tz::TimeZone::get(&workspace.time_zone).unwrap();
    let wall = Wall::new(&zone, instant(at));
    Language::ALL.map(|language| {
        let teller = Teller { language, wall: &wall, people: &people, at };
        findings
            .iter()
            .filter(|finding| finding.row.rule == rule)
            .map(|finding| teller.tell(finding))
            .collect()
    })
}
