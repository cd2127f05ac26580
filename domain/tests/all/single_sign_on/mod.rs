//! Single sign-on: whom a provider may speak for, where, and what follows from what it says.

mod admission;
mod answer;
mod invitation;
mod reach;
mod roles;
mod step_up;

use std::sync::Arc;
use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::authentication::{OpenedSession, Origin};
use portaria_domain::error::{Error, Refusal};
use portaria_domain::granting::Change;
use portaria_domain::identity_provider::{self, NewMapping, NewProvider, ProviderRow, Settings};
use portaria_domain::single_sign_on::{
    Assertion, Beginning, Begun, Fetching, Want, accept, begin, finish, hand_over, link,
};
use portaria_domain::viewer::Viewer;
use portaria_domain::{Result, role};
use portaria_entity::external_identity as identity_entity;
use portaria_entity::id::RoleId;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use BuiltInRole::Administrator;

const MINUTE: Duration = Duration::from_secs(60);

const HOUR: Duration = Duration::from_secs(60 * 60);

pub async fn built_in(stage: &Stage, person: &Person, role: BuiltInRole) -> RoleId {
    role::built_in(stage.installation.database.reader(), person.viewer.workspace_id, role).await.unwrap().id
}

pub async fn try_as<T>(
    stage: &Stage,
    person: &Person,
    attempt: impl AsyncFnOnce(&mut Change<'_>) -> Result<T>,
) -> Result<T> {
    let mut change = Change::by(&stage.installation, &person.viewer, &[]).await?;
    let done = attempt(&mut change).await?;
    change.finish().await?;
    Ok(done)
}

pub fn mapping(value: &str, role_id: RoleId, scope: Scope) -> NewMapping {
    NewMapping { claim: "groups".to_owned(), value: value.to_owned(), role_id, scope }
}

pub async fn configure(
    stage: &Stage,
    by: &Person,
    creates_members: bool,
    mappings: &[NewMapping],
) -> Result<ProviderRow> {
    let settings = Settings {
        name: Some("Acme"),
        client_id: Some("portaria"),
        client_secret: Some(Some("a secret")),
        second_factor_acr: Some(&["urn:mfa".to_owned()]),
        second_factor_amr: Some(&["mfa".to_owned(), "hwk".to_owned()]),
        creates_members: Some(creates_members),
        ..Settings::default()
    };
    let new = NewProvider { issuer: "https://login.acme.example", settings, mappings };
    try_as(stage, by, async |change| identity_provider::create(change, new).await).await
}

pub async fn admin(stage: &Stage, name: &str) -> Person {
    let admin = stage.person(name, &[(Administrator, Scope::Workspace)]).await;
    stage.step_up(&admin).await
}

async fn begun(
    stage: &Stage,
    provider: &ProviderRow,
    viewer: Option<&Viewer>,
    want: Want<'_>,
) -> Result<Begun> {
    let workspace = provider.provider.workspace_id.to_string();
    let provider_id = provider.provider.id;
    let beginning =
        Beginning { workspace: &workspace, provider_id, want, path: None, cookie: None, by_cookie: false };
    begin(&stage.installation, viewer, beginning).await
}

/// Goes to the provider and back, where it says this; answers what it is fetched by.
async fn returned(stage: &Stage, begun: &Begun, subject: &str, claims: &Value) -> (String, String) {
    let back = accept(&stage.installation, begun.flow.provider_id, &begun.state, None).await.unwrap();
    let claims = claims.as_object().unwrap().clone();
    let assertion = Assertion { subject: subject.to_owned(), claims };
    let code = hand_over(&stage.installation, &back.flow, assertion).await.unwrap();
    (code.reveal().to_owned(), begun.secret.to_string())
}

fn by((code, secret): &(String, String)) -> Fetching<'_> {
    Fetching { code, secret }
}

/// Signs in by a provider that says this.
async fn enter(
    stage: &Stage,
    provider: &ProviderRow,
    want: Want<'_>,
    subject: &str,
    claims: Value,
) -> Result<OpenedSession> {
    let begun = begun(stage, provider, None, want).await?;
    let fetching = returned(stage, &begun, subject, &claims).await;
    finish(&stage.installation, by(&fetching), Origin::default()).await
}

const SIGN_IN: Want<'_> = Want::SignIn { invitation: None };

async fn link_to(
    stage: &Stage,
    provider: &ProviderRow,
    person: &Person,
    subject: &str,
) -> identity_entity::Model {
    let person = stage.step_up(person).await;
    let begun = begun(stage, provider, Some(&person.viewer), Want::Link).await.unwrap();
    let fetching = returned(stage, &begun, subject, &json!({})).await;
    link(&stage.installation, &person.viewer, by(&fetching)).await.unwrap()
}

pub fn refusal<T>(outcome: Result<T>) -> Refusal {
    match outcome.map(|_| ()) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

async fn viewer(stage: &Stage, opened: &OpenedSession) -> Arc<Viewer> {
    stage.viewer(opened.token.reveal()).await.unwrap()
}

async fn count(stage: &Stage, sql: &str) -> i64 {
    let database = &stage.installation.database;
    let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}
