//! Doing something about a finding from the finding: by the very functions that do it by hand, under the same permissions,
//! with the same activities. That it was done because of the finding is put down beside them.

use std::time::Duration;

use portaria_entity::finding::{self, FindingStatus};
use portaria_entity::id::{ApiKeyId, FindingId, GrantId, MemberId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveEnum, EntityTrait};
use serde_json::json;

use super::deciding::{Step, acknowledged, may_decide, short};
use super::page::find;
use super::{OpenFinding, letter};
use crate::audit::fact::FactValue;
use crate::audit::rule::{self, Suggestion};
use crate::error::{Refusal, Result};
use crate::grant::Amendment;
use crate::granting::{Change, Holding, Ledger, MemberAct, Prospect, Title};
use crate::installation::Installation;
use crate::permission::Permission;
use crate::viewer::Viewer;
use crate::{grant, member, session};

/// Nobody is asked about the same thing more often.
const BETWEEN_QUESTIONS: Duration = Duration::from_secs(24 * 60 * 60);

/// Everything that may be done about a finding, in the order in which it is offered.
const ACTIONS: [Suggestion; 6] = [
    Suggestion::SuspendMember,
    Suggestion::EndSessions,
    Suggestion::RevokeGrants,
    Suggestion::ShortenGrants,
    Suggestion::RevokeApiKey,
    Suggestion::AskMember,
];

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Taking<'a> {
    pub action: Suggestion,
    pub reason: Option<&'a str>,
    /// Until when grants shall last that are shortened.
    pub until: Option<Timestamp>,
}

/// What it takes by hand.
pub fn permission(action: Suggestion) -> Permission {
    match action {
        Suggestion::SuspendMember => MemberAct::Suspend.permission(),
        Suggestion::EndSessions => MemberAct::EndSessions.permission(),
        Suggestion::RevokeGrants | Suggestion::ShortenGrants => Permission::RoleAssign,
        Suggestion::RevokeApiKey => Permission::ApiKeyManage,
        Suggestion::AskMember | Suggestion::LookAtSettings => Permission::FindingResolve,
    }
}

impl OpenFinding {
    /// What its rule suggests, if that can be done from it.
    pub fn suggested(&self) -> Option<Suggestion> {
        let suggestion = rule::of(self.row.rule).suggestion;
        self.offers(suggestion).then_some(suggestion)
    }

    /// Whether there is something to do that on. Of what is over nothing is left to do.
    pub fn offers(&self, action: Suggestion) -> bool {
        self.row.status != FindingStatus::Resolved
            && match action {
                Suggestion::SuspendMember | Suggestion::EndSessions | Suggestion::AskMember => {
                    self.row.member_id.is_some()
                }
                Suggestion::RevokeGrants | Suggestion::ShortenGrants => !self.grants().is_empty(),
                Suggestion::RevokeApiKey => self.row.api_key_id.is_some(),
                Suggestion::LookAtSettings => false,
            }
    }

    /// All that can be done from it.
    pub fn actions(&self) -> Vec<Suggestion> {
        ACTIONS.into_iter().filter(|action| self.offers(*action)).collect()
    }

    /// The grants that it is about.
    pub fn grants(&self) -> Vec<GrantId> {
        let of_value = |value: &FactValue| match value {
            FactValue::Grants(grants) => grants.clone(),
            _ => Vec::new(),
        };
        self.evidence.facts().iter().flat_map(|fact| of_value(&fact.value)).collect()
    }

    /// Those of them that have not ended, with who holds them.
    fn grants_held(&self, ledger: &Ledger) -> Vec<(MemberId, GrantId, Holding)> {
        let wanted = self.grants();
        let held = ledger.members.values().flat_map(|standing| {
            standing.holdings.iter().filter_map(|holding| match holding.title {
                Title::Grant(id) => Some((standing.member_id, id, *holding)),
                _ => None,
            })
        });
        let mut held: Vec<_> = held.filter(|(_, id, _)| wanted.contains(id)).collect();
        held.sort_unstable_by_key(|(_, id, _)| *id);
        held
    }

    fn member(&self) -> Result<MemberId> {
        Ok(self.row.member_id.ok_or(Refusal::ActionNotFitting)?)
    }

    fn api_key(&self) -> Result<ApiKeyId> {
        Ok(self.row.api_key_id.ok_or(Refusal::ActionNotFitting)?)
    }

    fn require_offer(&self, action: Suggestion) -> Result<()> {
        if self.row.status == FindingStatus::Resolved {
            return Err(Refusal::AlreadyResolved.into());
        }
        if self.offers(action) { Ok(()) } else { Err(Refusal::ActionNotFitting.into()) }
    }
}

/// Refuses who may not do that about a finding now. A question only: nothing of it is used.
pub fn may_take(prospect: Prospect<'_>, finding: &OpenFinding, action: Suggestion) -> Result<()> {
    let Prospect { viewer, ledger, now } = prospect;
    viewer.ask_everywhere(Permission::FindingResolve, now)?;
    finding.require_offer(action)?;
    match action {
        Suggestion::SuspendMember => prospect.member(finding.member()?, MemberAct::Suspend),
        Suggestion::EndSessions => prospect.member(finding.member()?, MemberAct::EndSessions),
        Suggestion::RevokeGrants | Suggestion::ShortenGrants => {
            let held = finding.grants_held(ledger);
            if held.is_empty() {
                return Err(Refusal::AlreadyEnded.into());
            }
            held.into_iter().try_for_each(|(member, grant, _)| prospect.grant(member, grant))
        }
        Suggestion::RevokeApiKey => prospect.api_key(finding.api_key()?),
        Suggestion::AskMember => may_ask((viewer, ledger), finding, now).map(drop),
        Suggestion::LookAtSettings => Err(Refusal::ActionNotFitting.into()),
    }
}

/// Does something about a finding. Whoever does is at it.
pub async fn take(
    installation: &Installation,
    viewer: &Viewer,
    id: FindingId,
    taking: Taking<'_>,
) -> Result<OpenFinding> {
    let needed = [Permission::FindingResolve, permission(taking.action)];
    let mut change = Change::by(installation, viewer, &needed).await?;
    let finding = find(&change.transaction, change.workspace_id, id).await?;
    finding.require_offer(taking.action)?;
    let reason = short(taking.reason.unwrap_or_default().trim())?;
    let mut row = finding::ActiveModel {
        workspace_id: Set(change.workspace_id),
        id: Set(id),
        ..finding::ActiveModel::default()
    };
    let by = viewer.session()?.member_id;
    let prospect = Prospect { viewer, ledger: &change.ledger, now: change.now };
    // Not by somebody who may not say so: their own case stays open for another.
    if finding.row.status == FindingStatus::Open
        && may_decide(prospect, &finding, Step::Acknowledge).is_ok_and(|alone| !alone)
    {
        row = acknowledged(row, by, change.now);
    }
    let done_to = match taking.action {
        Suggestion::SuspendMember => {
            member::suspend(&mut change, finding.member()?).await?;
            json!({ "member": finding.row.member_id })
        }
        Suggestion::EndSessions => {
            session::end_of_member(&mut change, finding.member()?).await?;
            json!({ "member": finding.row.member_id })
        }
        Suggestion::RevokeGrants => json!({ "grants": revoke(&mut change, &finding, reason).await? }),
        Suggestion::ShortenGrants => {
            let until = taking.until.ok_or(Refusal::InvalidPeriod)?;
            json!({ "grants": shorten(&mut change, &finding, (until, reason)).await? })
        }
        Suggestion::RevokeApiKey => {
            crate::api_key::revoke(&mut change, finding.api_key()?).await?;
            json!({ "apiKey": finding.row.api_key_id })
        }
        Suggestion::AskMember => {
            let member = may_ask((viewer, &change.ledger), &finding, change.now)?;
            letter::ask(&change, &finding, (by, member)).await?;
            (row.asked_at, row.asked_by) = (Set(Some(change.now)), Set(Some(by)));
            json!({ "member": member })
        }
        Suggestion::LookAtSettings => return Err(Refusal::ActionNotFitting.into()),
    };
    if row.status.is_set() || row.asked_at.is_set() {
        finding::Entity::update(row).exec(&change.transaction).await?;
    }
    let action: &str = taking.action.into();
    let told = json!({
        "rule": finding.row.rule.to_value(), "action": action, "reason": reason, "on": done_to,
        "until": taking.until.map(|until| until.0),
    });
    let before = json!({ "status": finding.row.status.to_value() });
    change.record("finding.action_taken", id, (Some(before), Some(told))).await?;
    let after = find(&change.transaction, change.workspace_id, id).await?;
    change.finish().await?;
    Ok(after)
}

async fn revoke(change: &mut Change<'_>, finding: &OpenFinding, reason: &str) -> Result<Vec<GrantId>> {
    let held = finding.grants_held(&change.ledger);
    if held.is_empty() {
        return Err(Refusal::AlreadyEnded.into());
    }
    let mut done = Vec::new();
    for (_, id, _) in held {
        grant::revoke(change, id, reason).await?;
        done.push(id);
    }
    Ok(done)
}

/// Those that would end by then anyway stay as they are.
async fn shorten(
    change: &mut Change<'_>,
    finding: &OpenFinding,
    (until, reason): (Timestamp, &str),
) -> Result<Vec<GrantId>> {
    let held = finding.grants_held(&change.ledger);
    if held.is_empty() {
        return Err(Refusal::AlreadyEnded.into());
    }
    let longer = |holding: &Holding| holding.valid_until.is_none_or(|end| until < end);
    let mut done = Vec::new();
    for (_, id, holding) in held.into_iter().filter(|(_, _, holding)| longer(holding)) {
        let valid_from = Some(holding.valid_from);
        let amendment = Amendment { scope: holding.scope, valid_from, valid_until: Some(until), reason };
        grant::change(change, id, amendment).await?;
        done.push(id);
    }
    if done.is_empty() { Err(Refusal::InvalidPeriod.into()) } else { Ok(done) }
}

/// Refuses to ask oneself, who is not here, or who was asked just now; answers whom.
fn may_ask((viewer, ledger): (&Viewer, &Ledger), finding: &OpenFinding, now: Timestamp) -> Result<MemberId> {
    let member = finding.member()?;
    viewer.session()?;
    if viewer.is_member(member) {
        return Err(Refusal::OwnAccess.into());
    }
    if !ledger.member(member)?.is_active() {
        return Err(Refusal::NotActive.into());
    }
    match finding.row.asked_at {
        Some(at) if now.since(at) < BETWEEN_QUESTIONS => Err(Refusal::AskedAlready.into()),
        Some(_) | None => Ok(member),
    }
}
