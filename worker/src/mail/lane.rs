//! Which mails wait for each other. What cannot wait has a lane of its own, and so have letters for which somebody sits
//! waiting: a slow server and a thousand others do not delay them.

use portaria_entity::{mail_secret, outgoing_mail};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, Condition};

/// What the keys of alerts begin with; the notice and the reader's account follow.
pub const ALERTS: &str = "alerts:";

/// Mails that wait for each other and for no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    Alerts,
    /// Letters with a link that somebody has asked for.
    Links,
    Others,
}

impl Lane {
    /// The most urgent first.
    pub const ALL: [Self; 3] = [Self::Alerts, Self::Links, Self::Others];

    pub fn condition(self) -> Condition {
        let key = outgoing_mail::Column::DedupKey;
        let secrets = Query::select().column(mail_secret::Column::Id).from(mail_secret::Entity).take();
        match self {
            Self::Alerts => Condition::all().add(key.starts_with(ALERTS)),
            Self::Links => Condition::all().add(outgoing_mail::Column::Id.in_subquery(secrets)),
            Self::Others => Condition::all()
                .add(key.not_like(format!("{ALERTS}%")))
                .add(outgoing_mail::Column::Id.not_in_subquery(secrets)),
        }
    }
}
