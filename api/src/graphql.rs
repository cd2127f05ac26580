//! The schema, one noun a file.

pub mod ability;
mod access_review;
mod access_review_item;
mod access_review_schedule;
mod activity;
mod alert;
mod alert_policy;
mod api_key;
mod assignment;
mod audit_rule;
mod audit_run;
mod audit_schedule;
mod bot;
mod bot_turn;
mod business_account;
mod business_hours;
pub mod channel;
mod channel_sending;
pub mod connection;
mod consent;
pub mod contact;
mod contact_group;
mod contact_merge;
pub mod conversation;
pub mod directory;
pub mod emergency;
mod evidence;
pub mod explanation;
pub mod finding;
mod follower;
pub mod grant;
mod guidance;
mod guideline;
pub mod id;
pub mod identity_provider;
pub mod invitation;
mod label;
pub mod least_privilege;
mod listed;
mod media_file;
pub mod member;
pub mod message;
mod message_content;
mod message_detail;
pub mod meta_app;
mod mutation;
pub mod node;
mod notification_endpoint;
mod passkey;
pub mod payload;
pub mod permission;
pub mod permission_use;
mod presence;
pub mod preview;
mod query;
mod quick_reply;
mod quick_reply_preview;
pub mod role;
mod routing;
mod routing_setting;
mod security_policy;
mod send_failure;
mod send_options;
mod sending;
pub mod session;
mod standing;
mod subscription;
mod target;
pub mod team;
mod template;
mod template_definition;
mod template_input;
mod template_preview;
mod template_values;
mod template_version;
pub mod time;
mod typing;
pub mod viewer;
pub mod webhook_delivery;
pub mod webhook_refusal;
pub mod workspace;

use std::sync::Arc;

use async_graphql::{SDLExportOptions, SchemaBuilder};

use crate::single_sign_on::Providers;

pub use follower::FromNow;
pub use mutation::Mutation;
pub use query::Query;
pub use subscription::Subscription;

pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Fields below one another in a query; the standard introspection query needs 13.
const MAX_DEPTH: usize = 15;
const MAX_ALIASES: usize = 30;
const MAX_DIRECTIVES: usize = 10;

pub fn schema() -> Schema {
    builder().finish()
}

/// The schema with what its resolvers ask identity providers through.
pub fn schema_with(providers: Arc<Providers>) -> Schema {
    builder().data(providers).finish()
}

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
        .limit_depth(MAX_DEPTH)
        .limit_aliases(MAX_ALIASES)
        .limit_directives(MAX_DIRECTIVES)
        .disable_suggestions()
}

/// The schema as frontend teams read it.
pub fn sdl() -> String {
    let options = SDLExportOptions::new().sorted_enum_items().prefer_single_line_descriptions();
    format!("{}\n", schema().sdl_with_options(options).trim_end())
}
