//! GraphQL over HTTP, strictly: content types and status codes as the specification says, no mutation by GET, nothing
//! that a foreign page could forge.

use std::net::IpAddr;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response as GraphQLResponse, Variables};
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use portaria_domain::authentication::Origin;
use serde::Deserialize;

use crate::ApiState;
use crate::cookie;
use crate::error::{Code, Problem};
use crate::execution::{Operation, Rejected, error};
use crate::identity::identify;
use crate::origin::ClientAddress;
use crate::provenance::Provenance;
use crate::request::Request;
use crate::single_sign_on;

/// By which an app that keeps no cookies shows which device it is on.
const DEVICE: HeaderName = HeaderName::from_static("portaria-device");

/// A request's body, or a GET's query.
#[derive(Deserialize)]
struct Parameters {
    query: String,
    #[serde(default, rename = "operationName")]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

/// Which of the two media types the client gets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Media {
    /// `application/graphql-response+json`: the status code tells whether the operation was executed.
    GraphQLResponse,
    /// `application/json`: 200 for every well-formed request.
    Json,
}

impl Media {
    /// What the client accepts; `None` when it is neither.
    fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let accept: Vec<&str> =
            headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        if accept.is_empty() {
            return Some(Self::Json);
        }
        let ranges: Vec<String> = accept
            .join(",")
            .split(',')
            .filter(|range| !range.contains("q=0") || range.contains("q=0."))
            .map(|range| range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
            .collect();
        ranges.iter().find_map(|range| match range.as_str() {
            "application/graphql-response+json" => Some(Self::GraphQLResponse),
            "application/json" | "application/*" | "*/*" => Some(Self::Json),
            _ => None,
        })
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphQLResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }

    fn answer(self, status: StatusCode, response: &GraphQLResponse) -> Response {
        // What was not executed has no data, not even null.
        let written = match status {
            StatusCode::OK => serde_json::to_vec(response),
            _ => serde_json::to_vec(&serde_json::json!({ "errors": response.errors })),
        };
        match written {
            // What one person was answered is nobody else's, on the same browser or behind the same proxy.
            Ok(body) => {
                let headers = [
                    (header::CONTENT_TYPE, self.content_type()),
                    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                ];
                (status, headers, body).into_response()
            }
            Err(failure) => {
                tracing::error!(%failure, "an answer could not be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// A request that is well formed but will not be executed.
    fn reject(self, rejected: Rejected) -> Response {
        let status = match self {
            Self::GraphQLResponse => StatusCode::BAD_REQUEST,
            Self::Json => StatusCode::OK,
        };
        self.answer(status, &GraphQLResponse::from_errors(rejected.0))
    }

    /// A request that is refused as such, whatever the media type.
    fn refuse(self, status: StatusCode, code: Code, message: &str) -> Response {
        self.answer(status, &GraphQLResponse::from_errors(vec![error(code, message)]))
    }
}

/// `/graphql`
pub async fn handle(
    State(state): State<Arc<ApiState>>,
    ClientAddress(address): ClientAddress,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let Some(media) = Media::negotiate(&headers) else {
        let text = "Accept application/graphql-response+json or application/json.";
        return (StatusCode::NOT_ACCEPTABLE, text).into_response();
    };
    let parameters = match method {
        Method::POST => match from_body(&headers, &body) {
            Ok(parameters) => parameters,
            Err((status, message)) => return media.refuse(status, Code::BadUserInput, &message),
        },
        Method::GET => match from_query(query.as_deref().unwrap_or_default()) {
            Ok(parameters) => parameters,
            Err(message) => return media.refuse(StatusCode::BAD_REQUEST, Code::BadUserInput, &message),
        },
        _ => {
            let allow = [(header::ALLOW, HeaderValue::from_static("GET, POST"))];
            return (StatusCode::METHOD_NOT_ALLOWED, allow).into_response();
        }
    };
    let variables = parameters.variables.map(|map| Variables::from_json(serde_json::Value::Object(map)));
    let operation =
        match Operation::new(parameters.query, parameters.operation_name, variables.unwrap_or_default()) {
            Ok(operation) => operation,
            Err(rejected) => return media.reject(rejected),
        };
    match operation.kind {
        OperationType::Query => {}
        OperationType::Mutation if method == Method::GET => {
            let mut response =
                media.refuse(StatusCode::METHOD_NOT_ALLOWED, Code::BadUserInput, "Mutations go by POST.");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            return response;
        }
        OperationType::Mutation => {}
        OperationType::Subscription => {
            let message = "Subscriptions go over graphql-transport-ws at /graphql/ws.";
            return media.reject(Rejected(vec![error(Code::BadUserInput, message)]));
        }
    }
    let origin = origin(address, &headers);
    let (identity, carrier) = match identify(&state, &headers, &origin).await {
        Ok(identified) => identified,
        Err(problem) => return refuse_identity(media, &problem),
    };
    let mut request = Request::new(state.installation.clone(), identity, origin)
        .carried(carrier, Provenance::of(&headers, &state.front_ends));
    request.browser_secret = single_sign_on::cookie(&headers);
    let mut response = operation.execute(&state.schema, request).await;
    let cookies = std::mem::take(&mut response.http_headers);
    let status = match media {
        Media::GraphQLResponse if response.data == async_graphql::Value::Null && response.is_err() => {
            StatusCode::BAD_REQUEST
        }
        Media::GraphQLResponse | Media::Json => StatusCode::OK,
    };
    let mut answer = media.answer(status, &response);
    for value in cookies.get_all(header::SET_COOKIE) {
        answer.headers_mut().append(header::SET_COOKIE, value.clone());
    }
    answer
}

/// Where a request comes from, and from which device.
pub fn origin(address: Option<IpAddr>, headers: &HeaderMap) -> Origin {
    let shown = headers.get(DEVICE).and_then(|value| value.to_str().ok());
    Origin {
        address: address.map(|address| address.to_string()).unwrap_or_default(),
        user_agent: user_agent(headers),
        device: shown.or_else(|| cookie::read(headers, cookie::DEVICE)).map(str::to_owned),
    }
}

fn from_body(headers: &HeaderMap, body: &[u8]) -> Result<Parameters, (StatusCode, String)> {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    if parts.next().as_deref() != Some("application/json") {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send application/json.".to_owned()));
    }
    let charset = parts
        .find_map(|part| part.strip_prefix("charset=").map(|charset| charset.trim_matches('"').to_owned()));
    if charset.is_some_and(|charset| charset != "utf-8") {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send UTF-8.".to_owned()));
    }
    let malformed =
        |what: &str| (StatusCode::BAD_REQUEST, format!("The body is not a GraphQL request: {what}."));
    match serde_json::from_slice::<Parameters>(body) {
        Ok(parameters) => Ok(parameters),
        Err(_) if body.trim_ascii_start().starts_with(b"[") => {
            Err(malformed("batches are not taken, send one operation"))
        }
        Err(failure) if failure.is_data() => Err(malformed(
            "it needs `query` (a string), and may have `variables`, `extensions` (objects) and `operationName` (a string)",
        )),
        Err(_) => Err(malformed("it is not JSON")),
    }
}

fn from_query(query: &str) -> Result<Parameters, String> {
    let mut parameters =
        Parameters { query: String::new(), operation_name: None, variables: None, extensions: None };
    let mut given = false;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "query" => {
                parameters.query = value.into_owned();
                given = true;
            }
            "operationName" if !value.is_empty() => parameters.operation_name = Some(value.into_owned()),
            "variables" if !value.is_empty() => {
                parameters.variables =
                    serde_json::from_str(&value).map_err(|_| "`variables` is a JSON object.".to_owned())?;
            }
            "extensions" if !value.is_empty() => {
                parameters.extensions =
                    serde_json::from_str(&value).map_err(|_| "`extensions` is a JSON object.".to_owned())?;
            }
            _ => {}
        }
    }
    if given { Ok(parameters) } else { Err("`query` is missing.".to_owned()) }
}

fn refuse_identity(media: Media, problem: &Problem) -> Response {
    let (status, challenge): (_, &[(HeaderName, HeaderValue)]) = match problem {
        Problem::ForeignPage => (StatusCode::FORBIDDEN, &[]),
        Problem::Unauthenticated => (
            StatusCode::UNAUTHORIZED,
            &[(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))],
        ),
        _ => (StatusCode::SERVICE_UNAVAILABLE, &[(header::RETRY_AFTER, HeaderValue::from_static("1"))]),
    };
    let response = GraphQLResponse::from_errors(vec![problem.to_server_error(None)]);
    let mut response = media.answer(status, &response);
    response.headers_mut().extend(challenge.iter().cloned());
    response
}

fn user_agent(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    text.unwrap_or_default().chars().filter(|c| !c.is_control()).take(256).collect()
}
