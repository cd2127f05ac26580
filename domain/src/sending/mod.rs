//! Sending: what may go out, in what order and how fast, and what becomes of it. The worker does the talking.

mod acknowledge;
pub mod address;
mod cancel;
pub mod card;
pub mod content;
pub mod facts;
pub mod failure;
pub mod file;
pub mod free_entry;
pub mod gate;
pub mod interactive;
pub mod number;
pub mod options;
pub mod overdue;
pub mod pace;
pub mod queue;
mod quick_reply;
pub mod receipt;
pub mod recheck;
pub mod settle;
mod start;
mod submit;
mod template;
pub mod words;

pub use acknowledge::acknowledge;
pub use cancel::cancel;
pub use content::{NewContent, NewLocation, NewReaction, NewText};
pub use quick_reply::NewQuickReply;
pub use start::{NewConversation, Whom, start};
pub use submit::{NewMessage, send};
pub use template::NewTemplate;
