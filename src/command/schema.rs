//! `portaria schema`: prints the GraphQL schema, as checked in at `schema.graphql`.

use clap::Args;
use portaria_entity::role::BuiltInRole;

use super::admin::parse_role;

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Only what somebody can use who holds this role in the whole workspace.
    #[arg(long, value_parser = parse_role)]
    role: Option<BuiltInRole>,
}

pub fn run(wanted: &SchemaArgs) {
    match wanted.role {
        Some(role) => print!("{}", portaria_api::sdl_for_role(role)),
        None => print!("{}", portaria_api::sdl()),
    }
}
