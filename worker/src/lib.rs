//! Takes in what WhatsApp delivers, sends what agents write, and runs what is due: the part that needs no person.

pub mod alerting;
pub mod cloud_api;
pub mod mail;
pub mod media;
pub mod report;
pub mod schedule;
pub mod sending;
pub mod template;
pub mod webhook;
pub mod whatsapp;
mod worker;

pub use worker::{Worker, WorkerOptions};
