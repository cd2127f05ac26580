//! The few pages that links in letters open, so that an installation works without a front end of its own. A page holds
//! texts and a script that uses the public API, as any front end would; nothing is loaded from elsewhere.

mod language;

use askama::Template;
use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria_domain::link::Page;
use portaria_domain::password::PASSWORD_LENGTH;
use rust_embed::RustEmbed;

use language::{Language, Texts};

/// What there is a page for.
const SERVED: [Page; 7] = [
    Page::SetUp,
    Page::SignIn,
    Page::SecondFactor,
    Page::AcceptInvitation,
    Page::ForgotPassword,
    Page::ResetPassword,
    Page::SingleSignOn,
];

/// A page runs its own script, talks to its own origin, posts no form, is framed by nobody, and makes no text into code.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

#[derive(RustEmbed)]
#[folder = "assets/pages"]
struct Assets;

/// One page in one language.
#[derive(Template)]
#[template(path = "pages/page.html")]
struct View {
    page: Page,
    language: Language,
    texts: &'static Texts,
}

impl View {
    fn title(&self) -> &'static str {
        match self.page {
            Page::SetUp => self.texts.set_up.title,
            Page::SignIn => self.texts.sign_in.title,
            Page::SecondFactor => self.texts.second_factor.title,
            Page::AcceptInvitation => self.texts.acceptance.title,
            Page::ForgotPassword => self.texts.forgotten.title,
            Page::ResetPassword => self.texts.reset.title,
            Page::SingleSignOn => self.texts.sign_in.title,
        }
    }

    /// A text with what it says of passwords filled in.
    fn filled(&self, text: &str) -> String {
        let (least, most) = PASSWORD_LENGTH.into_inner();
        text.replace("{least}", &least.to_string()).replace("{most}", &most.to_string())
    }

    fn least(&self) -> usize {
        *PASSWORD_LENGTH.start()
    }
}

pub fn router() -> Router {
    let mut router = Router::new().route("/pages/{file}", get(asset));
    for page in SERVED {
        let handler = move |headers: HeaderMap, RawQuery(query): RawQuery| async move {
            show(page, language_of(&headers, query.as_deref().unwrap_or_default()))
        };
        router = router.route(&format!("/{}", page.path()), get(handler));
    }
    router
}

/// The language that was chosen, else the one that the browser prefers.
fn language_of(headers: &HeaderMap, query: &str) -> Language {
    let chosen = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "language")
        .and_then(|(_, tag)| Language::of_tag(&tag));
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    chosen.unwrap_or_else(|| Language::preferred(accepted.unwrap_or_default()))
}

fn show(page: Page, language: Language) -> Response {
    let body = match (View { page, language, texts: language.texts() }).render() {
        Ok(body) => body,
        Err(failure) => {
            tracing::error!(%failure, "a page could not be written");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag())),
        (header::VARY, HeaderValue::from_static("accept-language")),
        // What was typed into a page is not there any more for who goes back to it.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, PROTECTIONS, body).into_response()
}

const PROTECTIONS: [(HeaderName, HeaderValue); 5] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// A script, the style or the icon. A browser asks each time whether it is still the same, so that none outlives an update.
async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let kind = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let Some(file) = Assets::get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let mark = format!("\"{}\"", URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash()));
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == mark.as_bytes());
    let told = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::ETAG, mark),
    ];
    match known {
        true => (StatusCode::NOT_MODIFIED, told, PROTECTIONS).into_response(),
        false => (told, PROTECTIONS, file.data.into_owned()).into_response(),
    }
}
