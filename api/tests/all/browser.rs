//! A browser: it keeps cookies, and says of each request which page it comes from.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use crate::client::{Answer, send};

/// Where Portaria itself is, as `Stage` has it.
pub const OWN: &str = "http://portaria.test";

pub struct Browser<'a> {
    pub api: &'a Router,
    /// Names and values.
    pub cookies: BTreeMap<String, String>,
}

/// The page that asks: what a browser says of it.
#[derive(Clone, Copy)]
pub struct Page {
    pub origin: Option<&'static str>,
    pub site: Option<&'static str>,
}

/// A page of Portaria itself.
pub const OWN_PAGE: Page = Page { origin: Some(OWN), site: Some("same-origin") };

impl<'a> Browser<'a> {
    pub fn new(api: &'a Router) -> Self {
        Self { api, cookies: BTreeMap::new() }
    }

    pub fn header(&self) -> String {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    pub async fn request(
        &mut self,
        page: Page,
        method: Method,
        uri: &str,
        media: &str,
        body: String,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::ACCEPT, "application/graphql-response+json")
            .header(header::USER_AGENT, "Mozilla/5.0 (Windows NT 10.0) Chrome/131.0.0.0 Safari/537.36");
        if !media.is_empty() {
            request = request.header(header::CONTENT_TYPE, media);
        }
        for (name, value) in [("origin", page.origin), ("sec-fetch-site", page.site)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if !self.cookies.is_empty() {
            request = request.header(header::COOKIE, self.header());
        }
        let answer = send(self.api, request.body(Body::from(body)).unwrap()).await;
        for value in answer.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = value.to_str().unwrap().split_once('=').unwrap();
            match rest.split_once(';').unwrap() {
                (_, attributes) if attributes.contains("Max-Age=0") => drop(self.cookies.remove(name)),
                (value, _) => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        answer
    }

    /// A POST of JSON, as a page's script makes it.
    pub async fn fetch(&mut self, page: Page, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables }).to_string();
        self.request(page, Method::POST, "/graphql", "application/json", body).await
    }

    /// The same from a page of Portaria, which answers.
    pub async fn ask(&mut self, query: &str, variables: Value) -> Value {
        self.fetch(OWN_PAGE, query, variables).await.json()
    }
}
