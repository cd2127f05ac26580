//! Wrong codes of an authenticator app. Whoever knows a password and guesses codes is held up, and does not hold up the
//! owner where they are known by more than the password.
//!
//! A code is looked at while its owner is locked, one after the other; so a guess is counted once it was wrong.

use portaria_entity::id::UserId;
use portaria_entity::time::Timestamp;
use sea_orm::DatabaseTransaction;

use super::known::{Asked, By, Known, known};
use super::{Bucket, Level, Rule, bucket, levels, longest_wait, network, put_in, seconds};
use crate::authentication::Origin;
use crate::error::Result;
use crate::installation::Installation;

/// Of a million codes three are right at any time: who guesses for a year from everywhere has a chance of one in ten.
const CODES: Rule = Rule { free: 5, forgives: seconds(900), pause: seconds(900), longest: seconds(900) };

/// A code that may be looked at.
pub(crate) struct Guess {
    bucket: Bucket,
    level: Level,
    now: Timestamp,
    /// Whether it comes from where the owner is known.
    at_home: bool,
}

impl Guess {
    /// Whether a code of a person may be looked at; none when it has to wait. The caller has locked the person.
    pub(crate) async fn admit(
        transaction: &DatabaseTransaction,
        installation: &Installation,
        user: UserId,
        origin: &Origin,
    ) -> Result<Option<Self>> {
        let now = installation.clock.now();
        let asked = Asked { user: Some(user), origin, by: By::SecondFactor };
        let known = known(transaction, installation, asked, now).await?;
        let (id, network) = (user.to_string(), network(&origin.address));
        let (of, at_home) = match &known {
            Known::Device(device) => (vec![id.as_str(), "", device], true),
            Known::Program => (vec![id.as_str(), &network, &origin.user_agent], true),
            Known::Network => (vec![id.as_str(), &network], true),
            Known::Nothing => (vec![id.as_str()], false),
        };
        let bucket = bucket("codes", &of, CODES);
        let found = levels(transaction, installation, std::slice::from_ref(&bucket), "").await?;
        if longest_wait(found.iter().map(|(_, level)| level), now).is_some() {
            return Ok(None);
        }
        let level = found.into_iter().next().map_or_else(Level::default, |(_, level)| level);
        Ok(Some(Self { bucket, level, now, at_home }))
    }

    /// It was wrong.
    pub(crate) async fn count(
        self,
        transaction: &DatabaseTransaction,
        installation: &Installation,
    ) -> Result<()> {
        super::begin(transaction, installation, &self.bucket, self.now).await?;
        put_in(transaction, installation, (self.bucket, self.level), self.now).await.map(drop)
    }

    /// It was right: what was guessed where the owner is known was theirs.
    pub(crate) async fn forgive(
        self,
        transaction: &DatabaseTransaction,
        installation: &Installation,
    ) -> Result<()> {
        let emptied = self.at_home.then_some(self.bucket);
        super::settle(transaction, installation, Vec::new(), emptied).await
    }
}
