//! Points in time.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use portaria_entity::time::Timestamp;

pub struct DateTime(pub Timestamp);

/// A point in time as RFC 3339 in UTC, to the microsecond: `2026-11-22T08:00:00.123456Z`.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => match text.parse::<jiff::Timestamp>() {
                Ok(at) => Ok(Self(Timestamp(at.as_microsecond()))),
                Err(_) => Err(InputValueError::custom("a time is written like 2026-11-22T08:00:00Z")),
            },
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        match jiff::Timestamp::from_microsecond(self.0.0) {
            Ok(at) => Value::String(at.to_string()),
            Err(_) => Value::Null,
        }
    }
}

impl From<Timestamp> for DateTime {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}
