//! Whether the activity log is what was written: every seal is computed anew.

use std::collections::{BTreeSet, HashMap};

use portaria_entity::id::{ActivityId, WorkspaceId};
use portaria_entity::{activity, activity_detail};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use subtle::ConstantTimeEq;

use super::chain::{Head, message};
use super::{Details, chain};
use crate::error::Result;
use crate::installation::Installation;

/// Read at once: memory stays the same however long the chain is.
const PAGE: i64 = 1_000;
/// Seals that do not fit where they stand are tried at so many other places.
const TRIED: usize = 200;
/// What the erasure of somebody's details is recorded as.
pub const ERASED: &str = "activity.details_erased";

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The row, its seal or its place was changed.
    Altered { sequence: i64, activity: ActivityId },
    /// The row is gone; its seal is there.
    Removed { sequence: i64, activity: ActivityId },
    /// The seal is gone, and whatever it sealed with it.
    SealRemoved { sequence: i64 },
    /// It stands where another stood.
    Reordered { sequence: i64, was: i64, activity: ActivityId },
    /// The details are not those that were written.
    DetailsAltered { sequence: i64, activity: ActivityId },
    /// The details are gone, and no erasure says so.
    DetailsRemoved { activity: ActivityId },
    /// There are no seals after the first of these, but there were up to the second.
    TailCut { last: i64, expected: i64 },
    /// The chain is not the one whose head was written down.
    AnotherHead { expected: String },
    /// A row that neither is sealed nor waits for it.
    Unsealed { activity: ActivityId },
    /// A key that seals were made with is not there to check them.
    KeyMissing { key: String },
}

/// What came of a verification.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub sealed: u64,
    /// Written and not sealed yet.
    pub waiting: u64,
    /// Whose details were erased, as is recorded.
    pub erased: u64,
    pub head: Head,
    pub flaws: Vec<Flaw>,
}

struct Seal {
    sequence: i64,
    activity: ActivityId,
    mac: Vec<u8>,
    key: String,
}

/// A seal that does not fit, with what it would have to.
struct Misfit {
    seal: Seal,
    row: activity::Model,
}

/// Verifies a workspace's chain; against a head that was written down elsewhere (`SEQUENCE:DIGEST`), too.
pub async fn verify(
    installation: &Installation,
    workspace: WorkspaceId,
    expected: Option<&str>,
) -> Result<Verdict> {
    let mut walk = Walk {
        installation,
        workspace,
        last: Head::origin(),
        macs: HashMap::new(),
        misfits: Vec::new(),
        without_details: BTreeSet::new(),
        erased: BTreeSet::new(),
        verdict: Verdict { sealed: 0, waiting: 0, erased: 0, head: Head::origin(), flaws: Vec::new() },
        expected_met: expected.is_none(),
    };
    loop {
        let seals = walk.page().await?;
        if seals.is_empty() {
            break;
        }
        walk.check(seals, expected).await?;
    }
    walk.finish(expected).await
}

struct Walk<'a> {
    installation: &'a Installation,
    workspace: WorkspaceId,
    last: Head,
    /// Of misfits, the MAC that stood before each.
    macs: HashMap<i64, Vec<u8>>,
    misfits: Vec<Misfit>,
    without_details: BTreeSet<ActivityId>,
    erased: BTreeSet<ActivityId>,
    verdict: Verdict,
    expected_met: bool,
}

impl Walk<'_> {
    async fn page(&self) -> Result<Vec<Seal>> {
        let database = &self.installation.database;
        let sql = "SELECT sequence, activity_id, mac, sealing_key FROM activity_seals \
                   WHERE workspace_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";
        let values = [self.workspace.0.into(), self.last.sequence.into(), PAGE.into()];
        let mut seals = Vec::new();
        for row in database.reader().query_all_raw(database.statement(sql, values)).await? {
            seals.push(Seal {
                sequence: row.try_get_by_index(0)?,
                activity: row.try_get_by_index(1)?,
                mac: row.try_get_by_index(2)?,
                key: row.try_get_by_index(3)?,
            });
        }
        Ok(seals)
    }

    async fn check(&mut self, seals: Vec<Seal>, expected: Option<&str>) -> Result<()> {
        let reader = self.installation.database.reader();
        let ids: Vec<ActivityId> = seals.iter().map(|seal| seal.activity).collect();
        let rows: HashMap<ActivityId, activity::Model> = activity::Entity::find()
            .filter(activity::Column::WorkspaceId.eq(self.workspace))
            .filter(activity::Column::Id.is_in(ids.iter().copied()))
            .all(reader)
            .await?
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
        let details: HashMap<ActivityId, activity_detail::Model> = activity_detail::Entity::find()
            .filter(activity_detail::Column::WorkspaceId.eq(self.workspace))
            .filter(activity_detail::Column::ActivityId.is_in(ids))
            .all(reader)
            .await?
            .into_iter()
            .map(|row| (row.activity_id, row))
            .collect();
        for seal in seals {
            self.check_one(&seal, rows.get(&seal.activity), details.get(&seal.activity))?;
            self.last = Head { sequence: seal.sequence, mac: seal.mac };
            self.expected_met |= expected == Some(self.last.digest().as_str());
        }
        Ok(())
    }

    fn check_one(
        &mut self,
        seal: &Seal,
        row: Option<&activity::Model>,
        details: Option<&activity_detail::Model>,
    ) -> Result<()> {
        for sequence in self.last.sequence + 1..seal.sequence {
            self.verdict.flaws.push(Flaw::SealRemoved { sequence });
        }
        self.verdict.sealed += 1;
        let (sequence, activity) = (seal.sequence, seal.activity);
        let Some(row) = row else {
            self.verdict.flaws.push(Flaw::Removed { sequence, activity });
            return Ok(());
        };
        if !self.installation.keys.has(&seal.key) {
            let flaw = Flaw::KeyMissing { key: seal.key.clone() };
            if !self.verdict.flaws.contains(&flaw) {
                self.verdict.flaws.push(flaw);
            }
            return Ok(());
        }
        // After a seal that is gone the next one cannot be checked against it: the gap says enough.
        let follows = self.last.sequence + 1 == sequence;
        if follows && !self.fits(seal, row, sequence, &self.last.mac)? {
            self.macs.insert(sequence, self.last.mac.clone());
            self.misfits.push(Misfit {
                seal: Seal { mac: seal.mac.clone(), key: seal.key.clone(), ..*seal },
                row: row.clone(),
            });
        }
        self.check_details(sequence, row, details);
        Ok(())
    }

    fn check_details(
        &mut self,
        sequence: i64,
        row: &activity::Model,
        details: Option<&activity_detail::Model>,
    ) {
        match (&row.details_hash, details) {
            (Some(hash), Some(found)) => {
                let told = Details {
                    before: found.before.clone(),
                    after: found.after.clone(),
                    address: found.address.clone(),
                };
                if told.hash(&found.salt).as_slice() != hash.as_slice() {
                    self.verdict.flaws.push(Flaw::DetailsAltered { sequence, activity: row.id });
                } else if row.action == ERASED {
                    self.erased.extend(told.after.as_deref().and_then(erased_ids).into_iter().flatten());
                }
            }
            (Some(_), None) => {
                self.without_details.insert(row.id);
            }
            (None, Some(_)) => self.verdict.flaws.push(Flaw::DetailsAltered { sequence, activity: row.id }),
            (None, None) => {}
        }
    }

    fn fits(&self, seal: &Seal, row: &activity::Model, sequence: i64, previous: &[u8]) -> Result<bool> {
        let mac = self.installation.keys.mac(&seal.key, &message(row, sequence, previous))?;
        Ok(bool::from(mac.as_slice().ct_eq(&seal.mac)))
    }

    async fn finish(mut self, expected: Option<&str>) -> Result<Verdict> {
        let misfits = std::mem::take(&mut self.misfits);
        for misfit in &misfits {
            let flaw = self.tell(misfit)?;
            self.verdict.flaws.push(flaw);
        }
        let stored = chain::head(self.installation, self.workspace).await?;
        if stored.sequence > self.last.sequence {
            self.verdict.flaws.push(Flaw::TailCut { last: self.last.sequence, expected: stored.sequence });
        }
        if !self.expected_met {
            let expected = expected.unwrap_or_default();
            let sequence = expected.split(':').next().and_then(|text| text.parse::<i64>().ok());
            self.verdict.flaws.push(match sequence {
                Some(sequence) if sequence > self.last.sequence => {
                    Flaw::TailCut { last: self.last.sequence, expected: sequence }
                }
                _ => Flaw::AnotherHead { expected: expected.to_owned() },
            });
        }
        for activity in self.without_details.difference(&self.erased) {
            self.verdict.flaws.push(Flaw::DetailsRemoved { activity: *activity });
        }
        self.verdict.erased = self.without_details.intersection(&self.erased).count() as u64;
        self.find_unsealed().await?;
        self.verdict.head = self.last;
        Ok(self.verdict)
    }

    /// A misfit that fits at another misfit's place has changed places with it.
    fn tell(&self, misfit: &Misfit) -> Result<Flaw> {
        let (sequence, activity) = (misfit.seal.sequence, misfit.seal.activity);
        for (was, previous) in self.macs.iter().take(TRIED) {
            for previous in self.macs.values().take(TRIED).chain([previous]) {
                if *was != sequence && self.fits(&misfit.seal, &misfit.row, *was, previous)? {
                    return Ok(Flaw::Reordered { sequence, was: *was, activity });
                }
            }
        }
        Ok(Flaw::Altered { sequence, activity })
    }

    async fn find_unsealed(&mut self) -> Result<()> {
        let database = &self.installation.database;
        let sql = "SELECT a.id, q.activity_id FROM activities a \
                   LEFT JOIN activity_seals s ON s.workspace_id = a.workspace_id AND s.activity_id = a.id \
                   LEFT JOIN activity_queue q ON q.workspace_id = a.workspace_id AND q.activity_id = a.id \
                   WHERE a.workspace_id = $1 AND s.activity_id IS NULL ORDER BY a.id";
        for row in database.reader().query_all_raw(database.statement(sql, [self.workspace.0.into()])).await?
        {
            match row.try_get_by_index::<Option<ActivityId>>(1)? {
                Some(_) => self.verdict.waiting += 1,
                None => self.verdict.flaws.push(Flaw::Unsealed { activity: row.try_get_by_index(0)? }),
            }
        }
        Ok(())
    }
}

/// The activities that an erasure names.
fn erased_ids(after: &str) -> Option<Vec<ActivityId>> {
    let told: serde_json::Value = serde_json::from_str(after).ok()?;
    told["activities"].as_array().map(|ids| ids.iter().filter_map(|id| id.as_str()?.parse().ok()).collect())
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Altered { sequence, activity } => write!(f, "altered: {activity}, number {sequence}"),
            Self::Removed { sequence, activity } => write!(f, "removed: {activity}, number {sequence}"),
            Self::SealRemoved { sequence } => write!(f, "removed with its seal: number {sequence}"),
            Self::Reordered { sequence, was, activity } => {
                write!(f, "reordered: {activity} stands as number {sequence} and was number {was}")
            }
            Self::DetailsAltered { sequence, activity } => {
                write!(f, "details altered: {activity}, number {sequence}")
            }
            Self::DetailsRemoved { activity } => {
                write!(f, "details removed, and no erasure is recorded: {activity}")
            }
            Self::TailCut { last, expected } => {
                write!(f, "tail cut: it ends with number {last}, and there was a number {expected}")
            }
            Self::AnotherHead { expected } => {
                write!(f, "rewritten: there is no seal {expected} in it")
            }
            Self::Unsealed { activity } => write!(f, "never sealed: {activity} (added or unqueued by hand)"),
            Self::KeyMissing { key } => {
                write!(f, "the sealing key {key} is missing: its seals cannot be checked")
            }
        }
    }
}
