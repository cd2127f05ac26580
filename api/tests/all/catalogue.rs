//! The schema as the matrix and the leak hunt walk it: every field, how to reach it, and arguments to try it with.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};

/// What a field declares in the SDL.
#[derive(Clone, Debug)]
pub enum Declared {
    Requires { any_of: Vec<String>, or_self: bool },
    Authenticated,
    Public,
}

impl std::fmt::Display for Declared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Requires { any_of, or_self } => {
                f.write_str(&any_of.join(" | "))?;
                f.write_str(if *or_self { " | self" } else { "" })
            }
            Self::Authenticated => f.write_str("@authenticated"),
            Self::Public => f.write_str("@public"),
        }
    }
}

#[derive(Clone)]
pub struct Argument {
    pub name: String,
    pub ty: Type,
    has_default: bool,
}

impl Argument {
    fn of(definition: &InputValueDefinition) -> Self {
        Self {
            name: definition.name.node.to_string(),
            ty: definition.ty.node.clone(),
            has_default: definition.default_value.is_some(),
        }
    }

    pub fn is_required(&self) -> bool {
        !self.ty.nullable && !self.has_default
    }
}

#[derive(Clone)]
pub struct Field {
    pub name: String,
    /// The named type, without lists and exclamation marks.
    pub ty: String,
    pub arguments: Vec<Argument>,
    pub declared: Declared,
    /// Even for who has to set up a second factor before anything else.
    pub enrolling: bool,
}

impl Field {
    pub fn is_open_to_who_enrolls(&self) -> bool {
        self.enrolling || matches!(self.declared, Declared::Public)
    }
}

/// What stands, in a way through the schema, before the member of a union.
pub const FRAGMENT: &str = "... on ";

/// Values for arguments: ids by what they are of.
pub type Samples = HashMap<&'static str, String>;

pub struct Catalogue {
    pub objects: BTreeMap<String, Vec<Field>>,
    pub inputs: BTreeMap<String, Vec<Argument>>,
    /// Of which exactly one member is given.
    one_of: BTreeSet<String>,
    enums: BTreeMap<String, Vec<String>>,
    pub nodes: BTreeSet<String>,
    interfaces: BTreeSet<String>,
    /// The members of each union.
    unions: BTreeMap<String, Vec<String>>,
}

pub fn named(ty: &Type) -> String {
    match &ty.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(inner) => named(inner),
    }
}

fn declared(field: &FieldDefinition) -> Declared {
    for directive in &field.directives {
        match directive.node.name.node.as_str() {
            "requiresPermission" => {
                let keys = directive.node.get_argument("anyOf").map(|keys| keys.node.to_string());
                let keys = keys.unwrap_or_default();
                let any_of = keys.trim_matches(['[', ']']).split(',').map(|key| key.trim().to_owned());
                let or_self = directive.node.get_argument("orSelf").is_some();
                return Declared::Requires { any_of: any_of.collect(), or_self };
            }
            "authenticated" => return Declared::Authenticated,
            "public" => return Declared::Public,
            _ => {}
        }
    }
    panic!("{} says nothing about who may read it", field.name.node)
}

impl Catalogue {
    pub fn read() -> Self {
        let mut catalogue = Self {
            objects: BTreeMap::new(),
            inputs: BTreeMap::new(),
            one_of: BTreeSet::new(),
            enums: BTreeMap::new(),
            nodes: BTreeSet::new(),
            interfaces: BTreeSet::new(),
            unions: BTreeMap::new(),
        };
        for definition in parse_schema(portaria_api::sdl()).unwrap().definitions {
            let TypeSystemDefinition::Type(ty) = definition else { continue };
            let name = ty.node.name.node.to_string();
            match ty.node.kind {
                TypeKind::Object(object) => {
                    if object.implements.iter().any(|interface| interface.node == "Node") {
                        catalogue.nodes.insert(name.clone());
                    }
                    let field = |field: &FieldDefinition| Field {
                        name: field.name.node.to_string(),
                        ty: named(&field.ty.node),
                        arguments: field.arguments.iter().map(|one| Argument::of(&one.node)).collect(),
                        declared: declared(field),
                        enrolling: field
                            .directives
                            .iter()
                            .any(|directive| directive.node.get_argument("enrolling").is_some()),
                    };
                    let fields = object.fields.iter().map(|one| field(&one.node)).collect();
                    catalogue.objects.insert(name, fields);
                }
                TypeKind::InputObject(input) => {
                    if ty.node.directives.iter().any(|directive| directive.node.name.node == "oneOf") {
                        catalogue.one_of.insert(name.clone());
                    }
                    let fields = input.fields.iter().map(|one| Argument::of(&one.node)).collect();
                    catalogue.inputs.insert(name, fields);
                }
                TypeKind::Enum(values) => {
                    let values = values.values.iter().map(|value| value.node.value.node.to_string());
                    catalogue.enums.insert(name, values.collect());
                }
                TypeKind::Interface(_) => {
                    catalogue.interfaces.insert(name);
                }
                TypeKind::Union(union) => {
                    let members = union.members.iter().map(|member| member.node.to_string());
                    catalogue.unions.insert(name.clone(), members.collect());
                    catalogue.interfaces.insert(name);
                }
                TypeKind::Scalar => {}
            }
        }
        catalogue
    }

    /// The values of an enum.
    pub fn values(&self, name: &str) -> &[String] {
        &self.enums[name]
    }

    /// A value for an argument, as GraphQL text.
    pub fn sample(&self, owner: &str, argument: &Argument, samples: &Samples) -> String {
        self.sample_of(&argument.ty, owner, &argument.name, samples)
    }

    fn sample_of(&self, ty: &Type, owner: &str, name: &str, samples: &Samples) -> String {
        match &ty.base {
            BaseType::List(inner) => format!("[{}]", self.sample_of(inner, owner, name, samples)),
            BaseType::Named(named) => match named.as_str() {
                "ID" => {
                    let kind = name.trim_end_matches("Ids").trim_end_matches("Id");
                    let kind = if kind == "id" { owner } else { kind };
                    let unknown = || "nothing_00000000000000000000000000".to_owned();
                    format!("{:?}", samples.get(kind).cloned().unwrap_or_else(unknown))
                }
                "Int" => "5".to_owned(),
                "Boolean" => "true".to_owned(),
                // A period that lasts.
                "DateTime" if name == "from" => "\"2026-02-01T12:00:00Z\"".to_owned(),
                "DateTime" => "\"2026-03-03T12:00:00Z\"".to_owned(),
                "PermissionKey" => "WORKSPACE_READ".to_owned(),
                named => match (self.inputs.get(named), self.enums.get(named)) {
                    (Some(fields), _) => {
                        let first = usize::from(self.one_of.contains(named));
                        let required = fields.iter().skip(first).filter(|field| field.is_required());
                        let given =
                            fields.iter().take(first).chain(required).map(|field| {
                                format!("{}: {}", field.name, self.sample(owner, field, samples))
                            });
                        format!("{{ {} }}", given.collect::<Vec<_>>().join(", "))
                    }
                    (None, Some(values)) => values[0].clone(),
                    (None, None) if name == "document" => "\"{ roles { id } }\"".to_owned(),
                    (None, None) => format!("{:?}", samples.get(name).map_or("x", String::as_str)),
                },
            },
        }
    }

    /// A field with those of its arguments that it needs, and a page size that keeps answers small.
    pub fn call(&self, field: &Field, samples: &Samples) -> String {
        let given: Vec<_> = field
            .arguments
            .iter()
            .filter(|argument| {
                // One of the two that it takes is needed.
                let either = field.name == "viewAs" && argument.name == "roleId";
                argument.is_required() || argument.name == "first" || either
            })
            .map(|argument| format!("{}: {}", argument.name, self.sample(&field.name, argument, samples)))
            .collect();
        if given.is_empty() { field.name.clone() } else { format!("{}({})", field.name, given.join(", ")) }
    }

    pub fn is_composite(&self, ty: &str) -> bool {
        self.objects.contains_key(ty) || self.interfaces.contains(ty)
    }

    /// What to select of a field: nothing of a scalar, as little as can be of an object.
    pub fn least(&self, ty: &str) -> &'static str {
        if self.is_composite(ty) { " { __typename }" } else { "" }
    }

    /// A query that goes this way, for this of what is there.
    pub fn query(&self, way: &[Field], selection: &str, samples: &Samples) -> String {
        let mut query = selection.to_owned();
        for field in way.iter().rev() {
            if field.name == "node" {
                let id = samples.get(field.ty.to_lowercase().as_str()).map_or("", String::as_str);
                query = format!("node(id: {id:?}) {{ ... on {} {{ {query} }} }}", field.ty);
            } else {
                query = format!("{} {{ {query} }}", self.call(field, samples));
            }
        }
        format!("{{ {query} }}")
    }

    /// Everything of a type, this many objects deep.
    pub fn everything(&self, ty: &str, depth: usize, samples: &Samples) -> String {
        let Some(fields) = self.objects.get(ty).filter(|_| depth > 0) else {
            return self.least(ty).to_owned();
        };
        let of = |field: &Field| {
            format!("{}{}", self.call(field, samples), self.everything(&field.ty, depth - 1, samples))
        };
        format!(" {{ {} }}", fields.iter().map(of).collect::<Vec<_>>().join(" "))
    }

    /// The fields of `Query`; `node` once for each type that it can answer.
    fn roots(&self) -> impl Iterator<Item = Field> {
        self.objects["Query"].iter().flat_map(|root| match root.ty.as_str() {
            "Node" => self.nodes.iter().map(|ty| Field { ty: ty.clone(), ..root.clone() }).collect(),
            _ => vec![root.clone()],
        })
    }

    /// The shortest ways from each field of `Query` to each type, shortest first.
    pub fn ways(&self) -> BTreeMap<String, Vec<Vec<Field>>> {
        let mut ways: BTreeMap<String, Vec<Vec<Field>>> = BTreeMap::new();
        for root in self.roots() {
            let mut seen = BTreeSet::from(["Query".to_owned()]);
            let mut queue = VecDeque::from([vec![root.clone()]]);
            while let Some(way) = queue.pop_front() {
                let Some(last) = way.last() else { continue };
                for member in self.unions.get(&last.ty).into_iter().flatten() {
                    let name = format!("{FRAGMENT}{member}");
                    let part = Field { name, ty: member.clone(), arguments: Vec::new(), ..last.clone() };
                    queue.push_back([way.as_slice(), &[part]].concat());
                }
                let Some(fields) = self.objects.get(&last.ty) else { continue };
                if !seen.insert(last.ty.clone()) {
                    continue;
                }
                queue.extend(
                    fields.iter().map(|field| [way.as_slice(), std::slice::from_ref(field)].concat()),
                );
                ways.entry(last.ty.clone()).or_default().push(way);
            }
        }
        for all in ways.values_mut() {
            all.sort_by_key(|way| (way.len(), way[0].name != "node"));
        }
        ways
    }
}
