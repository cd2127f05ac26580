//! Looking ahead: what a change of a role would do, and what the API is to another role. Nothing is changed, and nobody
//! is acted as.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};
use async_graphql::{Context, Enum};
use portaria_domain::permission::PermissionSet;
use portaria_domain::role_preview::{HolderPreview as DomainHolder, RolePreview};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::member::Member;
use super::permission::PermissionKey;
use super::role::Role;
use crate::error::{Problem, Result};
use crate::guard::Subject;
use crate::request::Request;
use crate::sdl::{Declared, declared, sdl_for};

fn keys(permissions: PermissionSet) -> Vec<PermissionKey> {
    permissions.iter().map(Into::into).collect()
}

pub struct RoleChangePreview(pub RolePreview);

/// What would come of giving a role other permissions.
#[guarded]
impl RoleChangePreview {
    /// The role as it is.
    #[authenticated]
    fn role(&self) -> Role {
        Role { row: self.0.role.clone(), own: false }
    }

    /// What it would allow in addition.
    #[authenticated]
    fn gains(&self) -> Vec<PermissionKey> {
        keys(self.0.gains)
    }

    /// What it would no longer allow.
    #[authenticated]
    fn loses(&self) -> Vec<PermissionKey> {
        keys(self.0.loses)
    }

    /// Who holds it, and what that would mean for them with all their other grants.
    #[authenticated]
    fn holders(&self) -> Vec<RoleHolderPreview> {
        self.0.holders.iter().cloned().map(RoleHolderPreview).collect()
    }
}

pub struct RoleHolderPreview(DomainHolder);

impl Subject for RoleHolderPreview {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

impl RoleHolderPreview {
    async fn count(&self, ctx: &Context<'_>) -> Result<(u64, u64)> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        Ok(self.0.conversations(reader, request.viewer()?.workspace_id).await?)
    }
}

/// What a change of a role would mean for one member.
#[guarded]
impl RoleHolderPreview {
    /// The member.
    #[authenticated]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        Ok(Request::of(ctx).loaders()?.member(self.0.member_id).await?.map(Member))
    }

    /// What they would hold somewhere, and hold nowhere now.
    #[authenticated]
    fn gains(&self) -> Vec<PermissionKey> {
        keys(self.0.gains)
    }

    /// What they hold somewhere now, and would hold nowhere.
    #[authenticated]
    fn loses(&self) -> Vec<PermissionKey> {
        keys(self.0.loses)
    }

    /// How many conversations they may see now.
    #[requires(ConversationReadAll)]
    async fn conversations_before(&self, ctx: &Context<'_>) -> Result<u64> {
        Ok(self.count(ctx).await?.0)
    }

    /// How many conversations they might see then.
    #[requires(ConversationReadAll)]
    async fn conversations_after(&self, ctx: &Context<'_>) -> Result<u64> {
        Ok(self.count(ctx).await?.1)
    }
}

/// What becomes of a field for who holds some permissions.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum FieldFate {
    /// It is answered, where the permission is held.
    Allowed,
    /// It is answered in a fresh two-factor session.
    AfterStepUp,
    /// It is answered of oneself only.
    OwnOnly,
    /// It is null, with an error.
    Withheld,
    /// There is no such field.
    Unknown,
}

/// Permissions of a role or of a member, wherever they are held.
pub struct ViewAs(pub PermissionSet);

/// The API as somebody else has it.
#[guarded]
impl ViewAs {
    /// What they hold somewhere.
    #[authenticated]
    fn permissions(&self) -> Vec<PermissionKey> {
        keys(self.0)
    }

    /// The schema with what they have a use for, as SDL.
    #[authenticated]
    fn sdl(&self) -> String {
        sdl_for(self.0)
    }

    /// What would become of each field of a document. It is not executed.
    #[authenticated]
    fn query(
        &self,
        #[graphql(desc = "A GraphQL document.")] document: String,
    ) -> Result<Option<Vec<SelectedField>>> {
        let malformed = |_| Problem::BadUserInput("The document is not GraphQL.".to_owned());
        let document = parse_query(document).map_err(malformed)?;
        let mut walk = Walk { document: &document, permissions: self.0, found: Vec::new() };
        for (_, operation) in document.operations.iter() {
            let root = match operation.node.ty {
                OperationType::Query => "Query",
                OperationType::Mutation => "Mutation",
                OperationType::Subscription => "Subscription",
            };
            walk.set(&operation.node.selection_set.node, root, &[]);
        }
        if walk.found.len() >= MAX_FIELDS {
            return Err(Problem::BadUserInput(format!("A document has fewer than {MAX_FIELDS} fields.")));
        }
        Ok(Some(walk.found))
    }
}

/// More fields than this are not told of.
const MAX_FIELDS: usize = 1_000;
/// Ends fragments that contain themselves.
const MAX_DEPTH: usize = 30;

pub struct SelectedField {
    path: Vec<String>,
    field: String,
    fate: FieldFate,
    any_of: PermissionSet,
}

/// A field of a document.
#[guarded]
impl SelectedField {
    /// The names of the fields above it, and its own.
    #[authenticated]
    fn path(&self) -> Vec<String> {
        self.path.clone()
    }

    /// Type and field, e.g. `Contact.phone`.
    #[authenticated]
    fn field(&self) -> String {
        self.field.clone()
    }

    /// What becomes of it.
    #[authenticated]
    fn fate(&self) -> FieldFate {
        self.fate
    }

    /// Any one of these would do; empty when none is needed.
    #[authenticated]
    fn any_of(&self) -> Vec<PermissionKey> {
        keys(self.any_of)
    }
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    permissions: PermissionSet,
    found: Vec<SelectedField>,
}

impl Walk<'_> {
    fn set(&mut self, set: &SelectionSet, ty: &str, path: &[String]) {
        if path.len() > MAX_DEPTH {
            return;
        }
        for item in &set.items {
            if self.found.len() >= MAX_FIELDS {
                return;
            }
            match &item.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    if name.starts_with("__") {
                        continue;
                    }
                    let path = [path, &[name.to_owned()]].concat();
                    let declared = declared(ty, name);
                    let (fate, any_of) = self.fate(declared.map(|field| field.access));
                    self.found.push(SelectedField {
                        path: path.clone(),
                        field: format!("{ty}.{name}"),
                        fate,
                        any_of,
                    });
                    if let Some(declared) = declared {
                        self.set(&field.node.selection_set.node, &declared.ty, &path);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    self.deeper(&fragment.node.selection_set.node, on.unwrap_or(ty), path);
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) else {
                        continue;
                    };
                    let on = fragment.node.type_condition.node.on.node.as_str();
                    self.deeper(&fragment.node.selection_set.node, on, path);
                }
            }
        }
    }

    /// Into a fragment, which counts as a level so that none goes round for ever.
    fn deeper(&mut self, set: &SelectionSet, ty: &str, path: &[String]) {
        let before = self.found.len();
        self.set(set, ty, &[path, &["...".to_owned()]].concat());
        for field in &mut self.found[before..] {
            field.path.retain(|part| part != "...");
        }
    }

    fn fate(&self, access: Option<Declared>) -> (FieldFate, PermissionSet) {
        match access {
            None => (FieldFate::Unknown, PermissionSet::EMPTY),
            Some(Declared::Public | Declared::Authenticated) => (FieldFate::Allowed, PermissionSet::EMPTY),
            Some(Declared::Requires { any_of, or_self }) => {
                let held = self.permissions.intersection(any_of);
                let fate = if !held.without(PermissionSet::SENSITIVE).is_empty() {
                    FieldFate::Allowed
                } else if !held.is_empty() {
                    FieldFate::AfterStepUp
                } else if or_self {
                    FieldFate::OwnOnly
                } else {
                    FieldFate::Withheld
                };
                (fate, any_of)
            }
        }
    }
}
