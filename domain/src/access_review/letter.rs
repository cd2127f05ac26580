//! Letters of access reviews, in the reader's language and by the workspace's clock: to reviewers at the start and as
//! reminders, to administrators when silence takes away, when nobody can be asked, and at the end.

mod words;

use std::collections::HashMap;

use portaria_entity::access_review::{Model as Review, ReviewPolicy};
use portaria_entity::id::MemberId;
use portaria_entity::member::MemberStatus;
use portaria_entity::time::Timestamp;
use portaria_entity::{user, workspace};
use sea_orm::ConnectionTrait;

use super::beginning::Shares;
use super::{Progress, progress, reviewers_of};
use crate::error::Result;
use crate::granting::Change;
use crate::harmless;
use crate::installation::Installation;
use crate::language::{Language, Wall};
use crate::mail::{Addressee, Letter, queue};
use crate::member::{self, MemberRow, administrators};

/// What every letter of a review needs.
struct Desk<'a> {
    review: &'a Review,
    company: workspace::Model,
    now: Timestamp,
}

/// The same for one reader.
struct Words<'a> {
    desk: &'a Desk<'a>,
    language: Language,
    wall: Wall,
    reader: String,
}

impl<'a> Desk<'a> {
    async fn of(connection: &impl ConnectionTrait, review: &'a Review, now: Timestamp) -> Result<Self> {
        Ok(Self { review, company: crate::workspace::find(connection, review.workspace_id).await?, now })
    }

    fn words(&'a self, reader: &user::Model) -> Words<'a> {
        let own = reader.locale.trim();
        let language = Language::from_tag(if own.is_empty() { &self.company.locale } else { own });
        let zone = jiff::tz::TimeZone::get(&self.company.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let wall = Wall::new(&zone, instant(self.now));
        Words { desk: self, language, wall, reader: harmless::name(&reader.name) }
    }

    async fn post(
        &self,
        transaction: &impl ConnectionTrait,
        installation: &Installation,
        (reader, occasion): (&user::Model, &str),
        letter: Letter,
    ) -> Result<()> {
        let to = Addressee {
            workspace_id: self.review.workspace_id,
            name: &reader.name,
            address: &reader.email,
            dedup_key: format!("access-review:{}:{occasion}:{}", self.review.id, reader.id),
        };
        queue(transaction, &installation.clock, to, &letter).await
    }
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(at.0).unwrap_or_default()
}

/// Tells each reviewer how much waits for them, and administrators what nobody can be asked about, and that silence will take
/// away.
pub(super) async fn started(change: &Change<'_>, review: &Review, shares: &Shares) -> Result<()> {
    let (transaction, installation) = (&change.transaction, change.installation);
    let desk = Desk::of(transaction, review, change.now).await?;
    let ids: Vec<MemberId> = shares.reviewers.keys().copied().collect();
    let mut asked = Vec::new();
    for (id, reader) in members(transaction, review, &ids).await? {
        asked.push(reader.user.id);
        let number = shares.reviewers.get(&id).copied().unwrap_or_default();
        let letter = desk.words(&reader.user).asked(i64::try_from(number).unwrap_or(i64::MAX));
        desk.post(transaction, installation, (&reader.user, "started"), letter).await?;
    }
    let database = &installation.database;
    if review.policy == ReviewPolicy::Revoke {
        for reader in administrators(transaction, database, review.workspace_id, change.now).await? {
            if !asked.contains(&reader.id) {
                let letter = desk.words(&reader).announced(i64::try_from(shares.total()).unwrap_or(i64::MAX));
                desk.post(transaction, installation, (&reader, "announced"), letter).await?;
            }
        }
    }
    if shares.nobody > 0 {
        for reader in administrators(transaction, database, review.workspace_id, change.now).await? {
            let letter = desk.words(&reader).nobody(i64::try_from(shares.nobody).unwrap_or(i64::MAX));
            desk.post(transaction, installation, (&reader, "nobody"), letter).await?;
        }
    }
    Ok(())
}

/// Tells each reviewer how much more waits for them, and administrators what is for nobody any more. Answers how many reviewers
/// are told.
pub(super) async fn handed_over(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    (review, shares): (&Review, &Shares),
) -> Result<u64> {
    let now = installation.clock.now();
    let desk = Desk::of(transaction, review, now).await?;
    let ids: Vec<MemberId> = shares.reviewers.keys().copied().collect();
    let mut letters = 0;
    for (id, reader) in members(transaction, review, &ids).await? {
        let number = shares.reviewers.get(&id).copied().unwrap_or_default();
        let letter = desk.words(&reader.user).taken_over(i64::try_from(number).unwrap_or(i64::MAX));
        let occasion = format!("handed-over-{}", now.0);
        desk.post(transaction, installation, (&reader.user, &occasion), letter).await?;
        letters += 1;
    }
    if shares.nobody > 0 {
        let occasion = format!("nobody-{}", now.0);
        for reader in administrators(transaction, &installation.database, review.workspace_id, now).await? {
            let letter = desk.words(&reader).nobody(i64::try_from(shares.nobody).unwrap_or(i64::MAX));
            desk.post(transaction, installation, (&reader, &occasion), letter).await?;
        }
    }
    Ok(letters)
}

/// Reminds who has something left to decide; answers how many these are.
pub(super) async fn reminder(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    (review, due): (&Review, Timestamp),
) -> Result<u64> {
    let desk = Desk::of(transaction, review, installation.clock.now()).await?;
    let ids = reviewers_of(transaction, &installation.database, review).await?;
    let mut letters = 0;
    for (id, reader) in members(transaction, review, &ids).await? {
        let left = progress(transaction, &installation.database, review, Some(id)).await?.undecided;
        if left > 0 && reader.member.status == MemberStatus::Active {
            let occasion = format!("reminder-{}", due.0);
            let letter = desk.words(&reader.user).reminded(left);
            desk.post(transaction, installation, (&reader.user, &occasion), letter).await?;
            letters += 1;
        }
    }
    Ok(letters)
}

/// Tells administrators that of so much nobody can be asked any more; once, however often this is called.
pub(super) async fn abandoned(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    (review, left): (&Review, i64),
) -> Result<()> {
    let now = installation.clock.now();
    let desk = Desk::of(transaction, review, now).await?;
    for reader in administrators(transaction, &installation.database, review.workspace_id, now).await? {
        let letter = desk.words(&reader).abandoned(left);
        desk.post(transaction, installation, (&reader, "abandoned"), letter).await?;
    }
    Ok(())
}

/// Tells administrators what came of a review; its reviewers, too, where it was called off.
pub(super) async fn closed(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    (review, counted): (&Review, &Progress),
) -> Result<()> {
    let now = installation.clock.now();
    let desk = Desk::of(transaction, review, now).await?;
    let mut readers = administrators(transaction, &installation.database, review.workspace_id, now).await?;
    let by = match (&review.cancellation_reason, review.closed_by) {
        (Some(_), Some(by)) => members(transaction, review, &[by]).await?.pop().map(|(_, row)| row.user.name),
        (Some(_) | None, _) => None,
    };
    if review.cancellation_reason.is_some() {
        let reviewers = reviewers_of(transaction, &installation.database, review).await?;
        let active = members(transaction, review, &reviewers).await?.into_iter().map(|(_, row)| row);
        let active = active.filter(|row| row.member.status == MemberStatus::Active).map(|row| row.user);
        let known: Vec<_> = readers.iter().map(|reader| reader.id).collect();
        readers.extend(active.filter(|user| !known.contains(&user.id)));
    }
    for reader in readers {
        let words = desk.words(&reader);
        let letter = match &by {
            Some(by) => words.cancelled(&harmless::name(by), counted),
            None => words.outcome(counted),
        };
        desk.post(transaction, installation, (&reader, "closed"), letter).await?;
    }
    Ok(())
}

/// In one order, whatever map they come from.
async fn members(
    connection: &impl ConnectionTrait,
    review: &Review,
    ids: &[MemberId],
) -> Result<Vec<(MemberId, MemberRow)>> {
    let rows: HashMap<MemberId, MemberRow> = member::by_ids(connection, review.workspace_id, ids).await?;
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_unstable_by_key(|(id, _)| *id);
    Ok(rows)
}
