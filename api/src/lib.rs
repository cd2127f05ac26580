//! The GraphQL API: `/graphql`, `/graphql/ws`, `/graphiql`; `/sso`, by which browsers go to identity providers and back;
//! SCIM for directories: `/scim/v2`; files of messages: `/media`; and the few pages that links in letters open.

mod batch;
mod cookie;
mod cors;
mod cost;
pub mod error;
mod execution;
mod front_end;
mod graphiql;
pub mod graphql;
pub mod guard;
mod http;
pub mod identity;
mod live;
mod loader;
mod media;
mod nul;
mod origin;
mod pages;
pub mod provenance;
mod qr_code;
pub mod request;
mod scim;
mod sdl;
mod single_sign_on;
mod websocket;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use portaria_domain::Installation;
use single_sign_on::Providers;
use tokio_util::sync::CancellationToken;

use front_end::FrontEnds;

pub use cost::PAGED;
pub use graphql::sdl;
pub use media::PATH as UPLOAD_PATH;
pub use sdl::{sdl_for, sdl_for_role};
pub use single_sign_on::SingleSignOnOptions;

/// How the API is served.
#[derive(Clone, Debug)]
pub struct ApiOptions {
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Largest body of a request, in bytes.
    pub max_body: usize,
    /// Which identity providers may be asked.
    pub single_sign_on: SingleSignOnOptions,
    /// Ends open subscriptions.
    pub shutdown: CancellationToken,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            max_body: 256 * 1024,
            single_sign_on: SingleSignOnOptions::default(),
            shutdown: CancellationToken::new(),
        }
    }
}

/// What the handlers share.
pub struct ApiState {
    installation: Installation,
    schema: graphql::Schema,
    providers: Arc<Providers>,
    options: ApiOptions,
    scim: scim::Gate,
    front_ends: Arc<FrontEnds>,
    media: media::Gate,
}

/// The API of an installation.
pub fn router(installation: Installation, options: ApiOptions) -> Router {
    let max_body = options.max_body;
    let providers = Arc::new(Providers::new(options.single_sign_on.clone(), installation.clock.clone()));
    let schema = graphql::schema_with(providers.clone());
    let scim = scim::Gate::default();
    let state = Arc::new(ApiState {
        installation,
        schema,
        providers,
        options,
        scim,
        front_ends: Arc::default(),
        media: media::Gate::default(),
    });
    Router::new()
        .route("/graphql", any(http::handle).layer(from_fn_with_state(state.clone(), cors::allow_front_ends)))
        .route("/graphql/ws", any(websocket::handle))
        .merge(media::router().layer(from_fn_with_state(state.clone(), cors::allow_front_ends)))
        .merge(single_sign_on::router())
        .layer(DefaultBodyLimit::max(max_body))
        .merge(scim::router())
        .with_state(state)
        .merge(graphiql::router())
        .merge(pages::router())
}
