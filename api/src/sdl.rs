//! What the SDL declares of each field, and the SDL as a role has it: the directives are the one source.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use async_graphql::Positioned;
use async_graphql::Value;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ConstDirective, FieldDefinition, Type, TypeKind, TypeSystemDefinition,
};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_entity::role::BuiltInRole;

/// Who may use a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    Requires { any_of: PermissionSet, or_self: bool },
    Authenticated,
    Public,
}

/// A field of the schema.
#[derive(Clone, Debug)]
pub struct DeclaredField {
    pub access: Declared,
    /// Its named type, without lists and exclamation marks.
    pub ty: String,
}

type Fields = BTreeMap<String, BTreeMap<String, DeclaredField>>;

fn fields() -> &'static Fields {
    static FIELDS: OnceLock<Fields> = OnceLock::new();
    FIELDS.get_or_init(|| {
        let mut fields = Fields::new();
        // The schema's own export is well formed; a test reads it too.
        let definitions = parse_schema(crate::sdl()).map(|document| document.definitions).unwrap_or_default();
        for definition in definitions {
            let TypeSystemDefinition::Type(ty) = definition else { continue };
            let TypeKind::Object(object) = ty.node.kind else { continue };
            let declared =
                object.fields.iter().map(|field| (field.node.name.node.to_string(), read(&field.node)));
            fields.insert(ty.node.name.node.to_string(), declared.collect());
        }
        fields
    })
}

/// What a field declares; `None` when there is no such field.
pub fn declared(ty: &str, field: &str) -> Option<&'static DeclaredField> {
    fields().get(ty)?.get(field)
}

fn read(field: &FieldDefinition) -> DeclaredField {
    let access = field.directives.iter().find_map(directive).unwrap_or(Declared::Authenticated);
    DeclaredField { access, ty: named(&field.ty.node) }
}

fn directive(directive: &Positioned<ConstDirective>) -> Option<Declared> {
    match directive.node.name.node.as_str() {
        "public" => Some(Declared::Public),
        "authenticated" => Some(Declared::Authenticated),
        "requiresPermission" => {
            let names: Vec<String> = match directive.node.get_argument("anyOf").map(|keys| &keys.node) {
                Some(async_graphql::Value::List(keys)) => keys.iter().filter_map(enum_name).collect(),
                _ => Vec::new(),
            };
            let any_of = Permission::all().filter(|one| names.contains(&one.graphql_name())).collect();
            Some(Declared::Requires { any_of, or_self: directive.node.get_argument("orSelf").is_some() })
        }
        _ => None,
    }
}

fn enum_name(value: &Value) -> Option<String> {
    match value {
        Value::Enum(name) => Some(name.to_string()),
        _ => None,
    }
}

fn named(ty: &Type) -> String {
    match &ty.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(inner) => named(inner),
    }
}

/// Whether who holds these permissions somewhere has a use for a field.
fn usable(access: Declared, permissions: PermissionSet) -> bool {
    match access {
        Declared::Public | Declared::Authenticated => true,
        Declared::Requires { any_of, or_self } => or_self || any_of.intersects(permissions),
    }
}

/// The schema as a member sees it who holds a built-in role in the whole workspace.
pub fn sdl_for_role(role: BuiltInRole) -> String {
    sdl_for(PermissionSet::of_role(role).union(PermissionSet::basic()))
}

/// The schema without the fields that nobody with these permissions has a use for, and without the types that are then
/// out of reach.
pub fn sdl_for(permissions: PermissionSet) -> String {
    let whole = crate::sdl();
    // A description may hold an empty line only within its quotes, and ours hold none.
    let blocks: Vec<String> =
        whole.trim_end().split("\n\n").map(|block| narrowed(block, permissions)).collect();
    let by_name: BTreeMap<&str, &str> =
        blocks.iter().filter_map(|block| Some((type_name(block)?, block.as_str()))).collect();
    let mut reached = BTreeSet::new();
    let mut waiting = vec!["Query", "Mutation", "Subscription"];
    while let Some(name) = waiting.pop() {
        // A root that has nothing left is not there at all.
        let Some(block) = by_name.get(name).filter(|block| !block.ends_with("{\n}")) else { continue };
        if !reached.insert(name) {
            continue;
        }
        let words = without_descriptions(block).flat_map(|line| line.split(|c: char| !c.is_alphanumeric()));
        let mentioned: BTreeSet<&str> = words.collect();
        waiting.extend(by_name.keys().filter(|name| mentioned.contains(**name) && !reached.contains(**name)));
    }
    let kept = blocks.iter().filter(|block| type_name(block).is_none_or(|name| reached.contains(name)));
    let mut sdl = format!("{}\n", kept.cloned().collect::<Vec<_>>().join("\n\n"));
    for (root, line) in
        [("Mutation", "\tmutation: Mutation\n"), ("Subscription", "\tsubscription: Subscription\n")]
    {
        if !reached.contains(root) {
            sdl = sdl.replace(line, "");
        }
    }
    sdl
}

/// The name of the type that a block defines; directives and the schema itself have none.
fn type_name(block: &str) -> Option<&str> {
    without_descriptions(block).next().and_then(|line| {
        let mut words = line.split_whitespace();
        let kind = words.next()?;
        ["type", "interface", "enum", "input", "scalar", "union"]
            .contains(&kind)
            .then(|| words.next())
            .flatten()
    })
}

/// The lines of a block that are not descriptions.
fn without_descriptions(block: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    block.lines().filter(move |line| {
        let line = line.trim_start();
        let quotes = line.matches("\"\"\"").count();
        let described = inside || line.starts_with('"');
        if quotes == 1 {
            inside = !inside;
        }
        !described
    })
}

/// A type's block without the fields that are of no use.
fn narrowed(block: &str, permissions: PermissionSet) -> String {
    let Some(fields) = type_name(block).and_then(|name| fields().get(name)) else { return block.to_owned() };
    let mut kept = Vec::new();
    let mut field: Vec<&str> = Vec::new();
    for line in block.lines() {
        if !line.starts_with('\t') {
            kept.push(line);
            continue;
        }
        field.push(line);
        // A field ends with the directive that says who may use it.
        let ends = !line.starts_with("\t\t")
            && [" @authenticated", " @public", " @requiresPermission("].iter().any(|end| line.contains(end));
        if ends {
            let chunk = std::mem::take(&mut field);
            let text = chunk.join("\n");
            let name = without_descriptions(&text)
                .next()
                .and_then(|line| line.trim_start().split(['(', ':']).next().map(str::to_owned));
            if name.and_then(|name| fields.get(&name)).is_none_or(|one| usable(one.access, permissions)) {
                kept.extend(chunk);
            }
        }
    }
    kept.join("\n")
}
