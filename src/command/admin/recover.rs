//! `portaria admin recover`: for the day on which somebody who is needed cannot sign in.

use anyhow::{Result, bail};
use clap::Args;
use portaria_domain::recovery;

use super::desk::Desk;
use super::member::print_link;

#[derive(Debug, Args)]
pub struct Recover {
    /// Whose account it is.
    #[arg(long)]
    email: String,
    /// Take their second factor away too: they have lost it.
    #[arg(long)]
    second_factor: bool,
}

pub async fn run(desk: &Desk, wanted: Recover) -> Result<()> {
    if recovery::find_user(desk.installation.database.reader(), &wanted.email).await?.is_none() {
        bail!(
            "nobody has that address. A new administrator is made by \
             `portaria admin member add --role administrator --name NAME --email {}`",
            wanted.email
        );
    }
    if wanted.second_factor {
        recovery::remove_second_factor(&desk.installation, &wanted.email).await?;
        println!(
            "The second factor is removed. Until a new one is set up, nothing that is sensitive can be used."
        );
    }
    print_link(desk, &wanted.email).await
}
