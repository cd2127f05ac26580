//! Sending: what may go out, and what becomes of it. The worker does the talking.

pub mod failure;
