//! Whether the activity log is what was written: every seal is computed anew.

mod key;
mod part;

use std::collections::{BTreeSet, HashMap};

use portaria_entity::id::{ActivityId, WorkspaceId};
use portaria_entity::{activity, activity_detail};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use subtle::ConstantTimeEq;

use super::chain::{Head, message};
pub use super::flaw::Flaw;
use super::{Details, chain};
use crate::error::Result;
use crate::installation::Installation;

pub use part::{extent, first_since, verify_part};

/// Read at once: memory stays the same however long the chain is.
const PAGE: i64 = 1_000;
/// So many seals that do not fit where they stand are tried at each other's places; of more, only that they do not fit is
/// told, so that who alters everything does not keep the verification busy for ever.
const TRIED: usize = 50;
/// What the erasure of somebody's details is recorded as.
pub const ERASED: &str = "activity.details_erased";

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
    let mut walk = Walk::new(installation, workspace, expected).await?;
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
    /// Where the chain ends, as is put down.
    written: Head,
    last: Head,
    /// Of misfits, the MAC that stood before each.
    macs: HashMap<i64, Vec<u8>>,
    misfits: Vec<Misfit>,
    /// The key of the last seal whose key is there.
    key: Option<String>,
    /// Seals since then whose key is not.
    keyless: Vec<(i64, ActivityId)>,
    without_details: BTreeSet<ActivityId>,
    erased: BTreeSet<ActivityId>,
    verdict: Verdict,
    expected_met: bool,
}

impl<'a> Walk<'a> {
    async fn new(
        installation: &'a Installation,
        workspace: WorkspaceId,
        expected: Option<&str>,
    ) -> Result<Self> {
        Ok(Self {
            installation,
            workspace,
            // Before the seals are read: those that come meanwhile are after it.
            written: chain::head(installation, workspace).await?,
            last: Head::origin(),
            macs: HashMap::new(),
            misfits: Vec::new(),
            key: None,
            keyless: Vec::new(),
            without_details: BTreeSet::new(),
            erased: BTreeSet::new(),
            verdict: Verdict { sealed: 0, waiting: 0, erased: 0, head: Head::origin(), flaws: Vec::new() },
            expected_met: expected.is_none(),
        })
    }
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
        let (sequence, activity) = (seal.sequence, seal.activity);
        let next = self.last.sequence.saturating_add(1);
        if next < sequence {
            self.verdict.flaws.push(Flaw::SealsRemoved { first: next, last: sequence - 1 });
        }
        if sequence == self.written.sequence && seal.mac != self.written.mac {
            self.verdict.flaws.push(Flaw::HeadAltered { sequence });
        }
        self.verdict.sealed += 1;
        let Some(row) = row else {
            self.verdict.flaws.push(Flaw::Removed { sequence, activity });
            return Ok(());
        };
        if !self.has_key(&seal.key)? {
            self.keyless.push((sequence, activity));
            return Ok(());
        }
        self.comes_to(&seal.key);
        let fits = self.fits(seal, row, sequence, &self.last.mac)?;
        if next < sequence {
            self.verdict.flaws.push(Flaw::Unchecked { sequence, activity });
        } else if !fits {
            self.misplaced(seal, row);
        }
        let told = self.check_details(sequence, row, details);
        // Who can alter a row must not thereby explain what else is gone.
        if fits && row.action == ERASED {
            self.erased
                .extend(told.and_then(|told| erased_ids(told.after.as_deref()?)).into_iter().flatten());
        }
        Ok(())
    }

    /// Takes note of a seal that does not fit; beyond some, only of that.
    fn misplaced(&mut self, seal: &Seal, row: &activity::Model) {
        let (sequence, activity) = (seal.sequence, seal.activity);
        if self.misfits.len() >= TRIED {
            self.verdict.flaws.push(Flaw::Altered { sequence, activity });
            return;
        }
        self.macs.insert(sequence, self.last.mac.clone());
        let seal = Seal { mac: seal.mac.clone(), key: seal.key.clone(), ..*seal };
        self.misfits.push(Misfit { seal, row: row.clone() });
    }

    /// Answers the details, if they are those that were written.
    fn check_details(
        &mut self,
        sequence: i64,
        row: &activity::Model,
        details: Option<&activity_detail::Model>,
    ) -> Option<Details> {
        match (&row.details_hash, details) {
            (Some(hash), Some(found)) => {
                let told = Details {
                    before: found.before.clone(),
                    after: found.after.clone(),
                    address: found.address.clone(),
                };
                if told.hash(&found.salt).as_slice() == hash.as_slice() {
                    return Some(told);
                }
                self.verdict.flaws.push(Flaw::DetailsAltered { sequence, activity: row.id });
            }
            (Some(_), None) => {
                self.without_details.insert(row.id);
            }
            (None, Some(_)) => self.verdict.flaws.push(Flaw::DetailsAltered { sequence, activity: row.id }),
            (None, None) => {}
        }
        None
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
        if self.written.sequence > self.last.sequence {
            let (last, expected) = (self.last.sequence, self.written.sequence);
            self.verdict.flaws.push(Flaw::TailCut { last, expected });
        }
        // What was sealed meanwhile was put down with it: an end that is still behind was set back.
        let sequence = chain::head(self.installation, self.workspace).await?.sequence;
        if sequence < self.last.sequence {
            self.verdict.flaws.push(Flaw::HeadAltered { sequence });
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
        for was in self.macs.keys() {
            for previous in self.macs.values() {
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
