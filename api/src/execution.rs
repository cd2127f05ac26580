//! Executes one operation: its cost is checked first, refusals on many rows are told once, and nothing internal gets out.

use async_graphql::parser::types::OperationType;
use async_graphql::{ErrorExtensionValues, Response, ServerError, Value, Variables};

use crate::error::Code;
use crate::graphql::Schema;
use crate::guard::in_order;
use crate::request::Request;
use crate::{cost, nul};

/// An operation as a client sends it, parsed.
pub struct Operation {
    request: async_graphql::Request,
    pub kind: OperationType,
    cost: u64,
}

/// An operation that will not be executed.
pub struct Rejected(pub Vec<ServerError>);

fn rejected(code: Code, message: impl Into<String>) -> Rejected {
    Rejected(vec![error(code, message)])
}

/// An error that is about the request as a whole.
pub fn error(code: Code, message: impl Into<String>) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", <&str>::from(code));
    error
}

impl Operation {
    /// Parses and prices it.
    pub fn new(query: String, name: Option<String>, variables: Variables) -> Result<Self, Rejected> {
        let mut request = async_graphql::Request::new(query).variables(variables);
        request.operation_name = name;
        Self::from_request(request)
    }

    pub fn from_request(mut request: async_graphql::Request) -> Result<Self, Rejected> {
        let name = request.operation_name.clone();
        let variables = request.variables.clone();
        if nul::is_in(&request.query, &variables) {
            return Err(rejected(Code::BadUserInput, "No text may hold U+0000."));
        }
        let document = match request.parsed_query() {
            Ok(document) => document,
            Err(error) => return Err(Rejected(vec![coded(error)])),
        };
        let unknown = || {
            rejected(
                Code::BadUserInput,
                "The document has no operation of that name, or several and none is named.",
            )
        };
        let kind = cost::operation(document, name.as_deref()).ok_or_else(unknown)?.ty;
        let cost = cost::of(document, name.as_deref(), &variables).ok_or_else(unknown)?;
        if cost > cost::MAX_COST {
            let message = format!(
                "The operation is too complex: it may cost {} at most. Ask for smaller pages.",
                cost::MAX_COST
            );
            return Err(rejected(Code::QueryTooComplex, message));
        }
        Ok(Self { request, kind, cost })
    }

    /// Runs a query or a mutation.
    pub async fn execute(self, schema: &Schema, request: Request) -> Response {
        let request = std::sync::Arc::new(request);
        let response = schema.execute(self.request.data(request.clone())).await;
        finished(response, &request, self.cost)
    }

    /// The parts of an operation whose answer is a stream.
    pub fn into_request(self) -> async_graphql::Request {
        self.request
    }
}

/// Adds what was withheld and what it cost.
fn finished(mut response: Response, request: &Request, cost: u64) -> Response {
    response.errors.extend(request.refusals.take_errors(request));
    let mut response = tidied(response);
    let cost = async_graphql::value!({ "requested": cost, "limit": cost::MAX_COST });
    response.extensions.insert("cost".to_owned(), cost);
    response
}

/// Gives the errors of an answer their codes and their order.
pub fn tidied(mut response: Response) -> Response {
    response.errors = response.errors.into_iter().map(coded).collect();
    response.errors.sort_by(in_order);
    response
}

/// Gives a code to the errors that the library itself makes: they are about the client's document or arguments.
fn coded(mut error: ServerError) -> ServerError {
    let has_code = error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some());
    if !has_code {
        let limit = ["too complex", "too deep", "Too many", "too many", "recursion depth", "maximum"];
        let complex = limit.iter().any(|words| error.message.contains(words));
        let code = if complex { Code::QueryTooComplex } else { Code::BadUserInput };
        error
            .extensions
            .get_or_insert_with(ErrorExtensionValues::default)
            .set("code", Value::from(<&str>::from(code)));
    }
    error.source = None;
    error
}
