//! Sending: what may go out, and what becomes of it. The worker does the talking.

mod cancel;
pub mod card;
pub mod content;
pub mod facts;
pub mod failure;
pub mod gate;
pub mod interactive;
pub mod options;
pub mod recheck;
mod submit;
mod template;
pub mod words;

pub use cancel::cancel;
pub use content::{NewContent, NewLocation, NewReaction, NewText};
pub use submit::{NewMessage, send};
pub use template::NewTemplate;
