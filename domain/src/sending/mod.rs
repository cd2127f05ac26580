//! Sending: what may go out, and what becomes of it. The worker does the talking.

pub mod address;
pub mod failure;
pub mod free_entry;
pub mod number;
pub mod overdue;
pub mod pace;
pub mod queue;
pub mod receipt;
pub mod settle;
