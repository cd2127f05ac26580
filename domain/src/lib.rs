//! What the API and the worker both need: who may do what, to which rows, and what follows from it.
//! No HTTP, no GraphQL, no SMTP.

pub mod access;
pub mod access_file;
pub mod activity;
pub mod api_key;
pub mod audit;
pub mod authentication;
pub mod channel;
pub mod clock;
pub mod contact;
pub mod conversation;
pub mod database;
pub mod decision;
pub mod device;
pub mod emergency;
pub mod error;
pub mod event;
pub mod explanation;
pub mod grant;
pub mod granting;
pub mod installation;
pub mod invitation;
pub mod link;
mod mail;
pub mod member;
pub mod message;
pub mod meta_app;
pub mod permission;
pub mod recovery;
pub mod role;
pub mod role_preview;
pub mod routing;
pub mod sealing;
pub mod second_factor;
pub mod session;
pub mod session_policy;
pub mod team;
pub mod token;
pub mod viewer;
pub mod workspace;

pub use error::{Error, Result};
pub use installation::Installation;
