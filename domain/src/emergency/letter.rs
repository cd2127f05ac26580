//! The letter that tells an administrator of an emergency, in their language.

use portaria_entity::{grant, workspace};

use crate::mail::Letter;

/// What has happened.
pub(super) struct News<'a> {
    pub workspace: &'a workspace::Model,
    pub member: &'a str,
    pub role: &'a str,
    pub grant: &'a grant::Model,
}

pub(super) fn activated(news: &News<'_>, locale: &str) -> Letter {
    let News { workspace, member, role, grant } = news;
    let (company, reason) = (&workspace.name, &grant.reason);
    let until = until(news);
    let (subject, paragraphs) = match locale.split('-').next().unwrap_or_default() {
        "en" => (
            format!("Emergency access in {company}: {member}"),
            [
                format!("{member} has taken on the role {role} in {company} until {until}."),
                format!("Reason given: {reason}"),
                "You can revoke the grant at any time.".to_owned(),
            ],
        ),
        "es" => (
            format!("Acceso de emergencia en {company}: {member}"),
            [
                format!("{member} ha asumido el rol {role} en {company} hasta {until}."),
                format!("Motivo indicado: {reason}"),
                "Puedes revocar la concesión en cualquier momento.".to_owned(),
            ],
        ),
        _ => (
            format!("Acesso de emergência em {company}: {member}"),
            [
                format!("{member} assumiu o papel {role} em {company} até {until}."),
                format!("Motivo informado: {reason}"),
                "Você pode revogar a concessão a qualquer momento.".to_owned(),
            ],
        ),
    };
    Letter { subject, paragraphs: paragraphs.to_vec() }
}

/// When it ends, by the workspace's own clock.
fn until(news: &News<'_>) -> String {
    let at = news.grant.valid_until.and_then(|until| jiff::Timestamp::from_microsecond(until.0).ok());
    let local = at.and_then(|at| at.in_tz(&news.workspace.time_zone).ok());
    local.map(|at| at.strftime("%Y-%m-%d %H:%M %Z").to_string()).unwrap_or_default()
}
