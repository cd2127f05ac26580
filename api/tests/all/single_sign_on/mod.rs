//! Single sign-on over HTTP: a whole sign-in by a real provider, and providers that do not keep to the protocol.

mod browser;
mod hostile;
mod mock;
mod real;

use axum::Router;
use portaria_api::{ApiOptions, SingleSignOnOptions};
use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage};
use serde_json::{Value, json};

use crate::client::ask;

/// The API, which may ask providers on this machine.
fn api(stage: &Stage) -> Router {
    // Whoever was first has installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let single_sign_on = SingleSignOnOptions { allow_http_loopback: true, ..SingleSignOnOptions::default() };
    let options = ApiOptions { single_sign_on, ..ApiOptions::default() };
    portaria_api::router(stage.installation.clone(), options)
}

async fn admin(stage: &Stage) -> Person {
    let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
    stage.step_up(&admin).await
}

/// Configures a provider that makes agents of who is in the group `agents`; answers it.
async fn configure(api: &Router, admin: &Person, issuer: &str, secret: &str) -> Value {
    let roles = ask(api, Some(admin), "{ roles { id name } }", json!({})).await;
    let roles = roles["data"]["roles"].as_array().unwrap().clone();
    let agent = roles.iter().find(|role| role["name"] == "Agent").unwrap()["id"].clone();
    let create = "mutation($i: CreateIdentityProviderInput!) { createIdentityProvider(input: $i) {
                    identityProvider { id name issuer clientId hasClientSecret redirectUri scopes mappings { claim value role { name } scopeKind } }
                    userErrors { code field } } }";
    let input = json!({
        "name": "Acme", "issuer": issuer, "clientId": "portaria", "clientSecret": secret, "createsMembers": true,
        "secondFactorAcr": ["urn:test:mfa"], "secondFactorAmr": ["mfa"],
        "mappings": [{ "claim": "groups", "value": "agents", "roleId": agent, "scope": { "kind": "WORKSPACE" } }],
    });
    let answer = ask(api, Some(admin), create, json!({ "i": input })).await;
    assert_eq!(answer["data"]["createIdentityProvider"]["userErrors"], json!([]), "{answer}");
    answer["data"]["createIdentityProvider"]["identityProvider"].clone()
}

const FINISH: &str = "mutation($i: FinishSingleSignOnInput!) { finishSingleSignOn(input: $i) {
                        session { token expiresAt } userErrors { code field } } }";
