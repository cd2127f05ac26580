//! The pages that links open: what surrounds them, what they load, and that they can say all that may happen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, Selection};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use portaria_testing::{Stage, TestDatabase};
use serde_json::json;

use crate::catalogue::Catalogue;
use crate::client::{Answer, api, ask, send};

const PAGES: [&str; 7] = [
    "set-up",
    "sign-in",
    "second-factor",
    "accept-invitation",
    "forgot-password",
    "reset-password",
    "single-sign-on",
];
const LANGUAGES: [&str; 3] = ["pt-BR", "en", "es"];

async fn prepared() -> (Stage, Router) {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    (stage, api)
}

async fn get(api: &Router, path: &str) -> Answer {
    send(api, Request::get(path).body(Body::empty()).unwrap()).await
}

/// The scripts, the style and the icon by their names.
fn assets() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/pages");
    let files = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    files
        .map(|file| (file.file_name().into_string().unwrap(), std::fs::read_to_string(file.path()).unwrap()))
        .collect()
}

/// What stands in an attribute, wherever it occurs.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let opening = format!(" {name}=\"");
    html.split(&opening).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn a_page_is_guarded_and_loads_nothing_from_elsewhere() {
    let (_stage, api) = prepared().await;
    for page in PAGES {
        let answer = get(&api, &format!("/{page}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
        let headers = |name: &str| answer.headers[name].to_str().unwrap();
        let policy = headers("content-security-policy");
        for part in
            ["default-src 'none'", "script-src 'self'", "form-action 'none'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(part), "{page}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{page}: {policy}");
        assert_eq!(headers("referrer-policy"), "no-referrer");
        assert_eq!(headers("x-content-type-options"), "nosniff");
        assert_eq!(headers("cache-control"), "no-store");
        assert_eq!(headers("cross-origin-opener-policy"), "same-origin");
        assert_eq!(headers("content-type"), "text/html; charset=utf-8");
        assert_eq!(headers("vary"), "accept-language");
        assert!(!answer.body.contains("//"), "{page} names another host");
        assert!(!answer.body.contains("style=") && !answer.body.contains("<style"), "{page}");
        assert_eq!(answer.body.matches("<script").count(), 1, "{page}");
        for file in attributes(&answer.body, "src").into_iter().chain(attributes(&answer.body, "href")) {
            let own = ["/pages/", "?language=", "/sign-in?", "/forgot-password?"];
            assert!(own.iter().any(|start| file.starts_with(start)), "{page} leads to {file}");
            if file.starts_with("/pages/") {
                assert_eq!(get(&api, file).await.status, StatusCode::OK, "{file}");
            }
        }
        let post = send(&api, Request::post(format!("/{page}")).body(Body::empty()).unwrap()).await;
        assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED, "{page}");
    }
    for missing in ["/pages/nothing.js", "/pages/..%2F..%2FCargo.toml", "/pages/", "/set-up/", "/set-up.html"]
    {
        assert_eq!(get(&api, missing).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
}

#[tokio::test]
async fn scripts_load_each_other_and_are_asked_for_again_after_an_update() {
    let (_stage, api) = prepared().await;
    for (name, text) in assets() {
        let path = format!("/pages/{name}");
        let answer = get(&api, &path).await;
        assert_eq!((answer.status, &answer.body), (StatusCode::OK, &text), "{name}");
        assert!(!text.replace("http://www.w3.org/2000/svg", "").contains("://"), "{name} names another host");
        for code in ["innerHTML", "eval(", "document.write", "localStorage", "document.cookie"] {
            // It tries whether the browser would take a cookie that no script can read.
            let is_probe = (name.as_str(), code) == ("session.js", "document.cookie");
            assert!(is_probe || !text.contains(code), "{name} uses {code}");
        }
        for import in text.split(" from \"./").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(assets().contains_key(import), "{name} imports {import}");
        }
        let mark = answer.headers[header::ETAG].clone();
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-cache");
        let again = Request::get(&path).header(header::IF_NONE_MATCH, mark).body(Body::empty()).unwrap();
        let again = send(&api, again).await;
        assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{name}");
    }
}

#[tokio::test]
async fn a_page_speaks_the_readers_language() {
    let (_stage, api) = prepared().await;
    let cases = [
        ("/sign-in", "en-US,en;q=0.9", "en"),
        ("/sign-in", "es-AR", "es"),
        ("/sign-in", "de", "pt-BR"),
        ("/sign-in?language=es", "en", "es"),
        ("/sign-in?language=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "en", "en"),
        ("/sign-in?language", "pt", "pt-BR"),
    ];
    for (path, accepted, expected) in cases {
        let request = Request::get(path).header(header::ACCEPT_LANGUAGE, accepted);
        let answer = send(&api, request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.headers[header::CONTENT_LANGUAGE], expected, "{path} {accepted}");
        assert!(answer.body.contains(&format!("<html lang=\"{expected}\">")), "{path} {accepted}");
        let current: Vec<_> = answer.body.lines().filter(|line| line.contains("aria-current")).collect();
        assert!(current.len() == 1 && current[0].contains(&format!("lang=\"{expected}\"")), "{current:?}");
        assert!(!answer.body.contains("alert("), "{path}: nothing of the address is repeated");
    }
}

#[tokio::test]
async fn every_field_has_a_label_and_every_reference_leads_somewhere() {
    let (_stage, api) = prepared().await;
    for page in PAGES {
        for language in LANGUAGES {
            let body = get(&api, &format!("/{page}?language={language}")).await.body;
            assert_eq!(body.matches("<h1").count(), 1, "{page}");
            let ids = attributes(&body, "id");
            assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{page}: {ids:?}");
            let labels = attributes(&body, "for");
            let fields = body.split('<').filter(|tag| tag.starts_with("input") || tag.starts_with("select"));
            for field in fields {
                let id = attributes(field, "id")[0];
                assert!(labels.contains(&id), "{page}: {id} has no label");
                assert!(
                    field.starts_with("select") || !attributes(field, "autocomplete").is_empty(),
                    "{page}: {id}"
                );
            }
            let references =
                ["for", "aria-describedby", "aria-controls"].map(|name| attributes(&body, name)).concat();
            for id in references.iter().flat_map(|list| list.split_whitespace()) {
                assert!(ids.contains(&id), "{page}: nothing is called {id}");
            }
            assert!(!body.contains("{least}") && !body.contains("{most}"), "{page}");
        }
    }
}

/// The operations that the scripts send: between backticks.
fn operations() -> Vec<String> {
    let is_operation = |text: &&str| text.starts_with("mutation") || text.starts_with("query");
    let scripts = assets().into_values();
    scripts
        .flat_map(|script| script.split('`').filter(is_operation).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[tokio::test]
async fn the_scripts_ask_what_the_schema_answers() {
    let (_stage, api) = prepared().await;
    assert!(operations().len() >= 8, "{:?}", operations());
    for operation in operations() {
        let answer = ask(&api, None, &operation, json!({})).await;
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        for error in errors {
            let message = error["message"].as_str().unwrap();
            let expected = ["is not provided", "Expected input type", "Sign in to use this."]
                .iter()
                .any(|one| message.contains(one));
            assert!(expected, "{operation}: {message}");
        }
    }
}

/// What the schema may answer to a mutation: the codes of its user errors.
fn codes(catalogue: &Catalogue, mutation: &str) -> Vec<String> {
    let field = |ty: &str, name: &str| catalogue.objects[ty].iter().find(|field| field.name == name).cloned();
    let payload = field("Mutation", mutation).unwrap().ty;
    let Some(errors) = field(&payload, "userErrors") else { return Vec::new() };
    catalogue.values(&field(&errors.ty, "code").unwrap().ty).to_vec()
}

#[tokio::test]
async fn whatever_may_be_refused_is_said_in_every_language() {
    let (_stage, api) = prepared().await;
    let catalogue = Catalogue::read();
    let mut asked = BTreeSet::new();
    for operation in operations() {
        let document = parse_query(&operation).unwrap();
        let DocumentOperations::Single(operation) = document.operations else { panic!("one at a time") };
        if operation.node.ty != async_graphql::parser::types::OperationType::Mutation {
            continue;
        }
        for selection in &operation.node.selection_set.node.items {
            let Selection::Field(field) = &selection.node else { panic!("a field") };
            asked.insert(field.node.name.node.to_string());
        }
    }
    let expected = [
        "acceptInvitation",
        "confirmSecondFactor",
        "createFirstAdministrator",
        "enrollSecondFactor",
        "finishPasskeyRegistration",
        "finishPasskeySignIn",
        "stepUp",
    ];
    assert!(expected.iter().all(|name| asked.contains(*name)), "{asked:?}");
    let protocol = [
        "UNAUTHENTICATED",
        "FORBIDDEN",
        "STEP_UP_REQUIRED",
        "NOT_FOUND",
        "BAD_USER_INPUT",
        "RATE_LIMITED",
        "QUERY_TOO_COMPLEX",
        "UNAVAILABLE",
        "INTERNAL",
        "NO_ANSWER",
        "MISSING",
        "EMAIL",
        "PASSKEY_UNUSED",
    ];
    for language in LANGUAGES {
        let body = get(&api, &format!("/sign-in?language={language}")).await.body;
        let said = attributes(&body, "data-text");
        for code in protocol {
            assert!(said.contains(&code), "nothing is said of {code} in {language}");
        }
        for mutation in &asked {
            for code in codes(&catalogue, mutation) {
                let is_said =
                    said.contains(&code.as_str()) || said.contains(&format!("{mutation}.{code}").as_str());
                assert!(
                    is_said,
                    "nothing is said of {code}, a refusal of {mutation}, in {language}: api/src/pages/language"
                );
            }
        }
    }
}
