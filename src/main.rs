//! The one executable: reads the configuration, builds the parts, runs them.

mod background;
mod command;
mod config;
mod health;
mod keys;
mod opening;
mod parts;
mod request;
mod service;
mod stopping;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

/// An answer is many small allocations, which this allocator is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = command::Cli::parse();
    // Fails only when a provider is installed already, and this is the only place that installs one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli.run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("portaria: {error:#}");
            ExitCode::FAILURE
        }
    }
}
