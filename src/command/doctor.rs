//! `portaria doctor`: says what in the configuration and the database is wrong or weak. It repairs nothing.

mod countries;
mod database;
mod media;
mod settings;

use std::process::ExitCode;

use anyhow::Result;

use crate::config::Config;

/// What was looked at, and how it is.
enum Remark {
    Good(String),
    /// It works, but somebody should know.
    Weak(String),
    /// It does not work.
    Wrong(String),
}

pub async fn run(config: &Config) -> Result<ExitCode> {
    let mut remarks = settings::look_at(config);
    remarks.extend(countries::look_at(config));
    remarks.extend(media::look_at(config).await);
    remarks.extend(database::look_at(config).await);
    let mut wrong = false;
    for remark in remarks {
        match remark {
            Remark::Good(text) => println!("good   {text}"),
            Remark::Weak(text) => println!("weak   {text}"),
            Remark::Wrong(text) => {
                wrong = true;
                println!("WRONG  {text}");
            }
        }
    }
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
