//! What `#[guarded]` puts before every field: the check, and how a withheld value is answered.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    Context, ContextSelectionSet, ErrorExtensionValues, OutputType, PathSegment, Positioned, ServerError,
    ServerResult, TypeDirective, Value,
};
use portaria_domain::decision::Decision;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::second_factor::Factors;
use portaria_domain::viewer::Viewer;

use crate::error::{Code, Problem};
use crate::graphql::permission::PermissionKey;
use crate::request::Request;

/// Any one of these permissions, held where the object belongs, lets one use the field; with `orSelf`, so does being
/// what the object describes. Withheld, the field is null and an error at its path says FORBIDDEN or STEP_UP_REQUIRED.
#[TypeDirective(name = "requiresPermission", location = "FieldDefinition")]
pub fn requires_permission(any_of: Vec<PermissionKey>, or_self: Option<bool>) {}

/// Whoever has signed in may use the field. With `enrolling`, so may who has to show or set up a second factor before
/// anything else (STEP_UP_REQUIRED, because of SECURITY_POLICY).
#[TypeDirective(name = "authenticated", location = "FieldDefinition")]
pub fn authenticated(enrolling: Option<bool>) {}

/// The field may be used without signing in.
#[TypeDirective(name = "public", location = "FieldDefinition")]
pub fn public() {}

/// What a field asks of its viewer. One static value per field.
#[derive(Debug)]
pub struct Requirement {
    /// Type and field, e.g. `Contact.phone`.
    pub field: &'static str,
    pub any_of: PermissionSet,
    pub or_self: bool,
}

/// Something that fields are read of: it knows what the viewer may do towards it.
pub trait Subject {
    fn held(&self, viewer: &Viewer) -> PermissionSet;

    /// Whether it describes the viewer.
    fn is_self(&self, _viewer: &Viewer) -> bool {
        false
    }
}

/// Refuses unless the viewer holds one of the required permissions towards the subject. Touches no database.
pub fn check(
    ctx: &Context<'_>,
    subject: &impl Subject,
    requirement: &'static Requirement,
) -> Result<(), Problem> {
    let request = Request::of(ctx);
    let viewer = request.viewer.as_deref().ok_or(Problem::Unauthenticated)?;
    if requirement.or_self && subject.is_self(viewer) {
        return Ok(());
    }
    let refused = match viewer.require(subject.held(viewer), requirement.any_of, request.now) {
        Ok(()) => return Ok(()),
        Err(refused) => Problem::from(refused),
    };
    Err(refused.at(requirement.field))
}

/// Whether introspection shows the viewer a field: whether they have a use for it. Apart from a request all is shown.
pub fn is_visible(ctx: &Context<'_>, any_of: PermissionSet, or_self: bool) -> bool {
    let Some(request) = ctx.data_opt::<Arc<Request>>() else { return true };
    let Some(viewer) = request.viewer.as_deref() else { return false };
    or_self || viewer.access.anywhere().intersects(any_of)
}

/// Refuses who has not signed in.
pub fn signed_in(ctx: &Context<'_>) -> Result<(), Problem> {
    Request::of(ctx).viewer().map(|_| ())
}

/// Refuses who has not signed in, or has to show a second factor before anything else.
pub fn admitted(ctx: &Context<'_>, field: &'static str) -> Result<(), Problem> {
    let viewer = Request::of(ctx).viewer()?;
    if viewer.is_barred() {
        return Err(Problem::from(viewer.step_up_required(PermissionSet::EMPTY)).at(field));
    }
    Ok(())
}

/// A field's value, or why it is withheld: then it is null, with an error at its own path.
pub struct Guarded<T>(Result<Option<T>, Problem>);

impl<T> Guarded<T> {
    pub fn problem(problem: Problem) -> Self {
        Self(Err(problem))
    }
}

impl<T, E: Into<Problem>> From<Result<Option<T>, E>> for Guarded<T> {
    fn from(outcome: Result<Option<T>, E>) -> Self {
        Self(outcome.map_err(Into::into))
    }
}

impl<T: OutputType> OutputType for Guarded<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::type_name().to_string()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry);
        T::type_name().to_string()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match &self.0 {
            Ok(None) => Ok(Value::Null),
            Ok(Some(value)) => match value.resolve(ctx, field).await {
                Ok(value) => Ok(value),
                Err(error) => {
                    ctx.add_error(error);
                    Ok(Value::Null)
                }
            },
            Err(problem) => {
                let error = ctx.set_error_path(problem.to_server_error(Some(field.pos)));
                match (problem, ctx.data_opt::<Arc<Request>>()) {
                    (Problem::Refused { .. }, Some(request)) => request.refusals.add(problem, error),
                    _ => ctx.add_error(error),
                }
                Ok(Value::Null)
            }
        }
    }
}

/// The refusals of one operation: the same refusal on many rows is told once, with all its paths.
#[derive(Default)]
pub struct Refusals(Mutex<Vec<Refused>>);

struct Refused {
    code: Code,
    any_of: PermissionSet,
    field: &'static str,
    /// One for each row: never empty.
    errors: Vec<ServerError>,
}

impl Refusals {
    fn add(&self, problem: &Problem, error: ServerError) {
        let Problem::Refused { code, any_of, field, .. } = *problem else { return };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same =
            |known: &&mut Refused| known.code == code && known.any_of == any_of && known.field == field;
        match all.iter_mut().find(same) {
            Some(known) => known.errors.push(error),
            None => all.push(Refused { code, any_of, field, errors: vec![error] }),
        }
    }

    /// The errors that tell of them, each with an id by which the decision can be asked about.
    pub fn take_errors(&self, request: &Request) -> Vec<ServerError> {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        all.into_iter().filter_map(|refused| refused.into_error(request)).collect()
    }
}

impl Refused {
    fn into_error(mut self, request: &Request) -> Option<ServerError> {
        self.errors.sort_by(in_order);
        let mut errors = self.errors.into_iter();
        let mut error = errors.next()?;
        let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
        // Where no permission is asked for, the error itself says all there is.
        if let Some(viewer) = request.viewer.as_deref().filter(|_| !self.any_of.is_empty()) {
            let decision = Decision {
                workspace_id: viewer.workspace_id,
                member_id: viewer.member_id(),
                api_key_id: viewer.api_key_id(),
                field: self.field.to_owned(),
                any_of: self.any_of.iter().map(|permission| permission.key().to_owned()).collect(),
                at: request.now,
            };
            match decision.to_id(&request.installation.keys) {
                Ok(id) => extensions.set("decisionId", id),
                Err(failure) => tracing::error!(%failure, "a decision id could not be made"),
            }
        }
        if errors.len() > 0 {
            let paths = std::iter::once(error.path.clone()).chain(errors.map(|more| more.path));
            let list = paths.map(|path| Value::List(path.iter().map(segment).collect())).collect();
            extensions.set("paths", Value::List(list));
        }
        Some(error)
    }
}

/// The order of errors in an answer: that of the document, then that of the rows. In which order fields happened to be
/// ready says something of the data, and is no order to rely on.
pub fn in_order(one: &ServerError, other: &ServerError) -> std::cmp::Ordering {
    let place = |error: &ServerError| {
        let position = error.locations.first().map(|at| (at.line, at.column));
        let path: Vec<_> = error.path.iter().map(rank).collect();
        (position, path)
    };
    place(one).cmp(&place(other))
}

fn rank(segment: &PathSegment) -> (usize, String) {
    match segment {
        PathSegment::Field(name) => (0, name.clone()),
        PathSegment::Index(index) => (*index, String::new()),
    }
}

fn segment(segment: &PathSegment) -> Value {
    match segment {
        PathSegment::Field(name) => Value::from(name.as_str()),
        PathSegment::Index(index) => Value::from(*index),
    }
}

/// What would lift a refusal, as a value for an error's extensions: `[TOTP, PASSKEY, RECOVERY_CODE]` as far as the viewer
/// has them; `[ENROLL]` for who has nothing yet.
pub fn step_up_methods(factors: Factors) -> Value {
    let methods = [
        (factors.authenticator_app, "TOTP"),
        (factors.passkey, "PASSKEY"),
        (factors.is_enrolled() && factors.recovery_code, "RECOVERY_CODE"),
        (!factors.is_enrolled(), "ENROLL"),
    ];
    Value::List(methods.into_iter().filter(|(has, _)| *has).map(|(_, name)| Value::from(name)).collect())
}

/// `[CONTACT_READ_PHONE, ...]` as a value for an error's extensions.
pub fn permission_names(permissions: PermissionSet) -> Value {
    Value::List(
        permissions.iter().map(|permission: Permission| Value::from(permission.graphql_name())).collect(),
    )
}
