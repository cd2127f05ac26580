//! Who the columns of the golden matrix are.

use axum::Router;
use portaria_domain::access::Scope;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage};
use sea_orm::Iterable;

use crate::catalogue::Samples;
use crate::client::{custom_role, program};

/// A column of the matrix.
pub struct Column {
    pub name: String,
    pub role: Option<BuiltInRole>,
    /// What must be held for anything that needs a permission.
    pub held: PermissionSet,
    pub person: Option<Person>,
    pub samples: Samples,
}

impl Column {
    fn of(name: &str, held: PermissionSet, person: Option<Person>) -> Self {
        Self { name: name.to_owned(), role: None, held, person, samples: Samples::new() }
    }
}

/// Nobody, everybody in every role, some in narrow ways, and the administrator with a second factor.
pub async fn columns(stage: &Stage, (api, admin): (&Router, &Person)) -> Vec<Column> {
    let mut columns = vec![Column::of("nobody", PermissionSet::EMPTY, None)];
    for role in BuiltInRole::iter() {
        let name = <&str>::from(role).to_lowercase();
        let person = stage.person(&name, &[(role, Scope::Workspace)]).await;
        let held = PermissionSet::of_role(role).without(PermissionSet::SENSITIVE);
        columns.push(Column { role: Some(role), ..Column::of(&name, held, Some(person)) });
    }
    columns.extend(narrow_columns(stage, (api, admin)).await);
    // Last, for this one's mutations do things to the others.
    let role = BuiltInRole::Administrator;
    let person = stage.person("administrator2fa", &[(role, Scope::Workspace)]).await;
    let person = stage.step_up(&person).await;
    let whole = Column::of("administrator+2fa", PermissionSet::of_role(role), Some(person));
    columns.push(Column { role: Some(role), ..whole });
    columns
}

/// A role on one number only, a role of few permissions, and programs.
async fn narrow_columns(stage: &Stage, (api, admin): (&Router, &Person)) -> Vec<Column> {
    let agent = PermissionSet::of_role(BuiltInRole::Agent);
    let sales = Scope::Channel(stage.sales);
    let person = stage.person("agentsales", &[(BuiltInRole::Agent, sales)]).await;
    let held = sales.narrow(agent).union(PermissionSet::basic());
    let mut columns = vec![Column::of("agent@sales", held, Some(person))];

    let person = stage.person("custom", &[]).await;
    custom_role(api, admin, &person, "CONTACT_READ, CONVERSATION_READ_ASSIGNED").await;
    let few = PermissionSet::of(&[Permission::ContactRead, Permission::ConversationReadAssigned]);
    columns.push(Column::of("custom", few.union(PermissionSet::basic()), Some(person)));

    for (name, role) in [("Agent", BuiltInRole::Agent), ("Developer", BuiltInRole::Developer)] {
        let (key, _) = program(api, stage, admin, name).await;
        let held = PermissionSet::of_role(role).without(PermissionSet::SENSITIVE);
        columns.push(Column::of(&format!("{} key", name.to_lowercase()), held, Some(key)));
    }
    columns
}
