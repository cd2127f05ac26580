//! What was changed, as an activity says it: a role and where it holds, a key, a rule, a name.

use std::str::FromStr;

use portaria_entity::finding::AuditRule;
use portaria_entity::id::{ApiKeyId, ChannelId, InvitationId, MetaAppId, RoleId, TeamId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveEnum;
use serde_json::Value;

use super::{Action, behind};
use crate::audit::people::People;
use crate::audit::rule;
use crate::audit::telling::{Teller, instant};
use crate::harmless;
use crate::language::RoleScope;

/// What an activity keeps of how it was and how it is now.
pub(super) struct Details<'a> {
    pub after: Option<&'a Value>,
    pub before: Option<&'a Value>,
    /// What it holds out to somebody who is nobody here yet.
    pub promised: Option<&'a Value>,
}

/// What an activity says it was about.
#[derive(Clone, Debug, Default)]
pub(super) struct What {
    role: Option<RoleId>,
    channel: Option<ChannelId>,
    team: Option<TeamId>,
    api_key: Option<ApiKeyId>,
    meta_app: Option<MetaAppId>,
    pub invitation: Option<InvitationId>,
    /// Which role those have instead who held one that was deleted.
    replacement: Option<RoleId>,
    /// What somebody has decided about a finding of, and until when that holds.
    rule: Option<AuditRule>,
    until: Option<Timestamp>,
    /// Whether the rule finds nothing any more.
    is_turned_off: bool,
    name: Option<String>,
}

impl<'a> Details<'a> {
    pub fn all(&self) -> impl Iterator<Item = &'a Value> {
        [self.after, self.before, self.promised].into_iter().flatten()
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.all().find_map(|value| value.get(name)?.as_str())
    }

    pub fn id<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    fn turns_off(&self) -> bool {
        let is_enabled = |value: Option<&Value>| value?.get("isEnabled")?.as_bool();
        is_enabled(self.before) == Some(true) && is_enabled(self.after) == Some(false)
    }
}

impl What {
    pub fn of(action: &Action, subject: &str, details: &Details<'_>) -> Self {
        let rule = if action.is_about_a_rule() { Some(subject) } else { details.text("rule") };
        let rule = rule.and_then(|rule| AuditRule::try_from_value(&rule.to_owned()).ok());
        let until = details.all().find_map(|value| value.get("until")?.as_i64()).map(Timestamp);
        let role = if action.is_about_a_review() { None } else { details.id("role") };
        let name = ["name", "groupName", "frontEndUrl"].into_iter().find_map(|name| details.text(name));
        Self {
            role: role.or_else(|| subject.parse().ok()),
            channel: details.id("channel").or_else(|| subject.parse().ok()),
            team: details.id("team").or_else(|| details.id("joinsTeam")).or_else(|| subject.parse().ok()),
            api_key: subject.parse().ok(),
            meta_app: subject.parse().ok(),
            invitation: behind::invitation(action, subject),
            replacement: behind::replacement(action, details.after),
            rule,
            until: until.filter(|_| rule.is_some()),
            is_turned_off: details.turns_off(),
            name: name.map(str::to_owned),
        }
    }

    /// `Atendente (número Vendas)`, a team, a key; empty where nothing is known.
    pub fn told(&self, teller: &Teller<'_>, people: &People) -> String {
        let speech = teller.language.speech();
        let scope = match (self.channel, self.team) {
            (Some(channel), _) => people.channels.get(&channel).cloned().map(RoleScope::Channel),
            (None, Some(team)) => people.teams.get(&team).cloned().map(RoleScope::Team),
            (None, None) => None,
        };
        let scope = scope.and_then(|scope| speech.scope(&scope)).map(|scope| harmless::name(&scope));
        let role = |role| people.roles.get(&role).map(|role| harmless::name(&speech.role(role)));
        let instead = self.replacement.and_then(role);
        let role = self.role.and_then(role).map(|name| match instead {
            Some(instead) => format!("{name} → {instead}"),
            None => name,
        });
        let key = self.api_key.and_then(|key| people.api_keys.get(&key)).map(|name| harmless::name(name));
        let app = self.meta_app.and_then(|app| people.meta_apps.get(&app)).map(|name| harmless::name(name));
        let named = || self.name.as_deref().map(harmless::name);
        match (self.finding(teller).or(role).or(key).or(app).or_else(named), scope) {
            (Some(what), Some(scope)) => format!("{what} ({scope})"),
            (Some(what), None) => what,
            (None, Some(scope)) => scope,
            (None, None) => String::new(),
        }
    }

    /// What a rule finds; whether it was turned off, or until when nobody is to be told of what it found.
    fn finding(&self, teller: &Teller<'_>) -> Option<String> {
        let title = rule::of(self.rule?).said(teller.language).title;
        if self.is_turned_off {
            let off = teller.language.pick(&["regra desligada", "turned off", "regla desactivada"]);
            return Some(format!("{title}, {off}"));
        }
        let Some(until) = self.until else { return Some(title.to_owned()) };
        let time = teller.language.speech().day_and_time(&teller.wall.time(instant(until)));
        let until = teller.language.pick(&["até", "until", "hasta"]);
        Some(format!("{title}, {until} {time}"))
    }
}
