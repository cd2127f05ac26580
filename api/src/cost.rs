//! What an operation costs, worked out from its text before it runs: one for each field, times the size of each list.

use std::collections::HashMap;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection,
    SelectionSet,
};
use async_graphql::{Name, Positioned, Value, Variables};

use crate::graphql::connection::{DEFAULT_PAGE, MAX_PAGE};

/// An operation that costs more is refused with QUERY_TOO_COMPLEX.
pub const MAX_COST: u64 = 20_000;
/// Deeper than this nothing is executed anyway; it also ends fragments that contain themselves.
const MAX_DEPTH: usize = 40;
/// Fields that answer a page, whose size counts even when it is not said.
pub const PAGED: [&str; 19] = [
    "accessReviews",
    "activities",
    "alerts",
    "auditRuns",
    "botTurns",
    "consents",
    "conversations",
    "decisions",
    "findings",
    "guidelines",
    "leastPrivilegeAdvice",
    "members",
    "merges",
    "messages",
    "quickReplies",
    "reviewItems",
    "templates",
    "versions",
    "webhookDeliveries",
];

struct Pricing<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    variables: &'a Variables,
}

/// The cost of the operation that would be executed; `None` when the document has no such operation.
pub fn of(document: &ExecutableDocument, operation_name: Option<&str>, variables: &Variables) -> Option<u64> {
    let operation = operation(document, operation_name)?;
    let pricing = Pricing { fragments: &document.fragments, variables };
    Some(pricing.of_set(&operation.selection_set.node, 0))
}

/// The operation that would be executed.
pub fn operation<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Option<&'a OperationDefinition> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(&operation.node),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => {
            operations.get(name).map(|found| &found.node)
        }
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => {
            operations.values().next().map(|found| &found.node)
        }
        (DocumentOperations::Multiple(_), None) => None,
    }
}

impl Pricing<'_> {
    fn of_set(&self, set: &SelectionSet, depth: usize) -> u64 {
        if depth > MAX_DEPTH {
            return MAX_COST + 1;
        }
        let mut total = 0u64;
        for item in &set.items {
            let cost = match &item.node {
                Selection::Field(field) => self.of_field(&field.node, depth),
                Selection::InlineFragment(fragment) => {
                    self.of_set(&fragment.node.selection_set.node, depth + 1)
                }
                Selection::FragmentSpread(spread) => {
                    match self.fragments.get(&spread.node.fragment_name.node) {
                        Some(fragment) => self.of_set(&fragment.node.selection_set.node, depth + 1),
                        None => 0,
                    }
                }
            };
            total = total.saturating_add(cost);
            // Enough to refuse: a document of nested fragments could otherwise take for ever to price.
            if total > MAX_COST {
                break;
            }
        }
        total
    }

    fn of_field(&self, field: &Field, depth: usize) -> u64 {
        // What introspection answers is bounded by the schema, not by the data.
        if field.name.node.starts_with("__") {
            return 1;
        }
        let rows = self.page_size(field);
        1u64.saturating_add(rows.saturating_mul(self.of_set(&field.selection_set.node, depth + 1)))
    }

    fn page_size(&self, field: &Field) -> u64 {
        let said = match field.get_argument("first").map(|value| &value.node) {
            Some(async_graphql_value) => async_graphql_value.clone().into_const_with(|name| {
                Ok::<_, std::convert::Infallible>(self.variables.get(&name).cloned().unwrap_or(Value::Null))
            }),
            None => Ok(Value::Null),
        };
        let default = if PAGED.contains(&field.name.node.as_str()) { DEFAULT_PAGE } else { 1 };
        match said {
            Ok(Value::Number(number)) => {
                number.as_i64().unwrap_or(i64::MAX).clamp(1, i64::from(MAX_PAGE)).unsigned_abs()
            }
            _ => u64::from(default.unsigned_abs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    fn cost(query: &str) -> u64 {
        of(&parse_query(query).unwrap(), None, &Variables::default()).unwrap()
    }

    #[test]
    fn lists_cost_their_size() {
        assert_eq!(cost("{ viewer { member { id } } }"), 3);
        assert_eq!(cost("{ conversations(first: 10) { nodes { id status } } }"), 1 + 10 * 3);
        assert_eq!(cost("{ conversations { nodes { id } } }"), 1 + 50 * 2);
        assert_eq!(cost("{ conversations(first: 100000) { nodes { id } } }"), 1 + 100 * 2);
        assert_eq!(cost("{ conversations(first: -5) { nodes { id } } }"), 1 + 2);
    }

    #[test]
    fn fragments_cost_what_they_contain_and_cannot_hide() {
        assert_eq!(cost("{ viewer { ...V } } fragment V on Viewer { member { id } }"), 3);
        assert!(cost("{ viewer { ...A } } fragment A on Viewer { member { id } ...A ...A }") > MAX_COST);
        let wide = "{ conversations(first: 100) { nodes { messages(first: 100) { nodes { id body } } } } }";
        assert!(cost(wide) > MAX_COST);
    }

    #[test]
    fn variables_count() {
        let document = parse_query("query($n: Int) { conversations(first: $n) { nodes { id } } }").unwrap();
        let variables = Variables::from_json(serde_json::json!({ "n": 7 }));
        assert_eq!(of(&document, None, &variables), Some(1 + 7 * 2));
    }
}
