//! Subscriptions over graphql-transport-ws at `/graphql/ws`.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_graphql::http::WebSocketProtocols;
use async_graphql::parser::types::OperationType;
use async_graphql::{Data, Executor, Response as GraphQLResponse};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, State};
use axum::http::{HeaderMap, Request as HttpRequest, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{BoxStream, once};
use futures_util::{SinkExt, StreamExt};
use portaria_domain::authentication::Origin;
use portaria_domain::presence;
use portaria_domain::token::TokenHash;
use portaria_domain::viewer::{Use, Viewer};

use crate::ApiState;
use crate::cookie;
use crate::error::{Code, Problem};
use crate::execution::{Operation, Rejected, error, tidied};
use crate::graphql::FromNow;
use crate::http::origin;
use crate::identity::{identify_bearer, identify_cookie};
use crate::origin::ClientAddress;
use crate::provenance::Provenance;
use crate::request::Request;

const PROTOCOL: &str = "graphql-transport-ws";
/// A connection without `connection_init`, or that answers no ping and sends nothing, for so long is closed.
const IDLE: Duration = Duration::from_secs(60);
/// How often it is looked whether a connection was initialised.
const INITIALISING: Duration = Duration::from_secs(2);
const MAX_MESSAGE: usize = 64 * 1024;

/// On whose behalf a connection's operations run; looked at anew for each.
struct Session(Option<TokenHash>);

/// What a browser sent when it opened a connection.
struct Browser {
    cookie: Option<String>,
    provenance: Provenance,
}

/// Runs a connection's operations.
#[derive(Clone)]
struct Live {
    state: Arc<ApiState>,
    origin: Origin,
}

/// `/graphql/ws`
pub async fn handle(
    State(state): State<Arc<ApiState>>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let offered =
        headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    if !offered.flat_map(|value| value.split(',')).any(|protocol| protocol.trim() == PROTOCOL) {
        return (StatusCode::BAD_REQUEST, "The subprotocol is graphql-transport-ws.").into_response();
    }
    let browser = Browser {
        cookie: cookie::read(&headers, cookie::SESSION).map(str::to_owned),
        provenance: Provenance::of(&headers, &state.front_ends),
    };
    let live = Live { state, origin: origin(address, &headers) };
    upgrade
        .max_message_size(MAX_MESSAGE)
        .protocols([PROTOCOL])
        .on_upgrade(move |socket| serve(socket, live, browser))
}

async fn serve(socket: WebSocket, live: Live, browser: Browser) {
    let Some(protocol) = transport_ws().await else { return };
    let (sink, stream) = socket.split();
    let sink = sink.with(|message| async move { Ok::<_, axum::Error>(with_protocol_code(message)) });
    let caller = live.clone();
    let (watcher, known) = (live.clone(), Arc::new(OnceLock::new()));
    let said = known.clone();
    let shutdown = live.state.options.shutdown.clone();
    let connection = GraphQLWebSocket::new_with_pair(Box::pin(sink), stream, live, protocol)
        .keepalive_timeout(IDLE)
        .on_connection_init(move |payload| async move {
            let mut data = Data::default();
            let session = initialised(&caller, &browser, &payload).await?;
            if let Some(token) = session {
                let _ = said.set(token);
            }
            data.insert(Session(session));
            Ok(data)
        })
        .serve();
    tokio::select! {
        () = connection => {}
        () = watcher.is_there(&known) => {}
        () = shutdown.cancelled() => {}
    }
}

/// The library takes the protocol from a request only.
async fn transport_ws() -> Option<GraphQLProtocol> {
    let (mut parts, ()) =
        HttpRequest::builder().header(header::SEC_WEBSOCKET_PROTOCOL, PROTOCOL).body(()).ok()?.into_parts();
    let _: WebSocketProtocols = PROTOCOL.parse().ok()?;
    GraphQLProtocol::from_request_parts(&mut parts, &()).await.ok()
}

/// The token in `connection_init`: `{"authorization": "Bearer ..."}`, or `{"headers": {"Authorization": ...}}`; without
/// one, the cookie that the connection was opened with, if it was from a page that may use it.
async fn initialised(
    caller: &Live,
    browser: &Browser,
    payload: &serde_json::Value,
) -> async_graphql::Result<Option<TokenHash>> {
    let mut given = None;
    for object in
        [Some(payload), payload.get("headers")].into_iter().flatten().filter_map(serde_json::Value::as_object)
    {
        for (name, value) in object {
            if name.eq_ignore_ascii_case("authorization") {
                given = value.as_str();
            }
        }
    }
    let Live { state, origin } = caller;
    let identity = match (given, &browser.cookie) {
        (None, None) => return Ok(None),
        (Some(authorization), _) => identify_bearer(state, authorization, origin).await,
        (None, Some(cookie)) => {
            identify_cookie(state, cookie, &browser.provenance, origin).await.map(|(identity, _)| identity)
        }
    };
    match identity {
        Ok(identity) => Ok(identity.map(|(token, _)| token)),
        Err(Problem::Unauthenticated | Problem::ForeignPage) => Err(async_graphql::Error::new(FORBIDDEN)),
        Err(problem) => Err(problem.into()),
    }
}

const FORBIDDEN: &str = "Forbidden";

/// Close codes as the protocol has them, where the library has others.
fn with_protocol_code(message: Message) -> Message {
    match message {
        Message::Close(Some(frame)) => {
            let (code, reason) = match (frame.code, frame.reason.as_str()) {
                (1011, _) => (4401, "Unauthorized".into()),
                (1002, FORBIDDEN) => (4403, FORBIDDEN.into()),
                (1002, _) => (4400, "Invalid message".into()),
                (3008, _) => (4408, "Connection initialisation or keep-alive timeout".into()),
                (code, _) => (code, frame.reason),
            };
            Message::Close(Some(CloseFrame { code, reason }))
        }
        other => other,
    }
}

impl Live {
    /// Says at intervals that whoever opened the connection is there, for as long as it lasts.
    async fn is_there(&self, known: &OnceLock<TokenHash>) {
        loop {
            if let Some(token) = known.get()
                && let Ok(Some(viewer)) = self
                    .state
                    .installation
                    .viewers
                    .resolve_from(*token, &self.origin, Use::DoesNotCount)
                    .await
                && let Some(member) = viewer.member_id()
                && let Err(error) =
                    presence::seen(&self.state.installation, viewer.workspace_id, member).await
            {
                tracing::debug!(%error, "who is there could not be written");
            }
            let pause = if known.get().is_some() { presence::HEARTBEAT } else { INITIALISING };
            tokio::time::sleep(pause).await;
        }
    }

    async fn viewer(&self, token: TokenHash) -> Result<Option<Arc<Viewer>>, Problem> {
        Ok(self.state.installation.viewers.resolve_from(token, &self.origin, Use::Counts).await?)
    }

    async fn request(&self, session: Option<TokenHash>) -> Result<Request, Problem> {
        let identity = match session {
            None => None,
            Some(token) => match self.viewer(token).await? {
                Some(viewer) => Some((token, viewer)),
                None => return Err(Problem::Unauthenticated),
            },
        };
        Ok(Request::new(self.state.installation.clone(), identity, self.origin.clone()))
    }

    async fn stream(
        self,
        request: async_graphql::Request,
        session: Option<TokenHash>,
        from_now: FromNow,
    ) -> BoxStream<'static, GraphQLResponse> {
        let operation = match Operation::from_request(request) {
            Ok(operation) => operation,
            Err(Rejected(errors)) => return answer(GraphQLResponse::from_errors(errors)),
        };
        let request = match self.request(session).await {
            Ok(request) => request,
            Err(problem) => return answer(GraphQLResponse::from_errors(vec![problem.to_server_error(None)])),
        };
        match operation.kind {
            OperationType::Query => answer(operation.execute(&self.state.schema, request).await),
            // As over HTTP, so that a mutation is one request with one answer, and is logged as such.
            OperationType::Mutation => answer(GraphQLResponse::from_errors(vec![error(
                Code::BadUserInput,
                "Mutations go by POST to /graphql.",
            )])),
            OperationType::Subscription => self
                .state
                .schema
                .execute_stream(operation.into_request().data(Arc::new(request)).data(from_now))
                .map(tidied)
                .boxed(),
        }
    }
}

fn answer(response: GraphQLResponse) -> BoxStream<'static, GraphQLResponse> {
    once(async move { response }).boxed()
}

impl Executor for Live {
    async fn execute(&self, request: async_graphql::Request) -> GraphQLResponse {
        match (Operation::from_request(request), self.request(None).await) {
            (Ok(operation), Ok(request)) => operation.execute(&self.state.schema, request).await,
            (Err(Rejected(errors)), _) => GraphQLResponse::from_errors(errors),
            (_, Err(problem)) => GraphQLResponse::from_errors(vec![problem.to_server_error(None)]),
        }
    }

    fn execute_stream(
        &self,
        request: async_graphql::Request,
        session: Option<Arc<Data>>,
    ) -> BoxStream<'static, GraphQLResponse> {
        let token = session
            .and_then(|data| {
                data.get(&std::any::TypeId::of::<Session>())?.downcast_ref::<Session>().map(|found| found.0)
            })
            .flatten();
        // Nothing that happens while the viewer is looked up is missed.
        let from_now = FromNow::of(&self.state.installation);
        once(self.clone().stream(request, token, from_now)).flatten().boxed()
    }
}
