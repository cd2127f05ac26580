//! Somebody's browser: cookies, redirects, and the two sites it goes between.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use reqwest::{Client, Url, redirect};
use serde_json::Value;

use crate::client::{Answer, send};

/// Where it comes back to.
const HOME: &str = "http://portaria.test/";

pub struct Browser {
    api: Router,
    client: Client,
    /// By host, as far as two sites need it.
    cookies: BTreeMap<&'static str, BTreeMap<String, String>>,
}

/// A page, or where a site of ours sends the browser.
pub struct Page {
    pub url: Url,
    pub text: String,
}

impl Browser {
    pub fn new(api: &Router) -> Self {
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Self { api: api.clone(), client, cookies: BTreeMap::new() }
    }

    fn keep<'a>(&mut self, site: &'static str, lines: impl Iterator<Item = &'a header::HeaderValue>) {
        for line in lines {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.entry(site).or_default().insert(name.to_owned(), value.to_owned());
        }
    }

    fn cookie(&self, site: &str) -> String {
        let pairs = self.cookies.get(site).into_iter().flatten();
        pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Opens an address of Portaria, and does not follow where it leads.
    pub async fn open(&mut self, path: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, self.cookie("portaria"));
        let answer = send(&self.api, request.body(Body::empty()).unwrap()).await;
        self.keep("portaria", answer.headers.get_all(header::SET_COOKIE).iter());
        answer
    }

    /// Asks the API as the front end in this browser would, with its cookies.
    pub async fn ask(&self, query: &str, variables: &Value) -> Value {
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, self.cookie("portaria"));
        let body = serde_json::json!({ "query": query, "variables": variables }).to_string();
        send(&self.api, request.body(Body::from(body)).unwrap()).await.json()
    }

    /// Follows the provider until it shows a page, or sends the browser home.
    pub async fn follow(&mut self, url: &str, form: Option<&[(&str, &str)]>) -> Page {
        let (mut url, mut form) = (Url::parse(url).unwrap(), form);
        for _ in 0..10 {
            if url.as_str().starts_with(HOME) {
                return Page { url, text: String::new() };
            }
            let request = match form.take() {
                Some(fields) => {
                    let pairs: Vec<_> = fields
                        .iter()
                        .map(|(name, value)| format!("{name}={}", value.replace(' ', "+")))
                        .collect();
                    let kind = "application/x-www-form-urlencoded";
                    self.client.post(url.clone()).header("content-type", kind).body(pairs.join("&"))
                }
                None => self.client.get(url.clone()),
            };
            let response = request.header("cookie", self.cookie("provider")).send().await.unwrap();
            let lines: Vec<_> = response.headers().get_all("set-cookie").iter().cloned().collect();
            self.keep("provider", lines.iter());
            match response.headers().get("location") {
                Some(location) => url = url.join(location.to_str().unwrap()).unwrap(),
                None => {
                    let status = response.status();
                    let text = response.text().await.unwrap();
                    assert!(status.is_success(), "{url}: {status} {text}");
                    return Page { url, text };
                }
            }
        }
        panic!("it goes round in circles at {url}");
    }

    /// Comes home with what the provider has sent along; answers where the front end is entered.
    pub async fn come_home(&mut self, url: &Url) -> String {
        let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        location(&self.open(&path).await)
    }
}

pub fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(answer.headers[header::REFERRER_POLICY], "no-referrer");
    answer.headers[header::LOCATION].to_str().unwrap().to_owned()
}

/// What stands behind the `#`, after `code=`.
pub fn code(landing: &str) -> &str {
    landing.split_once("#code=").unwrap_or_else(|| panic!("{landing}")).1
}
