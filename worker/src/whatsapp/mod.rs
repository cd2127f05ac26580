//! Meta's side of the wire: who signed what we received, and what it says.

pub mod payload;
pub mod signature;
