//! Single sign-on: whom a provider may speak for, where, and what follows from what it says.

use std::sync::Arc;
use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::authentication::{Attempt, OpenedSession, Origin, sign_in};
use portaria_domain::error::{Error, Refusal};
use portaria_domain::granting::Change;
use portaria_domain::identity_provider::{self, NewMapping, NewProvider, ProviderRow, Settings};
use portaria_domain::invitation::{self, Invite, Promise};
use portaria_domain::permission::Permission;
use portaria_domain::role::{self, NewRole};
use portaria_domain::single_sign_on::{
    Assertion, Beginning, Begun, Fetching, Want, accept, begin, finish, hand_over, link, step_up,
};
use portaria_domain::viewer::Viewer;
use portaria_domain::{Result, access_file, external_identity, grant, member, second_factor};
use portaria_entity::id::RoleId;
use portaria_entity::role::BuiltInRole;
use portaria_entity::external_identity as identity_entity;
use portaria_testing::{PASSWORD, Person, Stage, databases};
use sea_orm::{ConnectionTrait};
use serde_json::{Value, json};

use BuiltInRole::{Administrator, Agent, Support};

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
    let back = accept(&stage.installation, &begun.state, None).await.unwrap();
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

#[tokio::test]
async fn a_linked_identity_opens_its_members_session_for_twelve_hours() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let email = json!({ "email": ana.email, "email_verified": true });
        let refused = enter(&stage, &provider, SIGN_IN, "sub-ana", email.clone()).await;
        assert_eq!(refusal(refused), Refusal::LinkRequired, "an e-mail address links nobody");
        link_to(&stage, &provider, &ana, "sub-ana").await;
        let opened = enter(&stage, &provider, SIGN_IN, "sub-ana", json!({})).await.unwrap();
        let session = viewer(&stage, &opened).await;
        assert_eq!(session.member_id(), Some(ana.member_id));
        assert!(session.access.everywhere().contains(Permission::ContactReadPhone), "grants by hand hold");
        assert!(!session.session().unwrap().second_factor);
        stage.clock.advance(12 * HOUR);
        assert!(stage.viewer(opened.token.reveal()).await.is_none());
        let refused = enter(&stage, &provider, SIGN_IN, "sub-bia", email).await;
        assert_eq!(refusal(refused), Refusal::LinkRequired, "another subject with her address is not she");
        let refused = enter(&stage, &provider, SIGN_IN, "sub-bia", json!({})).await;
        assert_eq!(refusal(refused), Refusal::NotLinked);
        let noted = "SELECT COUNT(*) FROM activities WHERE action = 'single_sign_on.refused'";
        assert_eq!(count(&stage, noted).await, 3);
        let signed_in = "SELECT COUNT(*) FROM sessions WHERE authentication_method = 'single_sign_on'";
        assert_eq!(count(&stage, signed_in).await, 1);
        try_as(&stage, &admin, async |change| member::suspend(change, ana.member_id).await).await.unwrap();
        let refused = enter(&stage, &provider, SIGN_IN, "sub-ana", json!({})).await;
        assert_eq!(refusal(refused), Refusal::NotActive);
        try_as(&stage, &admin, async |change| member::remove(change, ana.member_id).await).await.unwrap();
        try_as(&stage, &admin, async |change| member::erase(change, ana.member_id, "asked to").await)
            .await
            .unwrap();
        assert_eq!(count(&stage, "SELECT COUNT(*) FROM external_identities").await, 0, "forgotten");
    }
}

#[tokio::test]
async fn a_provider_says_nothing_in_another_workspace_nor_of_an_account_elsewhere() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let victim = stage.person("Vera", &[(Administrator, Scope::Workspace)]).await;
        let app = stage.authenticator(&victim).await;
        let (other, ..) = stage.another_workspace().await;
        let mallory = stage.person_in(other, "Mallory", &[(Administrator, Scope::Workspace)]).await;
        let mallory = stage.step_up(&mallory).await;
        let everything = built_in(&stage, &mallory, Administrator).await;
        let mappings = [mapping("all", everything, Scope::Workspace)];
        let own = configure(&stage, &mallory, true, &mappings).await.unwrap();
        // Mallory's provider, whose every word is Mallory's, names an administrator of the other workspace.
        let claims =
            json!({ "email": victim.email, "email_verified": true, "groups": ["all"], "acr": "urn:mfa" });
        let refused = enter(&stage, &own, SIGN_IN, "vera", claims.clone()).await;
        assert_eq!(refusal(refused), Refusal::LinkRequired);
        // By the name that the other workspace's provider has linked to her.
        let stepped_up = stage.step_up(&victim).await;
        let theirs = configure(&stage, &stepped_up, false, &[]).await.unwrap();
        link_to(&stage, &theirs, &stepped_up, "vera").await;
        let refused = enter(&stage, &own, SIGN_IN, "vera", claims.clone()).await;
        assert_eq!(refusal(refused), Refusal::LinkRequired);
        let foreign = Beginning {
            workspace: &stage.workspace_id.to_string(),
            provider_id: own.provider.id,
            want: SIGN_IN,
            path: None,
            cookie: None,
            by_cookie: false,
        };
        let refused = begin(&stage.installation, None, foreign).await.map(|_| ());
        assert!(matches!(refused, Err(Error::NotFound)), "a provider of one workspace is none of another");
        // She does become a member there, and links herself: now Mallory is her, there.
        let transaction = stage.installation.database.begin().await.unwrap();
        let new =
            member::NewMember { name: "Vera", email: &victim.email, locale: "pt-BR", password_hash: None };
        let there = member::create(&transaction, &stage.installation, other, new).await.unwrap();
        transaction.commit().await.unwrap();
        let sql = "INSERT INTO external_identities (workspace_id, id, provider_id, subject, member_id, created_at) \
                   VALUES ($1, $2, $3, 'vera', $4, 0)";
        let id: portaria_entity::id::ExternalIdentityId = stage.clock.new_id();
        let values = [other.0.into(), id.0.into(), own.provider.id.0.into(), there.id.0.into()];
        let database = &stage.installation.database;
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        let opened = enter(&stage, &own, SIGN_IN, "vera", claims).await.unwrap();
        let as_vera = viewer(&stage, &opened).await;
        assert_eq!((as_vera.workspace_id, as_vera.member_id()), (other, Some(there.id)));
        assert!(as_vera.is_stepped_up(stage.clock.now()), "as the provider says");
        // But what she signs in with is out of reach: neither changed, nor locked by wrong tries, nor her sessions ended.
        let refused = second_factor::enroll(&stage.installation, &as_vera).await;
        assert_eq!(refusal(refused), Refusal::SharedAccount);
        let refused = second_factor::confirm(&stage.installation, &as_vera, "000000").await;
        assert_eq!(refusal(refused), Refusal::SharedAccount);
        for _ in 0..8 {
            let tried =
                second_factor::step_up(&stage.installation, &as_vera, "000000", &Origin::default()).await;
            assert_eq!(refusal(tried), Refusal::SharedAccount);
        }
        assert!(stage.viewer(&victim.token).await.is_some());
        let attempt = Attempt {
            email: &victim.email,
            password: PASSWORD,
            code: Some(&app.code()),
            workspace_id: Some(stage.workspace_id),
            origin: Origin::default(),
        };
        assert!(sign_in(&stage.installation, attempt).await.is_ok());
    }
}

#[tokio::test]
async fn who_is_in_one_workspace_only_may_set_up_an_authenticator_app_by_single_sign_on() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let agent = built_in(&stage, &admin, Agent).await;
        let mappings = [mapping("agents", agent, Scope::Workspace)];
        let provider = configure(&stage, &admin, true, &mappings).await.unwrap();
        let claims = json!({ "email": "nina@acme.example", "groups": ["agents"] });
        let opened = enter(&stage, &provider, SIGN_IN, "nina", claims).await.unwrap();
        let nina = viewer(&stage, &opened).await;
        assert!(second_factor::enroll(&stage.installation, &nina).await.is_ok());
    }
}

#[tokio::test]
async fn somebody_unknown_becomes_a_member_by_a_mapped_role_as_a_new_account_without_a_password() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let agent = built_in(&stage, &admin, Agent).await;
        let mappings = [mapping("agents", agent, Scope::Channel(stage.sales))];
        let closed = configure(&stage, &admin, false, &mappings).await.unwrap();
        let open = configure(&stage, &admin, true, &mappings).await.unwrap();
        let claims = json!({ "email": "Nina@Acme.example", "name": "Nina", "groups": ["agents"] });
        let with = |name: &str, value: Value| {
            let mut claims = claims.clone();
            claims[name] = value;
            claims
        };
        for (provider, claims) in [
            (&closed, claims.clone()),
            (&open, with("groups", json!(["others"]))),
            (&open, with("email", Value::Null)),
            (&open, with("email", json!("not an address"))),
            (&open, with("email_verified", json!(false))),
        ] {
            let refused = enter(&stage, provider, SIGN_IN, "nina", claims.clone()).await;
            assert_eq!(refusal(refused), Refusal::NotLinked, "{claims}");
        }
        let opened = enter(&stage, &open, SIGN_IN, "nina", claims.clone()).await.unwrap();
        let nina = viewer(&stage, &opened).await;
        assert!(nina.access.in_channel(stage.sales).contains(Permission::ContactReadPhone));
        assert!(!nina.access.in_channel(stage.support).contains(Permission::ContactReadPhone));
        let rows = "SELECT COUNT(*) FROM users WHERE email_normalized = 'nina@acme.example' AND password_hash IS NULL";
        assert_eq!(count(&stage, rows).await, 1);
        let again = enter(&stage, &open, SIGN_IN, "nina", claims.clone()).await.unwrap();
        assert_eq!(viewer(&stage, &again).await.member_id(), nina.member_id());
        // Another subject with the same address, and the same subject at another provider, are somebody else.
        let refused = enter(&stage, &open, SIGN_IN, "nina-2", claims.clone()).await;
        assert_eq!(refusal(refused), Refusal::LinkRequired);
        let refused = enter(&stage, &closed, SIGN_IN, "nina", json!({})).await;
        assert_eq!(refusal(refused), Refusal::NotLinked);
    }
}

/// Invites somebody to a role; answers the token in the letter.
async fn invite(stage: &Stage, by: &Person, email: &str, role: BuiltInRole) -> String {
    let role_id = built_in(stage, by, role).await;
    let promise =
        Promise { role_id, scope: Scope::Workspace, valid_from: None, valid_until: None, reason: "joins" };
    let invite = Invite { name: "Nina", email, locale: "pt-BR", grants: vec![promise] };
    try_as(stage, by, async |change| invitation::invite(change, invite).await).await.unwrap();
    stage.token_for(email).await
}

#[tokio::test]
async fn an_invitation_is_accepted_by_its_letter_or_by_a_verified_address() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        invite(&stage, &admin, "nina@acme.example", Agent).await;
        let claims = |verified: Value| json!({ "email": "Nina@acme.example", "email_verified": verified });
        for unverified in [json!(false), Value::Null, json!("no")] {
            let refused = enter(&stage, &provider, SIGN_IN, "nina", claims(unverified)).await;
            assert_eq!(refusal(refused), Refusal::NotLinked);
        }
        let opened = enter(&stage, &provider, SIGN_IN, "nina", claims(json!(true))).await.unwrap();
        let nina = viewer(&stage, &opened).await;
        assert!(nina.access.everywhere().contains(Permission::ContactReadPhone));
        // With the letter, the provider may know the person by another address.
        let token = invite(&stage, &admin, "otto@acme.example", Support).await;
        let wrong = Want::SignIn { invitation: Some("ptr_inv_wrong") };
        let refused = enter(&stage, &provider, wrong, "otto", json!({})).await;
        assert_eq!(refusal(refused), Refusal::InvalidToken);
        let letter = Want::SignIn { invitation: Some(&token) };
        let otto = json!({ "email": "o.schmidt@elsewhere.example", "name": "Otto" });
        enter(&stage, &provider, letter, "otto", otto).await.unwrap();
        let refused = enter(&stage, &provider, letter, "otto-2", json!({})).await;
        assert_eq!(refusal(refused), Refusal::InvalidToken, "once");
        // Who has been removed comes back by another invitation, and not without.
        let nina_id = nina.member_id().unwrap();
        try_as(&stage, &admin, async |change| member::remove(change, nina_id).await).await.unwrap();
        let verified = claims(json!(true));
        let refused = enter(&stage, &provider, SIGN_IN, "nina", verified.clone()).await;
        assert_eq!(refusal(refused), Refusal::NotActive);
        invite(&stage, &admin, "nina@acme.example", Support).await;
        let opened = enter(&stage, &provider, SIGN_IN, "nina", verified).await.unwrap();
        assert_eq!(viewer(&stage, &opened).await.member_id(), Some(nina_id));
        // Who has an account already proves it by its password.
        let (other, ..) = stage.another_workspace().await;
        let known = stage.person_in(other, "Karl", &[]).await;
        let token = invite(&stage, &admin, &known.email, Agent).await;
        let letter = Want::SignIn { invitation: Some(&token) };
        let claims = json!({ "email": known.email, "email_verified": true });
        for want in [letter, SIGN_IN] {
            let refused = enter(&stage, &provider, want, "karl", claims.clone()).await;
            assert_eq!(refusal(refused), Refusal::LinkRequired);
        }
    }
}

/// A member who may configure providers and little else.
async fn policy_maker(stage: &Stage, admin: &Person) -> Person {
    let permissions = [Permission::SecurityPolicyManage, Permission::MessageRead, Permission::RoleManage];
    let permissions = permissions.into_iter().collect();
    let role = try_as(stage, admin, async |change| {
        role::create(change, NewRole { name: "Policy", description: "", permissions }).await
    })
    .await
    .unwrap();
    let person = stage.person("Policy", &[]).await;
    let giving = grant::Giving {
        member_id: person.member_id,
        role_id: role.role.id,
        scope: Scope::Workspace,
        valid_from: None,
        valid_until: None,
        reason: "makes policy",
    };
    try_as(stage, admin, async |change| grant::give(change, giving).await).await.unwrap();
    stage.step_up(&person).await
}

#[tokio::test]
async fn without_the_letter_an_invitation_gives_no_more_than_who_configured_the_provider_holds() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let maker = policy_maker(&stage, &admin).await;
        let provider = configure(&stage, &maker, false, &[]).await.unwrap();
        let token = invite(&stage, &admin, "boss@acme.example", Administrator).await;
        let claims = json!({ "email": "boss@acme.example", "email_verified": true });
        let refused = enter(&stage, &provider, SIGN_IN, "maker", claims.clone()).await;
        assert_eq!(refusal(refused), Refusal::NotLinked, "the maker's provider takes nobody's invitation");
        let letter = Want::SignIn { invitation: Some(&token) };
        assert!(enter(&stage, &provider, letter, "boss", claims).await.is_ok());
    }
}

#[tokio::test]
async fn roles_follow_the_claims_and_grants_made_by_hand_stay() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let (agent, support) =
            (built_in(&stage, &admin, Agent).await, built_in(&stage, &admin, Support).await);
        let mappings = [
            mapping("sales", agent, Scope::Channel(stage.sales)),
            mapping("helpers", support, Scope::Channel(stage.support)),
        ];
        let provider = configure(&stage, &admin, false, &mappings).await.unwrap();
        let ana = stage.person("Ana", &[(Support, Scope::Channel(stage.sales))]).await;
        link_to(&stage, &provider, &ana, "ana").await;
        let enter_with = async |groups: Value| {
            let opened = enter(&stage, &provider, SIGN_IN, "ana", json!({ "groups": groups })).await.unwrap();
            let access = viewer(&stage, &opened).await.access.clone();
            (
                access.in_channel(stage.sales).contains(Permission::ContactReadPhone),
                access.in_channel(stage.support).contains(Permission::MessageRead),
                access.in_channel(stage.sales).contains(Permission::MessageRead),
            )
        };
        assert_eq!(enter_with(json!(["sales"])).await, (true, false, true));
        assert_eq!(enter_with(json!(["sales", "helpers"])).await, (true, true, true));
        let made = "SELECT COUNT(*) FROM grants WHERE reason = 'Single sign-on: Acme' AND granted_by IS NULL";
        assert_eq!(count(&stage, made).await, 2, "what is held already is not given again");
        assert_eq!(enter_with(json!("helpers")).await, (false, true, true));
        assert_eq!(enter_with(json!([])).await, (false, false, true), "what was granted by hand stays");
        let told = |action: &str| format!("SELECT COUNT(*) FROM activities WHERE action = '{action}'");
        assert_eq!(
            (count(&stage, &told("grant.made")).await, count(&stage, &told("grant.revoked")).await),
            (2, 2)
        );
        enter_with(json!(["sales"])).await;
        let reader = stage.installation.database.reader();
        let exported = access_file::read(reader, stage.workspace_id, stage.clock.now()).await.unwrap();
        let reasons: Vec<_> = exported.document.grants.iter().map(|entry| entry.reason.as_str()).collect();
        assert_eq!(reasons, ["test", "test"], "what comes and goes with claims is in no access file");
        // A mapping that is taken away takes what it gave with it, at once.
        let update = async |change: &mut Change<'_>| {
            identity_provider::update(change, provider.provider.id, Settings::default(), Some(&mappings[1..]))
                .await
        };
        try_as(&stage, &admin, update).await.unwrap();
        let open = "SELECT COUNT(*) FROM grants WHERE reason = 'Single sign-on: Acme' AND closed_at IS NULL";
        assert_eq!(count(&stage, open).await, 0);
    }
}

#[tokio::test]
async fn the_last_administrator_keeps_what_is_no_longer_claimed() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let everything = built_in(&stage, &admin, Administrator).await;
        let mappings = [mapping("admins", everything, Scope::Workspace)];
        let provider = configure(&stage, &admin, false, &mappings).await.unwrap();
        let bia = stage.person("Bia", &[]).await;
        link_to(&stage, &provider, &bia, "bia").await;
        let claims = json!({ "groups": ["admins"], "amr": ["pwd", "mfa"] });
        let opened = enter(&stage, &provider, SIGN_IN, "bia", claims).await.unwrap();
        let bia =
            Person { token: opened.token.reveal().to_owned(), viewer: viewer(&stage, &opened).await, ..bia };
        try_as(&stage, &bia, async |change| member::remove(change, admin.member_id).await).await.unwrap();
        let opened = enter(&stage, &provider, SIGN_IN, "bia", json!({ "groups": [] })).await.unwrap();
        assert!(viewer(&stage, &opened).await.access.everywhere().contains(Permission::MemberManage));
        assert_eq!(count(&stage, "SELECT COUNT(*) FROM activities WHERE action = 'grant.kept'").await, 1);
    }
}

#[tokio::test]
async fn an_answer_counts_once_from_where_it_began_and_in_time() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        let ana = stage.person("Ana", &[]).await;
        link_to(&stage, &provider, &ana, "ana").await;
        let installation = &stage.installation;
        let fetch = async |fetching: Fetching<'_>| finish(installation, fetching, Origin::default()).await;

        let one = begun(&stage, &provider, None, SIGN_IN).await.unwrap();
        let fetching = returned(&stage, &one, "ana", &json!({})).await;
        assert_eq!(
            refusal(accept(installation, &one.state, None).await),
            Refusal::InvalidToken,
            "a state twice"
        );
        let foreign = begun(&stage, &provider, None, SIGN_IN).await.unwrap();
        for secret in [foreign.secret.as_str(), "", "x"] {
            let refused = fetch(Fetching { code: &fetching.0, secret }).await;
            assert_eq!(refusal(refused), Refusal::InvalidToken, "a code in another's hands");
        }
        assert!(fetch(by(&fetching)).await.is_ok(), "who had only the code has used nothing up");
        assert_eq!(refusal(fetch(by(&fetching)).await), Refusal::InvalidToken, "a code twice");

        let fetching = returned(&stage, &foreign, "ana", &json!({})).await;
        stage.clock.advance(MINUTE + Duration::from_secs(1));
        assert_eq!(refusal(fetch(by(&fetching)).await), Refusal::InvalidToken, "a code that is too old");

        let slow = begun(&stage, &provider, None, SIGN_IN).await.unwrap();
        let mut forged = slow.state.clone().into_bytes();
        *forged.last_mut().unwrap() = if forged.ends_with(b"A") { b'B' } else { b'A' };
        for state in
            [String::from_utf8(forged).unwrap(), String::new(), "ephemeral.".to_owned(), "x.y".to_owned()]
        {
            assert_eq!(refusal(accept(installation, &state, None).await), Refusal::InvalidToken, "{state}");
        }
        stage.clock.advance(10 * MINUTE + Duration::from_secs(1));
        assert_eq!(refusal(accept(installation, &slow.state, None).await), Refusal::InvalidToken, "too slow");

        // A browser is known by its cookie.
        let workspace = stage.workspace_id.to_string();
        let from = async |cookie: Option<&str>| {
            let beginning = Beginning {
                workspace: &workspace,
                provider_id: provider.provider.id,
                want: SIGN_IN,
                path: Some("/inbox"),
                cookie,
                by_cookie: true,
            };
            begin(installation, None, beginning).await.unwrap()
        };
        let here = from(None).await;
        let there = from(None).await;
        for cookie in [None, Some(there.secret.as_str()), Some("")] {
            let refused = accept(installation, &here.state, cookie).await;
            assert_eq!(refusal(refused), Refusal::InvalidToken, "another browser");
        }
        assert!(accept(installation, &here.state, Some(&here.secret)).await.is_ok());
        assert_eq!(*from(Some(&here.secret)).await.secret, *here.secret, "two tabs have one cookie");
        assert_ne!(*from(Some("chosen by somebody")).await.secret, "chosen by somebody");
    }
}

#[tokio::test]
async fn a_second_factor_counts_as_configured_and_since_when_it_was_given() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        let ana = stage.person("Ana", &[]).await;
        link_to(&stage, &provider, &ana, "ana").await;
        let now = stage.clock.now();
        let session = async |claims: Value| {
            let opened = enter(&stage, &provider, SIGN_IN, "ana", claims).await.unwrap();
            *viewer(&stage, &opened).await.session().unwrap()
        };
        for (claims, expected) in [
            (json!({}), false),
            (json!({ "acr": "urn:mfa" }), true),
            (json!({ "acr": "urn:pwd", "amr": ["pwd", "hwk"] }), true),
            (json!({ "acr": "urn:mfa2", "amr": ["pwd"] }), false),
            (json!({ "amr": "mfa" }), false),
            (json!({ "acr": "", "amr": [""] }), false),
        ] {
            assert_eq!(session(claims.clone()).await.second_factor, expected, "{claims}");
        }
        let hours_ago = session(json!({ "acr": "urn:mfa", "auth_time": now.as_secs() - 2 * 3600 })).await;
        assert!(hours_ago.second_factor && !hours_ago.is_stepped_up(now));
        let future = session(json!({ "acr": "urn:mfa", "auth_time": now.as_secs() + 3600 })).await;
        assert_eq!(future.authenticated_at, now);
    }
}

#[tokio::test]
async fn stepping_up_takes_the_identity_of_the_session_and_a_fresh_second_factor() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        let ana = stage.person("Ana", &[]).await;
        link_to(&stage, &provider, &ana, "ana").await;
        let opened = enter(&stage, &provider, SIGN_IN, "ana", json!({})).await.unwrap();
        let session = viewer(&stage, &opened).await;
        let now = stage.clock.now().as_secs();
        let attempt = async |viewer: &Viewer, want: Want<'_>, subject: &str, claims: Value| {
            let begun = begun(&stage, &provider, Some(viewer), want).await?;
            let fetching = returned(&stage, &begun, subject, &claims).await;
            step_up(&stage.installation, viewer, by(&fetching), &Origin::default()).await
        };
        let good = json!({ "acr": "urn:mfa", "auth_time": now });
        for (claims, expected) in [
            (json!({ "acr": "urn:mfa" }), Refusal::NoSecondFactorGiven),
            (json!({ "auth_time": now }), Refusal::NoSecondFactorGiven),
            (json!({ "acr": "urn:mfa", "auth_time": now - 120 }), Refusal::NoSecondFactorGiven),
        ] {
            let refused = attempt(&session, Want::StepUp, "ana", claims).await;
            assert_eq!(refusal(refused), expected);
        }
        let refused = attempt(&session, Want::StepUp, "somebody", good.clone()).await;
        assert_eq!(refusal(refused), Refusal::NotLinked);
        let refused = attempt(&session, SIGN_IN, "ana", good.clone()).await;
        assert_eq!(refusal(refused), Refusal::InvalidToken, "an answer for another purpose");
        let by_password = stage.sign_in(&ana.email).await;
        let refused = attempt(&by_password.viewer, Want::StepUp, "ana", good.clone()).await;
        assert_eq!(
            refusal(refused),
            Refusal::NotLinked,
            "a password's session is stepped up by its own means"
        );
        assert!(!viewer(&stage, &opened).await.is_stepped_up(stage.clock.now()));
        let stepped_up = attempt(&session, Want::StepUp, "ana", good).await.unwrap();
        assert!(stepped_up.is_stepped_up(stage.clock.now()));
        assert!(viewer(&stage, &opened).await.is_stepped_up(stage.clock.now()));
        // What was begun in one session ends in no other.
        let begun = begun(&stage, &provider, Some(&session), Want::StepUp).await.unwrap();
        let claims = json!({ "acr": "urn:mfa", "auth_time": now });
        let fetching = returned(&stage, &begun, "ana", &claims).await;
        let other = enter(&stage, &provider, SIGN_IN, "ana", json!({})).await.unwrap();
        let other = viewer(&stage, &other).await;
        let refused = step_up(&stage.installation, &other, by(&fetching), &Origin::default()).await;
        assert_eq!(refusal(refused), Refusal::InvalidToken);
    }
}

#[tokio::test]
async fn one_links_and_unlinks_ones_own_identity_and_nobody_elses() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let agent = built_in(&stage, &admin, Agent).await;
        let mappings = [mapping("agents", agent, Scope::Workspace)];
        let provider = configure(&stage, &admin, true, &mappings).await.unwrap();
        let (ana, bia) = (stage.person("Ana", &[]).await, stage.person("Bia", &[]).await);
        let tried = begun(&stage, &provider, Some(&ana.viewer), Want::Link).await.map(|_| ());
        assert!(matches!(tried, Err(Error::StepUpRequired { .. })), "a session left open links nobody");
        let identity = link_to(&stage, &provider, &ana, "ana").await;
        let bia = stage.step_up(&bia).await;
        let attempt = async |person: &Person, subject: &str| {
            let begun = begun(&stage, &provider, Some(&person.viewer), Want::Link).await?;
            let fetching = returned(&stage, &begun, subject, &json!({})).await;
            link(&stage.installation, &person.viewer, by(&fetching)).await
        };
        assert_eq!(refusal(attempt(&bia, "ana").await), Refusal::IdentityTaken);
        let ana = stage.step_up(&ana).await;
        assert_eq!(refusal(attempt(&ana, "ana-2").await), Refusal::AlreadyLinked);
        // What Ana began, Bia does not end.
        let begun = begun(&stage, &provider, Some(&ana.viewer), Want::Link).await.unwrap();
        let fetching = returned(&stage, &begun, "bia", &json!({})).await;
        let refused = link(&stage.installation, &bia.viewer, by(&fetching)).await;
        assert_eq!(refusal(refused), Refusal::InvalidToken);
        let unlink = async |person: &Person, id| {
            try_as(&stage, person, async |change| external_identity::unlink(change, id).await).await
        };
        assert!(matches!(unlink(&bia, identity.id).await, Err(Error::NotFound)));
        let opened = enter(&stage, &provider, SIGN_IN, "ana", json!({})).await.unwrap();
        assert!(stage.viewer(opened.token.reveal()).await.is_some());
        unlink(&ana, identity.id).await.unwrap();
        assert!(stage.viewer(opened.token.reveal()).await.is_none(), "its sessions end with it");
        assert!(stage.viewer(&ana.token).await.is_some(), "and no others");
        assert_eq!(refusal(enter(&stage, &provider, SIGN_IN, "ana", json!({})).await), Refusal::NotLinked);
        // Who came by the provider has no other way in.
        let claims = json!({ "email": "nina@acme.example", "groups": ["agents"] });
        let opened = enter(&stage, &provider, SIGN_IN, "nina", claims).await.unwrap();
        let viewer = viewer(&stage, &opened).await;
        let own = external_identity::of_member(
            stage.installation.database.reader(),
            (stage.workspace_id, viewer.member_id().unwrap()),
        )
        .await
        .unwrap();
        let nina = Person {
            member_id: viewer.member_id().unwrap(),
            email: String::new(),
            token: opened.token.reveal().to_owned(),
            viewer,
        };
        assert_eq!(refusal(unlink(&nina, own[0].id).await), Refusal::LastWayIn);
        unlink(&admin, own[0].id).await.unwrap();
        assert!(stage.viewer(&nina.token).await.is_none());
    }
}
