//! Sending: what may go out, and what becomes of it. The worker does the talking.

pub mod address;
mod cancel;
pub mod card;
pub mod content;
pub mod facts;
pub mod failure;
pub mod free_entry;
pub mod gate;
pub mod interactive;
pub mod number;
pub mod options;
pub mod overdue;
pub mod pace;
pub mod queue;
pub mod receipt;
pub mod recheck;
pub mod settle;
mod submit;
pub mod words;

pub use cancel::cancel;
pub use content::{NewContent, NewLocation, NewReaction, NewText};
pub use submit::{NewMessage, send};
