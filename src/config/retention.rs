//! How long things are kept.

use portaria_domain::retention::Retention;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    delivery_days: u32,
    event_days: u32,
    sign_in_days: u32,
    mail_days: u32,
    unknown_content_days: u32,
}

/// The audit's rules look back so far.
const LEAST_SIGN_IN_DAYS: u32 = 120;

impl RetentionConfig {
    pub fn retention(&self) -> Retention {
        Retention {
            deliveries: self.delivery_days,
            events: self.event_days,
            sign_ins: self.sign_in_days,
            mails: self.mail_days,
            unknown_contents: self.unknown_content_days,
        }
    }

    pub(super) fn problems(&self) -> Vec<String> {
        let least = [
            ("delivery_days", self.delivery_days, 1),
            ("event_days", self.event_days, 1),
            ("sign_in_days", self.sign_in_days, LEAST_SIGN_IN_DAYS),
            ("mail_days", self.mail_days, 1),
            ("unknown_content_days", self.unknown_content_days, 1),
        ];
        let short = least.into_iter().filter(|(_, days, least)| days < least);
        short.map(|(key, _, least)| format!("retention.{key} must be at least {least}")).collect()
    }
}
