//! SCIM over HTTP: what directories send and what they are answered.

mod group;
mod list;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{PASSWORD, Person, Stage, databases};
use serde_json::{Value, json};

use crate::client::{Answer, api, ask, errors, send};

const MEDIA: &str = "application/scim+json";

/// A company whose directory has been let in, by its administrator and through the API.
struct Company {
    stage: Stage,
    api: Router,
    admin: Person,
    token: String,
}

impl Company {
    async fn on(test: portaria_testing::TestDatabase) -> Self {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let mut company = Self { stage, api, admin, token: String::new() };
        let create = "mutation($role: ID!) { createDirectoryCredential(input: { name: \"Entra\", expiresAt: \"2026-12-31T00:00:00Z\",
                        approved: [{ roleId: $role, scope: { kind: WORKSPACE } }] }) {
                        created { token directoryCredential { id prefix status approved { role { name } scopeKind } } } userErrors { code } } }";
        let created = company.asks(create, json!({ "role": company.role("Agent").await })).await;
        let created = &created["data"]["createDirectoryCredential"]["created"];
        assert_eq!(
            created["directoryCredential"]["approved"],
            json!([{ "role": { "name": "Agent" }, "scopeKind": "WORKSPACE" }])
        );
        company.token = created["token"].as_str().unwrap().to_owned();
        company
    }

    async fn asks(&self, query: &str, variables: Value) -> Value {
        ask(&self.api, Some(&self.admin), query, variables).await
    }

    async fn role(&self, name: &str) -> Value {
        let roles = self.asks("{ roles { id name } }", json!({})).await;
        let roles = roles["data"]["roles"].as_array().unwrap().clone();
        roles.iter().find(|role| role["name"] == name).unwrap()["id"].clone()
    }

    fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("/scim/v2{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header(header::CONTENT_TYPE, MEDIA);
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        send(&self.api, request.body(body).unwrap()).await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, &Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        assert_eq!(answer.headers[header::CONTENT_TYPE], MEDIA);
        answer.json()
    }

    async fn create(&self, path: &str, body: Value) -> Value {
        let answer = self.send(Method::POST, path, &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        assert_eq!(answer.headers[header::LOCATION], answer.json()["meta"]["location"].as_str().unwrap());
        answer.json()
    }

    async fn patch(&self, path: &str, operations: Value) -> Answer {
        self.send(Method::PATCH, path, &json!({ "Operations": operations })).await
    }

    async fn patched(&self, path: &str, operations: Value) -> Value {
        let answer = self.patch(path, operations).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()
    }

    /// The ids that a list answers with.
    async fn ids(&self, path: &str) -> Vec<String> {
        let list = self.get(path).await;
        let resources = list["Resources"].as_array().unwrap();
        resources.iter().map(|resource| resource["id"].as_str().unwrap().to_owned()).collect()
    }
}

/// As Entra ID sends somebody new.
fn entra(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId": format!("ext-{name}"), "userName": format!("{name}@x.example"), "active": true,
        "displayName": name, "name": { "givenName": name, "familyName": "Souza" },
        "emails": [{ "primary": true, "type": "work", "value": format!("{name}@x.example") }],
        "title": "Atendente", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Vendas" },
    })
}

fn path_of(resource: &Value) -> String {
    resource["meta"]["location"].as_str().unwrap().replace("http://portaria.test/scim/v2", "")
}

fn filtered(endpoint: &str, filter: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    format!("{endpoint}?filter={encoded}")
}

fn error(answer: &Answer) -> (u16, Value) {
    let body = answer.json();
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
    assert_eq!(body["status"], answer.status.as_u16().to_string());
    (answer.status.as_u16(), body["scimType"].clone())
}

#[tokio::test]
async fn only_a_directory_comes_in_and_nowhere_else() {
    for test in databases().await {
        let company = Company::on(test).await;
        let with = |authorization: Option<String>| {
            let mut request = Request::get("/scim/v2/Users");
            if let Some(authorization) = authorization {
                request = request.header(header::AUTHORIZATION, authorization);
            }
            request.body(Body::empty()).unwrap()
        };
        let token = &company.token;
        for authorization in [
            None,
            Some(format!("Bearer {}", company.admin.token)),
            Some(format!("Bearer {token}x")),
            Some(format!("Basic {token}")),
            Some(token.clone()),
        ] {
            let answer = send(&company.api, with(authorization)).await;
            assert_eq!(error(&answer), (401, Value::Null));
            assert!(answer.headers.contains_key(header::WWW_AUTHENTICATE));
        }
        let graphql = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::from(r#"{"query":"{ viewer { workspace { name } } }"}"#))
            .unwrap();
        assert_eq!(send(&company.api, graphql).await.status, StatusCode::UNAUTHORIZED);
        let list = company.asks("{ directoryCredentials { id prefix status lastUsedAt } }", json!({})).await;
        let credential = &list["data"]["directoryCredentials"][0];
        assert!(token.starts_with(credential["prefix"].as_str().unwrap()));
        let revoke = "mutation($id: ID!) { revokeDirectoryCredential(input: { directoryCredentialId: $id }) {
                        directoryCredential { status } userErrors { code } } }";
        assert_eq!(company.send(Method::GET, "/Users", &Value::Null).await.status, StatusCode::OK);
        company.asks(revoke, json!({ "id": credential["id"] })).await;
        assert_eq!(company.send(Method::GET, "/Users", &Value::Null).await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn hiring_and_leaving_in_the_directory_creates_and_removes_access() {
    for test in databases().await {
        let company = Company::on(test).await;
        let stage = &company.stage;
        assert_eq!(
            company.get(&filtered("/Users", "userName eq \"nina@x.example\"")).await["totalResults"],
            0
        );
        let nina = company.create("/Users", entra("nina")).await;
        assert_eq!((&nina["active"], &nina["userName"]), (&json!(true), &json!("nina@x.example")));
        assert!(nina.get("title").is_none(), "what is of no use is not kept");
        let group = company
            .create("/Groups", json!({ "displayName": "Vendas", "members": [{ "value": nina["id"] }] }))
            .await;
        let map = "mutation($group: ID!, $role: ID!) { mapDirectoryGroup(input: { groupId: $group, roleId: $role, scope: { kind: WORKSPACE } }) {
                     mapping { id role { name } scopeKind } userErrors { code } } }";
        let mapped =
            company.asks(map, json!({ "group": group["id"], "role": company.role("Agent").await })).await;
        assert_eq!(mapped["data"]["mapDirectoryGroup"]["mapping"]["role"]["name"], "Agent", "{mapped}");
        let too_much =
            company.asks(map, json!({ "group": group["id"], "role": company.role("Analyst").await })).await;
        assert_eq!(too_much["data"]["mapDirectoryGroup"]["userErrors"], json!([{ "code": "NOT_APPROVED" }]));

        let invitation = stage.token_for("nina@x.example").await;
        let accept =
            "mutation($t: String!, $p: String!) { acceptInvitation(input: { token: $t, password: $p }) {
                        session { token } userErrors { code } } }";
        let accepted = ask(&company.api, None, accept, json!({ "t": invitation, "p": PASSWORD })).await;
        assert!(accepted["data"]["acceptInvitation"]["session"]["token"].is_string(), "{accepted}");
        let person = stage.sign_in("nina@x.example").await;
        let mine = "{ viewer { member { grants { role { name } reason } } } }";
        let answer = ask(&company.api, Some(&person), mine, json!({})).await;
        assert_eq!(
            answer["data"]["viewer"]["member"]["grants"],
            json!([{ "role": { "name": "Agent" }, "reason": "directory: Vendas" }])
        );
        let read = company.get(&path_of(&nina)).await;
        assert_eq!(read["groups"][0]["display"], "Vendas");

        let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
        assert_eq!(company.patched(&path_of(&nina), off).await["active"], false);
        assert!(stage.viewer(&person.token).await.is_none());
        let on = json!([{ "op": "replace", "value": { "active": true } }]);
        assert_eq!(company.patched(&path_of(&nina), on).await["active"], true);
        stage.sign_in("nina@x.example").await;
        let gone = company.send(Method::DELETE, &path_of(&nina), &Value::Null).await;
        assert_eq!((gone.status, gone.body.as_str()), (StatusCode::NO_CONTENT, ""));
        assert_eq!(error(&company.send(Method::GET, &path_of(&nina), &Value::Null).await).0, 404);
        assert_eq!(company.get(&path_of(&group)).await.get("members"), None);
        let groups = company
            .asks(
                "{ directoryGroups { displayName size mappings { role { name } team { name } } } }",
                json!({}),
            )
            .await;
        assert_eq!(
            groups["data"]["directoryGroups"],
            json!([{ "displayName": "Vendas", "size": 0, "mappings": [{ "role": { "name": "Agent" }, "team": null }] }])
        );
        let log = "{ activities(filter: { action: \"member.\" }) { nodes { action directoryCredentialId address member { name } } } }";
        let log = company.asks(log, json!({})).await;
        let nodes = log["data"]["activities"]["nodes"].as_array().unwrap();
        let actions: Vec<_> = nodes.iter().map(|node| node["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["member.removed", "member.reinstated", "member.suspended"]);
        assert!(nodes.iter().all(|node| node["directoryCredentialId"].as_str().unwrap().starts_with("dir_")));
    }
}

#[tokio::test]
async fn refusals_come_in_the_forms_of_the_standard() {
    for test in databases().await {
        let company = Company::on(test).await;
        let ana = company.create("/Users", entra("ana")).await;
        let twice = company.send(Method::POST, "/Users", &entra("ana")).await;
        assert_eq!(error(&twice), (409, json!("uniqueness")));
        let admin =
            company.get(&filtered("/Users", &format!("userName eq \"{}\"", company.admin.email))).await;
        let admin = path_of(&admin["Resources"][0]);
        for answer in [
            company.patch(&admin, json!([{ "op": "replace", "path": "active", "value": false }])).await,
            company.send(Method::PUT, &admin, &entra("x")).await,
            company.send(Method::DELETE, &admin, &Value::Null).await,
        ] {
            assert_eq!(error(&answer), (403, Value::Null), "made by hand, and holds more");
        }
        assert!(company.stage.viewer(&company.admin.token).await.is_some());
        for (method, path, body, expected) in [
            (Method::POST, "/Users", json!({ "userName": "ana" }), (400, json!("invalidValue"))),
            (
                Method::POST,
                "/Users",
                json!({ "emails": [{ "value": "x@x.example" }] }),
                (400, json!("invalidValue")),
            ),
            (Method::POST, "/Users", json!([]), (400, json!("invalidSyntax"))),
            (Method::POST, "/Groups", json!({}), (400, json!("invalidValue"))),
            (Method::GET, "/Users/diruser_00000000000000000000000000", Value::Null, (404, Value::Null)),
            (Method::GET, "/Users/mem_x", Value::Null, (404, Value::Null)),
            (Method::GET, "/Nothing", Value::Null, (404, Value::Null)),
            (Method::PUT, "/Users", json!({}), (405, Value::Null)),
            (Method::POST, "/Schemas", json!({}), (405, Value::Null)),
            (Method::POST, "/Bulk", json!({}), (501, Value::Null)),
            (Method::GET, "/Me", Value::Null, (501, Value::Null)),
        ] {
            let answer = company.send(method.clone(), path, &body).await;
            assert_eq!(error(&answer), expected, "{method} {path} {body}");
        }
        let text = company.request(Method::POST, "/Users").header(header::CONTENT_TYPE, "text/plain");
        assert_eq!(error(&send(&company.api, text.body(Body::from("{}")).unwrap()).await).0, 415);
        let long = json!({ "userName": "x".repeat(1_100_000) });
        assert_eq!(error(&company.send(Method::POST, "/Users", &long).await).0, 413);
        let path = path_of(&ana);
        for (operation, kind) in [
            (json!({ "op": "replace", "path": "id", "value": "x" }), "mutability"),
            (json!({ "op": "remove", "path": "userName" }), "mutability"),
            (json!({ "op": "add", "path": "emails[", "value": "x" }), "invalidPath"),
            (
                json!({ "op": "replace", "path": "emails", "value": [{ "value": "no address" }] }),
                "invalidValue",
            ),
        ] {
            assert_eq!(error(&company.patch(&path, json!([operation])).await), (400, json!(kind)));
        }
        assert_eq!(company.get(&path).await, ana, "a refused change changes nothing");
        let forbidden = ask(
            &company.api,
            Some(&company.stage.person("Ana", &[]).await),
            "{ directoryGroups { id } }",
            json!({}),
        )
        .await;
        assert_eq!(errors(&forbidden), ["FORBIDDEN at directoryGroups"]);
    }
}

#[tokio::test]
async fn versions_keep_two_who_change_the_same_apart() {
    for test in databases().await {
        let company = Company::on(test).await;
        let ana = company.create("/Users", entra("ana")).await;
        let (path, version) = (path_of(&ana), ana["meta"]["version"].as_str().unwrap().to_owned());
        let get = company.request(Method::GET, &path).header(header::IF_NONE_MATCH, &version);
        let same = send(&company.api, get.body(Body::empty()).unwrap()).await;
        assert_eq!((same.status, same.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
        let change = |tag: String| {
            let body =
                json!({ "Operations": [{ "op": "replace", "path": "displayName", "value": "Ana S." }] });
            company
                .request(Method::PATCH, &path)
                .header(header::CONTENT_TYPE, MEDIA)
                .header(header::IF_MATCH, tag)
                .body(Body::from(body.to_string()))
                .unwrap()
        };
        let changed = send(&company.api, change(version.clone())).await;
        assert_eq!(changed.status, StatusCode::OK);
        assert_ne!(changed.headers[header::ETAG], version.as_str());
        assert_eq!(error(&send(&company.api, change(version)).await).0, 412);
        assert_eq!(send(&company.api, change("*".to_owned())).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn the_service_tells_what_it_offers() {
    for test in databases().await {
        let company = Company::on(test).await;
        let config = company.get("/ServiceProviderConfig").await;
        assert_eq!(
            (&config["patch"]["supported"], &config["bulk"]["supported"]),
            (&json!(true), &json!(false))
        );
        let types = company.get("/ResourceTypes").await;
        assert_eq!(types["totalResults"], 2);
        assert_eq!(company.get("/ResourceTypes/User").await["endpoint"], "/Users");
        let schema = company.get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User").await;
        assert_eq!(schema["attributes"][0]["name"], "userName");
        assert_eq!(company.get("/Schemas").await["totalResults"], 2);
    }
}
