//! The GraphQL API: `/graphql`, `/graphql/ws`, `/graphiql`.

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
mod nul;
mod origin;
pub mod provenance;
pub mod request;
mod sdl;
mod websocket;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use portaria_domain::Installation;
use tokio_util::sync::CancellationToken;

use front_end::FrontEnds;

pub use cost::PAGED;
pub use graphql::sdl;
pub use sdl::{sdl_for, sdl_for_role};

/// How the API is served.
#[derive(Clone, Debug)]
pub struct ApiOptions {
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Largest body of a request, in bytes.
    pub max_body: usize,
    /// Ends open subscriptions.
    pub shutdown: CancellationToken,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self { trusted_proxies: Vec::new(), max_body: 256 * 1024, shutdown: CancellationToken::new() }
    }
}

/// What the handlers share.
pub struct ApiState {
    installation: Installation,
    schema: graphql::Schema,
    options: ApiOptions,
    front_ends: Arc<FrontEnds>,
}

/// The API of an installation.
pub fn router(installation: Installation, options: ApiOptions) -> Router {
    let max_body = options.max_body;
    let state =
        Arc::new(ApiState { installation, schema: graphql::schema(), options, front_ends: Arc::default() });
    Router::new()
        .route("/graphql", any(http::handle).layer(from_fn_with_state(state.clone(), cors::allow_front_ends)))
        .route("/graphql/ws", any(websocket::handle))
        .layer(DefaultBodyLimit::max(max_body))
        .with_state(state)
        .merge(graphiql::router())
}
