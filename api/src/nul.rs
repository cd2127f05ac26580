//! U+0000, which PostgreSQL takes in no text: an operation that has it is refused on either database, before it runs.

use async_graphql::{Value, Variables};

/// Whether a document or its variables have it. In a document it can only be escaped, and only in this way.
pub fn is_in(document: &str, variables: &Variables) -> bool {
    document.contains('\0') || document.contains("\\u0000") || variables.values().any(in_value)
}

fn in_value(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::List(values) => values.iter().any(in_value),
        Value::Object(fields) => fields.values().any(in_value),
        Value::Null | Value::Number(_) | Value::Boolean(_) | Value::Binary(_) | Value::Enum(_) => false,
    }
}
