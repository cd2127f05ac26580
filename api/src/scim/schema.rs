//! What a directory may read and write, told once: canonical forms, filters, changes and `/Schemas` all follow it.
//! What Portaria has no use for is not kept, so it does not stand here.

use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Boolean,
    Complex,
    Reference,
    DateTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    ReadWrite,
    ReadOnly,
    Immutable,
}

#[derive(Debug)]
pub struct Attribute {
    pub name: &'static str,
    pub kind: Kind,
    /// Whether it has a list of values.
    pub many: bool,
    pub required: bool,
    /// Whether upper and lower case differ.
    pub exact: bool,
    pub mutability: Mutability,
    pub unique: bool,
    pub description: &'static str,
    pub parts: &'static [Attribute],
    /// Resource types that a reference leads to.
    pub references: &'static [&'static str],
}

const TEXT: Attribute = Attribute {
    name: "",
    kind: Kind::Text,
    many: false,
    required: false,
    exact: false,
    mutability: Mutability::ReadWrite,
    unique: false,
    description: "",
    parts: &[],
    references: &[],
};

const fn text(name: &'static str, description: &'static str) -> Attribute {
    Attribute { name, description, ..TEXT }
}

#[derive(Debug)]
pub struct ResourceType {
    pub name: &'static str,
    pub endpoint: &'static str,
    pub urn: &'static str,
    pub description: &'static str,
    pub attributes: &'static [Attribute],
    /// Attributes of the standard that directories send and Portaria does not keep.
    pub not_kept: &'static [&'static str],
}

/// What every resource has.
static COMMON: &[Attribute] = &[
    Attribute { exact: true, mutability: Mutability::ReadOnly, ..text("id", "") },
    Attribute { exact: true, ..text("externalId", "") },
    Attribute { exact: true, many: true, mutability: Mutability::ReadOnly, ..text("schemas", "") },
    Attribute {
        kind: Kind::Complex,
        mutability: Mutability::ReadOnly,
        parts: &[
            text("resourceType", ""),
            Attribute { kind: Kind::DateTime, ..text("created", "") },
            Attribute { kind: Kind::DateTime, ..text("lastModified", "") },
            text("location", ""),
            Attribute { exact: true, ..text("version", "") },
        ],
        ..text("meta", "")
    },
];

pub static USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "/Users",
    urn: "urn:ietf:params:scim:schemas:core:2.0:User",
    description: "A person whom the directory lets in, or who was a member before it.",
    attributes: &[
        Attribute {
            required: true,
            unique: true,
            ..text("userName", "What the directory signs them in by. One in a workspace, whatever the case.")
        },
        Attribute {
            kind: Kind::Complex,
            parts: &[
                text("formatted", "The whole name, as it is shown."),
                text("familyName", "Family name."),
                text("givenName", "Given name."),
            ],
            ..text("name", "Their name.")
        },
        text("displayName", "What they are called in letters and on screens, before their name."),
        text("preferredLanguage", "BCP 47 tag of the language of their letters, e.g. pt-BR."),
        Attribute {
            kind: Kind::Boolean,
            required: true,
            ..text("active", "Whether they are let in. Without it: true in a new resource, else as it was.")
        },
        Attribute {
            kind: Kind::Complex,
            many: true,
            required: true,
            parts: &[
                Attribute { required: true, ..text("value", "The address.") },
                text("type", "What it is for, e.g. work."),
                Attribute {
                    kind: Kind::Boolean,
                    ..text("primary", "Whether it is the one they are written to.")
                },
            ],
            ..text(
                "emails",
                "Addresses. They are invited at the primary one, else at that for work, else at the first. \
                              Without any, userName is taken where it is an address.",
            )
        },
        Attribute {
            kind: Kind::Complex,
            many: true,
            mutability: Mutability::ReadOnly,
            parts: &[
                Attribute {
                    exact: true,
                    mutability: Mutability::ReadOnly,
                    ..text("value", "Id of the group.")
                },
                Attribute {
                    kind: Kind::Reference,
                    exact: true,
                    mutability: Mutability::ReadOnly,
                    references: &["Group"],
                    ..text("$ref", "Where the group is.")
                },
                Attribute { mutability: Mutability::ReadOnly, ..text("display", "Its name.") },
            ],
            ..text("groups", "The groups they are in.")
        },
    ],
    not_kept: &[
        "nickName",
        "profileUrl",
        "title",
        "userType",
        "locale",
        "timezone",
        "password",
        "phoneNumbers",
        "ims",
        "photos",
        "addresses",
        "entitlements",
        "roles",
        "x509Certificates",
    ],
};

pub static GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "/Groups",
    urn: "urn:ietf:params:scim:schemas:core:2.0:Group",
    description: "A group of the directory. It confers what it is mapped to in Portaria, and nothing without.",
    attributes: &[
        Attribute {
            required: true,
            unique: true,
            ..text("displayName", "Its name. One in a workspace, whatever the case.")
        },
        Attribute {
            kind: Kind::Complex,
            many: true,
            parts: &[
                Attribute {
                    exact: true,
                    mutability: Mutability::Immutable,
                    ..text("value", "Id of the user.")
                },
                Attribute {
                    kind: Kind::Reference,
                    exact: true,
                    mutability: Mutability::Immutable,
                    references: &["User"],
                    ..text("$ref", "Where the user is.")
                },
            ],
            ..text("members", "Who is in it.")
        },
    ],
    not_kept: &[],
};

pub static ALL: [&ResourceType; 2] = [&USER, &GROUP];

impl ResourceType {
    /// An attribute by its name, in any case, with or without the schema's name before it.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        let name = self.local(name)?;
        COMMON.iter().chain(self.attributes).find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// A name without the schema's; `None` when it is of another schema.
    fn local<'a>(&self, name: &'a str) -> Option<&'a str> {
        if !name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) {
            return Some(name);
        }
        let (start, rest) = name.split_at_checked(self.urn.len())?;
        let rest = rest.strip_prefix(':')?;
        start.eq_ignore_ascii_case(self.urn).then_some(rest)
    }

    /// Whether the standard knows an attribute, or another schema has it, so that a directory may well send it.
    pub fn passes_over(&self, name: &str) -> bool {
        match self.local(name) {
            None => true,
            Some(name) => self.not_kept.iter().any(|known| known.eq_ignore_ascii_case(name)),
        }
    }

    /// As `/Schemas` tells it.
    pub fn schema(&self, base: &str) -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": self.urn,
            "name": self.name,
            "description": self.description,
            "attributes": self.attributes.iter().map(Attribute::told).collect::<Vec<_>>(),
            "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{}", self.urn) },
        })
    }

    /// As `/ResourceTypes` tells it.
    pub fn told(&self, base: &str) -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": self.name,
            "name": self.name,
            "endpoint": self.endpoint,
            "description": self.description,
            "schema": self.urn,
            "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", self.name) },
        })
    }
}

impl Attribute {
    pub fn part(&self, name: &str) -> Option<&'static Attribute> {
        self.parts.iter().find(|part| part.name.eq_ignore_ascii_case(name))
    }

    fn told(&self) -> Value {
        let kind = match self.kind {
            Kind::Text => "string",
            Kind::Boolean => "boolean",
            Kind::Complex => "complex",
            Kind::Reference => "reference",
            Kind::DateTime => "dateTime",
        };
        let mutability = match self.mutability {
            Mutability::ReadWrite => "readWrite",
            Mutability::ReadOnly => "readOnly",
            Mutability::Immutable => "immutable",
        };
        let mut told = json!({
            "name": self.name,
            "type": kind,
            "multiValued": self.many,
            "description": self.description,
            "required": self.required,
            "mutability": mutability,
            "returned": "default",
        });
        if matches!(self.kind, Kind::Text | Kind::Reference) {
            told["caseExact"] = self.exact.into();
            told["uniqueness"] = if self.unique { "server" } else { "none" }.into();
        }
        if !self.references.is_empty() {
            told["referenceTypes"] = self.references.into();
        }
        if !self.parts.is_empty() {
            told["subAttributes"] = self.parts.iter().map(Self::told).collect();
        }
        told
    }
}
