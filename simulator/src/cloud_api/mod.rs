//! Meta's Graph API as far as a WhatsApp business needs it: sending, read receipts, media, numbers, templates, the
//! callbacks of webhooks, and tokens.

mod accounts;
mod admission;
mod answer;
mod check;
mod codes;
mod files;
pub mod graph_error;
mod interactive_request;
pub(crate) mod message_request;
mod messages;
mod numbers;
mod routes;
mod template_request;
mod templates;
mod upload;
mod version;

pub use self::graph_error::GraphError;
pub(crate) use self::routes::router;
