//! What speaks against the owner of a session that is used elsewhere, after all that is known of the place.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use portaria_entity::id::UserId;
use portaria_entity::time::Timestamp;

use super::super::colleague::{
    ACQUAINTED, AGAIN, LATELY, OF_COLLEAGUES, are_colleagues, enough, has_browsers, regulars,
};
use super::super::fact::SignIn;
use super::super::impossible_travel::is_too_far;
use super::super::place::Past;
use super::super::{DAY, Look};
use super::used::Used;
use crate::device::Device;
use crate::error::Result;

/// Who came from a network so before a day, more than a week before it, and again days after that, and lately. SQLite keeps from
/// looking through the network once more for each.
const WERE_THERE: &str = "
SELECT p.user_id FROM session_uses p
WHERE p.workspace_id = $1 AND p.network = $2 AND p.first_at >= $3 AND p.first_at < $5 AND {so} AND p.user_id NOT IN ({but})
  AND EXISTS (
      SELECT 1 FROM session_uses c
      WHERE c.workspace_id = $1 AND c.user_id = p.user_id AND c.first_at >= p.first_at AND c.first_at < $6
        AND c.last_at >= p.first_at + $7 AND c.last_at >= $8 AND c.network || '' = $2 AND {so})
ORDER BY p.first_at LIMIT 1";
const WITH_DEVICE: &str = "other_device AND device = $4";
const AT_ADDRESS: &str = "other_country <> '' AND address = $4";

/// Other sessions of the same person that were used so and not ended within a day: before a week, and since then.
const OWN: &str = "
SELECT COUNT(CASE WHEN u.first_at < $5 THEN 1 END), COUNT(CASE WHEN u.last_at >= $5 THEN 1 END)
FROM session_uses u JOIN sessions s ON s.workspace_id = $1 AND s.id = u.session_id
WHERE u.workspace_id = $1 AND u.user_id = $2 AND u.session_id <> $3 AND u.first_at >= $4 AND u.first_at < $6
  AND (s.ended_at IS NULL OR s.ended_at >= u.first_at + $8) AND {so}";
const OWN_DEVICE: &str = "u.other_device AND u.device = $7";
const OWN_COUNTRY: &str = "u.other_country <> '' AND u.other_country = $7";

/// What speaks against its owner.
#[derive(Clone, Copy, Default)]
pub(super) struct Odd {
    pub device: bool,
    pub country: bool,
    /// So far from where it was opened that nobody was there in time.
    pub kilometres: Option<i64>,
}

/// What is known of places while uses are judged: before each day, not all, but as much as it takes.
pub(super) struct Judge<'a> {
    pub look: &'a Look<'a>,
    /// Whose sessions were used so, by network and device or address.
    were_there: HashMap<(String, String, Timestamp), Vec<UserId>>,
    /// Who signed in, by address.
    regulars: HashMap<(String, Timestamp), Vec<UserId>>,
    /// Whether people sign in there themselves, by address.
    browsers: HashMap<String, bool>,
}

impl<'a> Judge<'a> {
    pub fn new(look: &'a Look<'a>) -> Self {
        Self { look, were_there: HashMap::new(), regulars: HashMap::new(), browsers: HashMap::new() }
    }

    pub async fn odd(&mut self, used: &Used, past: Option<&Past>) -> Result<Option<Odd>> {
        if self.is_opened_by_server(used).await? {
            return Ok(None);
        }
        let device = used.is_other_device
            && !self.is_others((used, WITH_DEVICE), &used.device).await?
            && !self.is_own((used, OWN_DEVICE), &used.device).await?;
        let mut odd = Odd { device, ..Odd::default() };
        if let (Some(code), Some(past)) = (&used.country, past)
            && !self.is_others((used, AT_ADDRESS), &used.there.address).await?
            && !self.is_own((used, OWN_COUNTRY), code).await?
            && !self.is_of_company(used, &used.there).await?
        {
            odd.country = self.is_new_country(used, code, past);
            odd.kilometres = self.too_far(used, past);
        }
        Ok((odd.device || odd.country || odd.kilometres.is_some()).then_some(odd))
    }

    fn is_new_country(&self, used: &Used, code: &str, past: &Past) -> bool {
        match self.look.countries.of(&used.opened.address) {
            Some(_) => !past.knows_country(code, used.there.at),
            // As in a network of the company's own: only who has been in some country is in another.
            None => past.is_new_country(code, used.there.at),
        }
    }

    /// From where it was opened, as far as is known where that is; not through a network that was theirs for a week.
    fn too_far(&self, used: &Used, past: &Past) -> Option<i64> {
        let [from, to] = [&used.opened, &used.there].map(|one| self.look.countries.position_of(&one.address));
        let kilometres = from?.kilometres_to(&to?);
        let is_own = past.knows_network_of(&used.there.address, used.opened.at - ACQUAINTED);
        (!is_own && is_too_far(self.look, kilometres, used.there.at.since(used.opened.at)))
            .then_some(kilometres)
    }

    /// Whether a front end opened it by itself for whoever uses it: that says nothing about their device. Where people sign in
    /// themselves, too, it is no server but an office, and what names no system an app.
    async fn is_opened_by_server(&mut self, used: &Used) -> Result<bool> {
        let opened = &used.opened;
        if Device::from_user_agent(&opened.user_agent).system.is_some()
            || !self.is_of_company(used, opened).await?
        {
            return Ok(false);
        }
        let has_browsers = match self.browsers.entry(opened.address.clone()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => *unknown.insert(has_browsers(self.look, &opened.address).await?),
        };
        Ok(!has_browsers)
    }

    /// Whether colleagues sign in from there.
    async fn is_of_company(&mut self, used: &Used, place: &SignIn) -> Result<bool> {
        let day = day(place.at);
        let regulars = match self.regulars.entry((place.address.clone(), day)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(regulars(self.look, &place.address, day).await?),
        };
        Ok(are_colleagues(regulars, used.user))
    }

    /// Whether others' sessions are used so again and again since more than a week before, as by a server of the company's.
    async fn is_others(&mut self, (used, so): (&Used, &str), what: &str) -> Result<bool> {
        let day = day(used.there.at);
        let were_there = match self.were_there.entry((used.network.clone(), what.to_owned(), day)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let values = [
                    self.look.workspace.0.into(),
                    used.network.as_str().into(),
                    (day - OF_COLLEAGUES).0.into(),
                    what.into(),
                    (day - ACQUAINTED).0.into(),
                    day.0.into(),
                    micros(AGAIN).into(),
                    (day - LATELY).0.into(),
                ];
                unknown.insert(enough(self.look, &WERE_THERE.replace("{so}", so), &values).await?)
            }
        };
        Ok(are_colleagues(were_there, used.user))
    }

    /// Whether it has been this person's way for more than a week, and in the last one, too.
    async fn is_own(&self, (used, so): (&Used, &str), what: &str) -> Result<bool> {
        let at = used.there.at;
        let values = [
            self.look.workspace.0.into(),
            used.user.0.into(),
            used.session.0.into(),
            (at - OF_COLLEAGUES).0.into(),
            (at - ACQUAINTED).0.into(),
            at.0.into(),
            what.into(),
            micros(DAY).into(),
        ];
        let rows = self.look.rows(&OWN.replace("{so}", so), values).await?;
        let Some(row) = rows.first() else { return Ok(false) };
        let (before, since): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        Ok(before > 0 && since > 0)
    }
}

/// Its beginning: what is known of a place is the same all day.
fn day(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(micros(DAY)))
}

fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
