//! What quick replies and guidelines have in common: where they are offered, in which language, and who may write them.

use portaria_entity::id::{ApiKeyId, ChannelId, MemberId, TeamId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{channel, team};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::access::{Access, Region, Scope};
use crate::conversation::ConversationRow;
use crate::error::{Error, Refusal, Result};
use crate::permission::{Permission, PermissionSet};
use crate::viewer::{Principal, Viewer};

const READ: PermissionSet = PermissionSet::of(&[Permission::QuickReplyRead]);
pub(crate) const MANAGE: PermissionSet = PermissionSet::of(&[Permission::QuickReplyManage]);
const EITHER: PermissionSet = PermissionSet::of(&[Permission::QuickReplyRead, Permission::QuickReplyManage]);

/// What somebody may do towards what is offered in a scope. What is for all is read by whoever reads any.
pub fn held(access: &Access, scope: Scope) -> PermissionSet {
    let there = access.in_scope(scope);
    match scope {
        Scope::Workspace => there.union(access.anywhere().intersection(READ)),
        Scope::Channel(_) | Scope::Team(_) => there,
    }
}

/// Whether they may know of it.
pub fn sees(access: &Access, scope: Scope) -> bool {
    held(access, scope).intersects(EITHER)
}

/// What a viewer may know of, as a condition: the same question that [`sees`] answers of one scope.
pub(crate) fn visible<C: ColumnTrait>(access: &Access, (channel, team): (C, C)) -> Condition {
    let for_all = Condition::all().add(channel.is_null()).add(team.is_null());
    let mut any = Condition::any();
    for permission in EITHER.iter() {
        match access.region(permission) {
            Region::Everywhere => return Condition::all(),
            Region::Parts { channels, teams } => {
                any = any.add(channel.is_in(channels)).add(team.is_in(teams));
            }
        }
    }
    if access.anywhere().intersects(READ) { any.add(for_all) } else { any }
}

/// Those that a viewer may write, as a condition.
pub(crate) fn writable<C: ColumnTrait>(access: &Access, (channel, team): (C, C)) -> Condition {
    match access.region(Permission::QuickReplyManage) {
        Region::Everywhere => Condition::all(),
        Region::Parts { channels, teams } => {
            Condition::any().add(channel.is_in(channels)).add(team.is_in(teams))
        }
    }
}

/// Where a conversation is that the viewer answers: all that is offered there is theirs to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    channel_id: ChannelId,
    team_id: Option<TeamId>,
}

impl Place {
    /// Where a conversation is. Refuses who may not see there what agents answer with.
    pub fn of(viewer: &Viewer, conversation: &ConversationRow) -> Result<Self> {
        if viewer.is_barred() || !conversation.held.intersects(READ) {
            return Err(Error::Forbidden { any_of: READ });
        }
        viewer.note_use(READ);
        Ok(Self { channel_id: conversation.row.channel_id, team_id: conversation.row.team_id })
    }

    pub fn offers(self, scope: Scope) -> bool {
        match scope {
            Scope::Workspace => true,
            Scope::Channel(channel) => self.channel_id == channel,
            Scope::Team(team) => self.team_id == Some(team),
        }
    }

    pub(crate) fn condition<C: ColumnTrait>(self, (channel, team): (C, C)) -> Condition {
        let mut any = Condition::any().add(Condition::all().add(channel.is_null()).add(team.is_null()));
        any = any.add(channel.eq(self.channel_id));
        if let Some(id) = self.team_id {
            any = any.add(team.eq(id));
        }
        any
    }
}

/// What is offered in exactly that scope, as a condition.
pub(crate) fn exactly<C: ColumnTrait>(scope: Scope, (channel, team): (C, C)) -> Condition {
    let (channel_id, team_id) = scope.columns();
    let column = |column: C, value: Option<uuid::Uuid>| match value {
        Some(id) => column.eq(id),
        None => column.is_null(),
    };
    Condition::all().add(column(channel, channel_id.map(|id| id.0))).add(column(team, team_id.map(|id| id.0)))
}

/// Refuses who may not write what is offered in this scope. A question: who does it is required to. What they may not know of is not
/// found.
pub fn may_write(viewer: &Viewer, scope: Scope, now: Timestamp) -> Result<()> {
    viewer.ask(held(&viewer.access, scope), MANAGE, now).map(|_| ())
}

/// The same of who writes it.
pub(crate) fn require_write(viewer: &Viewer, scope: Scope, now: Timestamp) -> Result<()> {
    viewer.require(held(&viewer.access, scope), MANAGE, now)
}

/// Refuses a scope that is not there.
pub(crate) async fn require_scope(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    scope: Scope,
) -> Result<()> {
    let there = match scope {
        Scope::Workspace => true,
        Scope::Channel(id) => channel::Entity::find_by_id((workspace, id)).one(connection).await?.is_some(),
        Scope::Team(id) => {
            let find = team::Entity::find_by_id((workspace, id)).filter(team::Column::DeletedAt.is_null());
            find.one(connection).await?.is_some()
        }
    };
    if there { Ok(()) } else { Err(Error::NotFound) }
}

/// Who writes: a person or a program.
pub(crate) fn author(viewer: &Viewer) -> (Option<MemberId>, Option<ApiKeyId>) {
    match viewer.principal {
        Principal::Member(session) => (Some(session.member_id), None),
        Principal::ApiKey(key) => (None, Some(key)),
    }
}

/// A language as it is kept: `pt-BR`, `es`, `zh-Hant-TW`.
pub fn language_tag(text: &str) -> Result<String> {
    let mut tag = String::new();
    for (place, part) in text.trim().split(['-', '_']).enumerate() {
        let letters = part.bytes().all(|byte| byte.is_ascii_alphabetic());
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        let part = match (place, part.len()) {
            (0, 2 | 3) if letters => part.to_ascii_lowercase(),
            (1, 4) if letters => part[..1].to_ascii_uppercase() + &part[1..].to_ascii_lowercase(),
            (1 | 2, 2) if letters => part.to_ascii_uppercase(),
            (1 | 2, 3) if digits => part.to_owned(),
            _ => return Err(Refusal::UnknownLanguage.into()),
        };
        if place > 0 {
            tag.push('-');
        }
        tag.push_str(&part);
    }
    Ok(tag)
}

fn primary(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or(tag)
}

/// Whether two tags are of one language, whatever the country.
pub(crate) fn same_language(one: &str, other: &str) -> bool {
    primary(one).eq_ignore_ascii_case(primary(other))
}

/// Which of these languages fits the wishes best, the first wish before the second; none fits: the first of all.
pub(crate) fn best_language(available: &[&str], wishes: &[&str]) -> usize {
    let exactly =
        |wish: &str| available.iter().position(|tag| tag.eq_ignore_ascii_case(&wish.replace('_', "-")));
    let nearly = |wish: &str| available.iter().position(|tag| same_language(tag, wish));
    wishes.iter().find_map(|wish| exactly(wish).or_else(|| nearly(wish))).unwrap_or(0)
}

/// A text without capitals and accents, for searching and ordering: who types `cartao` finds `Cartão`.
pub(crate) fn folded(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).collect::<String>().to_lowercase()
}

/// A text on one line: trimmed, composed, and without what is not seen.
pub(crate) fn one_line(text: &str) -> String {
    let seen = text.nfc().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_hidden(*c));
    seen.collect::<String>().split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Characters that are not seen, and may turn round what is.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_have_one_form() {
        let tag = |text: &str| language_tag(text).ok();
        assert_eq!(tag("pt_br").as_deref(), Some("pt-BR"));
        assert_eq!(tag(" ES ").as_deref(), Some("es"));
        assert_eq!(tag("zh-hant-tw").as_deref(), Some("zh-Hant-TW"));
        assert_eq!(tag("es-419").as_deref(), Some("es-419"));
        for bad in ["", "p", "portuguese", "pt-", "pt-BR-BR-BR", "pt BR", "p\u{e9}-BR", "pt-B\u{e9}"] {
            assert_eq!(tag(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_language_of_the_customer_comes_before_that_of_the_company() {
        let all = ["en", "pt-BR", "pt-PT", "es"];
        assert_eq!(best_language(&all, &["pt-PT", "en"]), 2);
        assert_eq!(best_language(&all, &["pt", "en"]), 1);
        assert_eq!(best_language(&all, &["es_MX", "en"]), 3);
        assert_eq!(best_language(&all, &["ja", "pt-BR"]), 1);
        assert_eq!(best_language(&all, &["ja"]), 0);
    }

    #[test]
    fn what_is_not_seen_is_not_kept() {
        assert_eq!(one_line("  Ana \u{202e}\u{200b}Maria\n\tSouza\u{0} "), "Ana Maria Souza");
        assert_eq!(folded("Cartão DE Crédito"), "cartao de credito");
    }
}
