//! The schema, one noun a file.

pub mod ability;
mod activity;
mod api_key;
pub mod channel;
pub mod connection;
pub mod contact;
pub mod conversation;
pub mod emergency;
pub mod explanation;
pub mod grant;
pub mod id;
pub mod invitation;
pub mod member;
pub mod message;
mod mutation;
pub mod node;
pub mod payload;
pub mod permission;
pub mod preview;
mod query;
pub mod role;
pub mod session;
mod subscription;
pub mod team;
pub mod time;
pub mod viewer;
pub mod workspace;

use async_graphql::SDLExportOptions;

pub use mutation::Mutation;
pub use query::Query;
pub use subscription::Subscription;

pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Fields below one another in a query; the standard introspection query needs 13.
const MAX_DEPTH: usize = 15;
const MAX_ALIASES: usize = 30;
const MAX_DIRECTIVES: usize = 10;

pub fn schema() -> Schema {
    Schema::build(Query::default(), Mutation::default(), Subscription)
        .limit_depth(MAX_DEPTH)
        .limit_aliases(MAX_ALIASES)
        .limit_directives(MAX_DIRECTIVES)
        .disable_suggestions()
        .finish()
}

/// The schema as frontend teams read it.
pub fn sdl() -> String {
    let options = SDLExportOptions::new().sorted_enum_items().prefer_single_line_descriptions();
    format!("{}\n", schema().sdl_with_options(options).trim_end())
}
