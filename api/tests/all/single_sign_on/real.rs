//! Whole sign-ins by a real provider: npm's `oidc-provider`, started from `tests/oidc`. Without node or its modules they
//! are skipped, and say so; with `PORTARIA_TEST_REQUIRE_OIDC` they fail.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use portaria_entity::time::Timestamp;
use portaria_testing::{Person, Stage, TestDatabase, databases};
use serde_json::{Value, json};

use super::browser::{Browser, code, location};
use super::{FINISH, admin, api, configure};
use crate::client::{ask, go_on};

struct Provider {
    issuer: String,
    accounts: PathBuf,
    redirects: PathBuf,
    _folder: tempfile::TempDir,
    /// Its standard input is its life line.
    process: Child,
}

impl Provider {
    /// `None` where it cannot be started.
    fn start() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/oidc/provider.mjs");
        let modules = script.parent().unwrap().join("node_modules/oidc-provider");
        let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
        if !modules.is_dir() || !node.is_ok_and(|status| status.success()) {
            assert!(
                std::env::var_os("PORTARIA_TEST_REQUIRE_OIDC").is_none(),
                "an OpenID Connect provider is required here: install node, then `npm ci` in tests/oidc"
            );
            eprintln!("SKIPPED with a real provider: install node, then `npm ci` in tests/oidc");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (accounts, redirects) = (folder.path().join("accounts.json"), folder.path().join("redirects"));
        let mut process = Command::new("node")
            .arg(script)
            .arg(&accounts)
            .arg(&redirects)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut issuer = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut issuer).unwrap();
        Some(Self { issuer: issuer.trim().to_owned(), accounts, redirects, _folder: folder, process })
    }

    /// The one address to send browsers back to, as an administrator registers it.
    fn registers(&self, redirect_uri: &Value) {
        std::fs::write(&self.redirects, redirect_uri.as_str().unwrap()).unwrap();
    }

    fn knows(&self, accounts: &Value) {
        std::fs::write(&self.accounts, accounts.to_string()).unwrap();
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended already: nothing is left to be done then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A stage whose clock stands at the real time, which is the provider's.
async fn stage(test: TestDatabase) -> Stage {
    let stage = Stage::on(test).await;
    #[expect(clippy::disallowed_methods, reason = "the provider's clock is the real one")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    stage.clock.set(Timestamp::from_secs(i64::try_from(now.as_secs()).unwrap()));
    stage
}

/// Signs in at the provider's own pages, and comes home; answers where the front end is entered.
async fn sign_in_there(browser: &mut Browser, authorization_url: &str, login: &str) -> String {
    let page = browser.follow(authorization_url, None).await;
    assert!(page.text.contains("Sign-in"), "{}", page.text);
    let form = [("prompt", "login"), ("login", login), ("password", "any")];
    let mut page = browser.follow(&submit(&page.text, page.url.as_str()), Some(&form)).await;
    if page.text.contains("Authorize") {
        let form = [("prompt", "consent")];
        page = browser.follow(&submit(&page.text, page.url.as_str()), Some(&form)).await;
    }
    browser.come_home(&page.url).await
}

/// Where a page's form goes.
fn submit(page: &str, url: &str) -> String {
    let action = page.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
    let base = reqwest::Url::parse(url).unwrap();
    base.join(action.unwrap_or_else(|| panic!("no form: {page}"))).unwrap().to_string()
}

async fn person(stage: &Stage, answer: &Value) -> Person {
    let session = &answer["data"]["finishSingleSignOn"]["session"];
    let token = session["token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let viewer = stage.viewer(&token).await.unwrap();
    Person { member_id: viewer.member_id().unwrap(), email: String::new(), token, viewer }
}

#[tokio::test]
async fn a_browser_signs_in_by_a_real_provider() {
    let Some(provider) = Provider::start() else { return };
    for test in databases().await {
        let stage = stage(test).await;
        let api = api(&stage);
        let admin = admin(&stage).await;
        let configured = configure(&api, &admin, &provider.issuer, "a secret of the tests").await;
        let own = format!("http://portaria.test/sso/callback/{}", configured["id"].as_str().unwrap());
        assert_eq!(configured["redirectUri"], own);
        provider.registers(&configured["redirectUri"]);
        assert_eq!(configured["scopes"], json!(["openid", "email", "profile"]));
        provider.knows(&json!({
            "nina": { "email": "nina@acme.example", "email_verified": true, "name": "Nina", "groups": ["agents"] },
        }));
        let listed = "query($w: String!) { signInProviders(workspace: $w) { id name startPath } }";
        let listed = ask(&api, None, listed, json!({ "w": stage.workspace_id.to_string() })).await;
        let shown = &listed["data"]["signInProviders"][0];
        assert_eq!((&shown["id"], &shown["name"]), (&configured["id"], &json!("Acme")));

        let mut browser = Browser::new(&api);
        let path = format!("{}?path=/inbox", shown["startPath"].as_str().unwrap());
        let leaving = browser.open(&path).await;
        let cookie = leaving.headers["set-cookie"].to_str().unwrap();
        for part in ["__Host-portaria_sso=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let landing = sign_in_there(&mut browser, &location(&leaving), "nina").await;
        assert!(landing.starts_with("http://portaria.test/inbox#code=ptr_sso_"), "{landing}");
        let input = json!({ "i": { "code": code(&landing) } });
        let elsewhere = Browser::new(&api).ask(FINISH, &input).await;
        assert_eq!(elsewhere["data"]["finishSingleSignOn"]["userErrors"][0]["code"], "INVALID_TOKEN");
        let nina = person(&stage, &browser.ask(FINISH, &input).await).await;
        let again = browser.ask(FINISH, &input).await;
        assert_eq!(again["data"]["finishSingleSignOn"]["userErrors"][0]["code"], "INVALID_TOKEN", "{again}");
        let mine = "{ viewer { member { name grants { reason role { name } } } session { secondFactor } }
                      linkedIdentities { providerName subject member { name } } }";
        let mine = ask(&api, Some(&nina), mine, json!({})).await;
        assert_eq!(
            mine["data"],
            json!({
                "viewer": {
                    "member": { "name": "Nina", "grants": [{ "reason": "Single sign-on: Acme", "role": { "name": "Agent" } }] },
                    "session": { "secondFactor": false },
                },
                "linkedIdentities": [{ "providerName": "Acme", "subject": "nina", "member": { "name": "Nina" } }],
            })
        );

        // What the provider no longer claims is gone at the next sign-in, which its own session makes without a page.
        provider.knows(&json!({ "nina": { "email": "nina@acme.example", "name": "Nina", "groups": [] } }));
        let leaving = browser.open(&path).await;
        let page = browser.follow(&location(&leaving), None).await;
        let landing = browser.come_home(&page.url).await;
        let input = json!({ "i": { "code": code(&landing) } });
        let nina = person(&stage, &browser.ask(FINISH, &input).await).await;
        let grants = ask(&api, Some(&nina), "{ viewer { member { grants { reason } } } }", json!({})).await;
        assert_eq!(grants["data"]["viewer"]["member"]["grants"], json!([]));
    }
}

const BEGIN: &str = "mutation($i: BeginSingleSignOnInput!) { beginSingleSignOn(input: $i) {
                       start { authorizationUrl secret } userErrors { code } } }";

#[tokio::test]
async fn a_member_links_an_identity_signs_in_by_it_and_steps_up_at_a_real_provider() {
    let Some(provider) = Provider::start() else { return };
    for test in databases().await {
        let stage = stage(test).await;
        let api = api(&stage);
        let admin = admin(&stage).await;
        let configured = configure(&api, &admin, &provider.issuer, "a secret of the tests").await;
        provider.registers(&configured["redirectUri"]);
        provider.knows(&json!({ "a.admin": { "email": admin.email, "email_verified": true } }));
        // An app keeps the secret itself, and its browser needs no cookie of ours.
        let go = async |person: Option<&Person>, browser: &mut Browser, purpose: &str| {
            let input = json!({
                "workspace": stage.workspace_id.to_string(), "identityProviderId": configured["id"],
                "purpose": purpose, "path": "/back",
            });
            let begun = ask(&api, person, BEGIN, json!({ "i": input })).await;
            let start = &begun["data"]["beginSingleSignOn"]["start"];
            let url = start["authorizationUrl"].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned();
            let landing = sign_in_there(browser, &url, "a.admin").await;
            (url, json!({ "i": { "code": code(&landing), "secret": start["secret"] } }))
        };
        let mut browser = Browser::new(&api);
        let (_, fetching) = go(None, &mut browser, "SIGN_IN").await;
        let refused = ask(&api, None, FINISH, fetching).await;
        assert_eq!(
            refused["data"]["finishSingleSignOn"]["userErrors"][0]["code"], "LINK_REQUIRED",
            "an address that the provider has verified opens no account"
        );
        let (url, fetching) = go(Some(&admin), &mut browser, "LINK").await;
        assert!(url.contains("prompt=login") && url.contains("max_age=0"), "{url}");
        let link = "mutation($i: LinkIdentityInput!) { linkIdentity(input: $i) { identity { subject } userErrors { code } } }";
        let linked = ask(&api, Some(&admin), link, fetching).await;
        assert_eq!(linked["data"]["linkIdentity"]["identity"]["subject"], "a.admin", "{linked}");

        let mut fresh = Browser::new(&api);
        let (_, fetching) = go(None, &mut fresh, "SIGN_IN").await;
        let mut here = person(&stage, &ask(&api, None, FINISH, fetching).await).await;
        assert_eq!(here.member_id, admin.member_id);
        let sensitive = "{ identityProviders { id } }";
        let refused = ask(&api, Some(&here), sensitive, json!({})).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "STEP_UP_REQUIRED");
        let step_up = "mutation($i: StepUpBySingleSignOnInput!) { stepUpBySingleSignOn(input: $i) {
                         session { secondFactor } sessionToken { token } userErrors { code } } }";
        let (_, fetching) = go(Some(&here), &mut fresh, "STEP_UP").await;
        let refused = ask(&api, Some(&here), step_up, fetching).await;
        assert_eq!(
            refused["data"]["stepUpBySingleSignOn"]["userErrors"][0]["code"], "NO_SECOND_FACTOR_GIVEN",
            "{refused}"
        );
        provider.knows(
            &json!({ "a.admin": { "email": admin.email, "acr": "urn:test:mfa", "amr": ["pwd", "mfa"] } }),
        );
        let (_, fetching) = go(Some(&here), &mut fresh, "STEP_UP").await;
        let done = ask(&api, Some(&here), step_up, fetching).await;
        assert_eq!(done["data"]["stepUpBySingleSignOn"]["session"]["secondFactor"], true, "{done}");
        go_on(&mut here, &done["data"]["stepUpBySingleSignOn"]);
        let seen = ask(&api, Some(&here), sensitive, json!({})).await;
        assert_eq!(seen["data"]["identityProviders"][0]["id"], configured["id"], "{seen}");
    }
}
