//! Sending: what may go out, and what becomes of it. The worker does the talking.

mod cancel;
pub mod card;
pub mod content;
pub mod facts;
pub mod failure;
pub mod gate;
pub mod interactive;
pub mod options;
mod quick_reply;
pub mod recheck;
mod submit;
pub mod words;

pub use cancel::cancel;
pub use content::{NewContent, NewLocation, NewReaction, NewText};
pub use quick_reply::NewQuickReply;
pub use submit::{NewMessage, send};
