//! What this service offers, and what its resources look like.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::error::{Result, ScimError};
use super::list::{MAX_COUNT, list_response};
use super::schema::ALL;
use super::{Caller, answer};

/// `/ServiceProviderConfig`
pub async fn config(caller: Caller) -> Response {
    let config = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": MAX_COUNT },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Directory credential",
            "description": "A token that an administrator makes in Portaria for the directory (ptr_dir_...).",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{}/ServiceProviderConfig", caller.base()),
        },
    });
    answer(StatusCode::OK, &config)
}

/// `/ResourceTypes`
pub async fn resource_types(caller: Caller) -> Response {
    let all: Vec<Value> = ALL.iter().map(|of| of.told(&caller.base())).collect();
    answer(StatusCode::OK, &whole(&all))
}

/// `/ResourceTypes/{id}`
pub async fn resource_type(caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let found = ALL.iter().find(|of| of.name == id).ok_or_else(ScimError::not_found)?;
    Ok(answer(StatusCode::OK, &found.told(&caller.base())))
}

/// `/Schemas`
pub async fn schemas(caller: Caller) -> Response {
    let all: Vec<Value> = ALL.iter().map(|of| of.schema(&caller.base())).collect();
    answer(StatusCode::OK, &whole(&all))
}

/// `/Schemas/{id}`
pub async fn schema(caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let found = ALL.iter().find(|of| of.urn == id).ok_or_else(ScimError::not_found)?;
    Ok(answer(StatusCode::OK, &found.schema(&caller.base())))
}

fn whole(all: &[Value]) -> Value {
    list_response(all.len() as u64, 1, all)
}
