//! The schema as frontend teams read it, and what must hold of every field in it.

use std::collections::BTreeSet;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ServiceDocument, TypeDefinition, TypeKind, TypeSystemDefinition,
};

use crate::document;

fn parsed() -> ServiceDocument {
    parse_schema(portaria_api::sdl()).unwrap()
}

fn types(document: &ServiceDocument) -> impl Iterator<Item = &TypeDefinition> {
    document.definitions.iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(ty) => Some(&ty.node),
        TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
    })
}

#[test]
fn the_checked_in_schema_is_the_one_that_is_served() {
    document::assert_in_step("schema.graphql", &portaria_api::sdl(), "cargo run -- schema > schema.graphql");
}

#[test]
fn every_field_says_exactly_once_who_may_read_it() {
    let document = parsed();
    let mut open = BTreeSet::new();
    for ty in types(&document) {
        let TypeKind::Object(object) = &ty.kind else { continue };
        for field in &object.fields {
            let name = format!("{}.{}", ty.name.node, field.node.name.node);
            let access: Vec<_> = field
                .node
                .directives
                .iter()
                .map(|directive| directive.node.name.node.as_str())
                .filter(|name| ["requiresPermission", "authenticated", "public"].contains(name))
                .collect();
            assert_eq!(access.len(), 1, "{name} says {access:?}");
            match access[0] {
                "requiresPermission" => {
                    assert!(field.node.ty.node.nullable, "{name} is guarded, so it must be nullable");
                }
                access => {
                    open.insert(format!("@{access} {name}"));
                }
            }
        }
    }
    let list = open.into_iter().collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("fields_without_a_permission", list);
}

#[test]
fn queries_mutations_and_subscriptions_that_need_a_sign_in_are_nullable() {
    let document = parsed();
    for ty in types(&document) {
        let TypeKind::Object(object) = &ty.kind else { continue };
        if !["Query", "Mutation", "Subscription"].contains(&ty.name.node.as_str()) {
            continue;
        }
        for field in &object.fields {
            let public = field.node.directives.iter().any(|directive| directive.node.name.node == "public");
            assert!(public || field.node.ty.node.nullable, "{}.{}", ty.name.node, field.node.name.node);
        }
    }
}

#[test]
fn everything_is_described() {
    let document = parsed();
    let mut silent = Vec::new();
    for ty in types(&document) {
        let name = &ty.name.node;
        let mut see = |what: String, described: bool| {
            if !described {
                silent.push(what);
            }
        };
        see(name.to_string(), ty.description.is_some());
        match &ty.kind {
            TypeKind::Object(object) => {
                for field in &object.fields {
                    see(format!("{name}.{}", field.node.name.node), field.node.description.is_some());
                    for argument in &field.node.arguments {
                        let what = format!("{name}.{}({})", field.node.name.node, argument.node.name.node);
                        see(what, argument.node.description.is_some());
                    }
                }
            }
            TypeKind::InputObject(input) => {
                for field in &input.fields {
                    see(format!("{name}.{}", field.node.name.node), field.node.description.is_some());
                }
            }
            TypeKind::Enum(values) => {
                for value in &values.values {
                    see(format!("{name}.{}", value.node.value.node), value.node.description.is_some());
                }
            }
            TypeKind::Scalar | TypeKind::Interface(_) | TypeKind::Union(_) => {}
        }
    }
    assert!(silent.is_empty(), "without a description: {silent:#?}");
}

#[test]
fn every_paged_field_is_priced_as_such() {
    let document = parsed();
    let mut paged = BTreeSet::new();
    for ty in types(&document) {
        let TypeKind::Object(object) = &ty.kind else { continue };
        for field in &object.fields {
            let named =
                |base: &BaseType| matches!(base, BaseType::Named(name) if name.ends_with("Connection"));
            if named(&field.node.ty.node.base) {
                paged.insert(field.node.name.node.to_string());
            }
        }
    }
    assert_eq!(paged.into_iter().collect::<Vec<_>>(), portaria_api::PAGED);
}
