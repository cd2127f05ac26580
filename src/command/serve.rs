//! `portaria serve`: everything in one process.

use anyhow::Result;
use portaria_domain::token::Token;
use portaria_domain::{Installation, link, workspace};

use crate::config::Config;
use crate::opening::{Schema, open_with_countries};
use crate::service::{Launch, Parts, Service, bind};
use crate::telemetry;

pub async fn run(config: Config) -> Result<()> {
    telemetry::start_logs(&config.log)?;
    let listener = bind(config.server.listen).await?;
    let installation = open_with_countries(&config, Schema::BringUp).await?;
    invite_first_administrator(&installation, &config).await?;
    let parts = Parts { api: true, worker: config.webhook.enabled, auditor: config.audit.enabled };
    let service = Service::start(Launch { config, parts, installation, listener })?;
    service.run().await
}

/// On an installation without anybody in it, prints once how the first administrator is made.
async fn invite_first_administrator(installation: &Installation, config: &Config) -> Result<()> {
    let Some(token) = workspace::issue_setup_token(installation).await? else { return Ok(()) };
    println!("{}", invitation(&config.server.public_url(), &token));
    Ok(())
}

pub fn invitation(url: &str, token: &Token) -> String {
    let (link, token) = (link::to_set_up(url, token), token.reveal());
    format!(
        r#"
Nobody can sign in yet. Create the first administrator within 24 hours by opening this one-time link:

    {link}

or by this request (put in your own name, address and password), or the same mutation in {url}/graphiql:

curl -s {url}/graphql -H 'content-type: application/json' -d '{{
  "query": "mutation($input: CreateFirstAdministratorInput!) {{ createFirstAdministrator(input: $input) {{ session {{ token }} userErrors {{ message }} }} }}",
  "variables": {{"input": {{"setupToken": "{token}", "name": "Your Name", "email": "you@example.com",
    "password": "a long password of yours", "workspaceName": "Your Company", "timeZone": "America/Sao_Paulo", "locale": "pt-BR"}}}}
}}'
"#
    )
}
