//! `portaria admin setup-token`: the way in to an empty installation whose first token was lost.

use anyhow::{Result, bail};
use portaria_domain::workspace;

use super::desk::Desk;
use crate::command::serve::invitation;
use crate::config::Config;

pub async fn run(desk: &Desk, config: &Config) -> Result<()> {
    match workspace::issue_setup_token(&desk.installation).await? {
        Some(token) => println!("{}", invitation(&config.server.public_url(), &token)),
        None => bail!(
            "somebody can sign in already. Add an administrator by `portaria admin member add --role administrator`, \
             or let one set a new password by `portaria admin recover`"
        ),
    }
    Ok(())
}
