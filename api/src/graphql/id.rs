//! Ids at the boundary: opaque strings outside, typed inside. One of another type is refused.

use async_graphql::ID;
use portaria_entity::id::TypedId;

use crate::error::{Problem, Result};

/// The typed id in an argument.
pub fn parse<T: TypedId>(id: &ID) -> Result<T> {
    id.parse()
        .map_err(|_| Problem::BadUserInput(format!("An id of the form {}_... is wanted here.", T::PREFIX)))
}

pub fn parse_optional<T: TypedId>(id: Option<&ID>) -> Result<Option<T>> {
    id.map(parse).transpose()
}
