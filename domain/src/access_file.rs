//! Access as code: the roles, teams and grants of a workspace as a file that people review, the difference between such a
//! file and what is in force, and its application as one change by the rules of every change.
//!
//! A file is whole for what it says it `manages`: of that, what is in force and not in the file ends. What it does not
//! manage stays as it is. Outside it are people (they are invited), API keys, emergency access, and built-in roles.

mod apply;
mod document;
mod plan;
mod state;

pub use apply::apply;
pub use document::{Document, GrantEntry, Kind, RoleEntry, TeamEntry};
pub use plan::{Plan, Step, plan};
pub use state::{State, read};
