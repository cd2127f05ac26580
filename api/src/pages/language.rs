//! The languages of the pages: one file each, and what every one of them must be able to say.

mod en;
mod es;
mod pt_br;

/// A reader's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    PortugueseOfBrazil,
    English,
    Spanish,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::PortugueseOfBrazil, Self::English, Self::Spanish];

    pub fn tag(self) -> &'static str {
        match self {
            Self::PortugueseOfBrazil => "pt-BR",
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// What its speakers call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PortugueseOfBrazil => "Português",
            Self::English => "English",
            Self::Spanish => "Español",
        }
    }

    pub fn texts(self) -> &'static Texts {
        match self {
            Self::PortugueseOfBrazil => &pt_br::TEXTS,
            Self::English => &en::TEXTS,
            Self::Spanish => &es::TEXTS,
        }
    }

    /// The nearest language for a tag such as `pt-BR` or `es-MX`.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        let is = |language: &Self| {
            language.tag().split('-').next().is_some_and(|own| own.eq_ignore_ascii_case(primary))
        };
        Self::ALL.into_iter().find(is)
    }

    /// The first of the most wanted in an `Accept-Language`; Portuguese for who wants none of them.
    pub fn preferred(accepted: &str) -> Self {
        let mut best: Option<(Self, f32)> = None;
        for range in accepted.split(',') {
            let mut parts = range.split(';');
            let Some(language) = parts.next().and_then(Self::of_tag) else { continue };
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Ok(1.0), str::parse);
            let weight = weight.unwrap_or(0.0);
            if weight > best.map_or(0.0, |(_, weight)| weight) {
                best = Some((language, weight));
            }
        }
        best.map_or(Self::PortugueseOfBrazil, |(language, _)| language)
    }
}

/// Everything the pages say. `{least}` and `{most}` stand for the lengths of a password,
/// `{wait}` for some minutes.
pub struct Texts {
    pub frame: Frame,
    pub labels: Labels,
    pub set_up: SetUp,
    pub acceptance: Acceptance,
    pub sign_in: SignIn,
    pub forgotten: Forgotten,
    pub reset: Reset,
    pub second_factor: SecondFactor,
    /// What refusals and failures mean, by their code in the API; `acceptInvitation.INVALID_TOKEN` is what it means there.
    pub problems: &'static [(&'static str, &'static str)],
}

/// What is around every page.
pub struct Frame {
    pub languages: &'static str,
    pub without_script: &'static str,
    pub wait: &'static str,
    pub sign_out: &'static str,
    pub signed_in_as: &'static str,
    pub signed_in_at: &'static str,
    pub close: &'static str,
}

/// What fields are called, and what is said below them.
pub struct Labels {
    pub email: &'static str,
    pub name: &'static str,
    pub password: &'static str,
    pub new_password: &'static str,
    pub new_password_hint: &'static str,
    pub show: &'static str,
    pub hide: &'static str,
    /// Read out after the two before.
    pub what_is_shown: &'static str,
    /// Of the app alone.
    pub six_digits: &'static str,
    /// Of the app, or for recovery.
    pub code: &'static str,
    pub code_hint: &'static str,
}

pub struct SetUp {
    pub title: &'static str,
    pub lead: &'static str,
    pub email_hint: &'static str,
    pub workspace_name: &'static str,
    pub workspace_name_hint: &'static str,
    pub time_zone: &'static str,
    pub time_zone_hint: &'static str,
    pub locale: &'static str,
    pub submit: &'static str,
    pub no_link: &'static str,
    pub no_link_help: &'static str,
}

pub struct Acceptance {
    pub title: &'static str,
    /// Before the name of the workspace.
    pub lead: &'static str,
    pub name_hint: &'static str,
    pub submit_new: &'static str,
    pub known: &'static str,
    pub submit_known: &'static str,
    pub void: &'static str,
    pub void_help: &'static str,
    pub no_link: &'static str,
    pub no_link_help: &'static str,
}

pub struct SignIn {
    pub title: &'static str,
    pub submit: &'static str,
    /// `{name}` stands for an identity provider.
    pub with: &'static str,
    pub with_passkey: &'static str,
    pub again: &'static str,
}

pub struct Forgotten {
    pub title: &'static str,
    pub lead: &'static str,
    pub submit: &'static str,
    pub sent: &'static str,
    pub sent_help: &'static str,
}

pub struct Reset {
    pub title: &'static str,
    pub submit: &'static str,
    pub done: &'static str,
    pub done_help: &'static str,
    pub void: &'static str,
    pub void_help: &'static str,
    pub another: &'static str,
}

pub struct SecondFactor {
    pub title: &'static str,
    pub off: &'static str,
    pub off_help: &'static str,
    /// Why it cannot be put off.
    pub demanded: &'static str,
    pub add_app: &'static str,
    pub add_passkey: &'static str,
    pub passkey_help: &'static str,
    pub later: &'static str,
    pub back: &'static str,
    pub app: &'static str,
    pub picture: &'static str,
    pub key: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub open_here: &'static str,
    pub first_code: &'static str,
    pub confirm: &'static str,
    pub passkey: &'static str,
    pub passkey_name: &'static str,
    pub passkey_name_hint: &'static str,
    pub create_passkey: &'static str,
    pub on: &'static str,
    pub on_help: &'static str,
    pub has_app: &'static str,
    /// `{name}` stands for a passkey's.
    pub has_passkey: &'static str,
    /// `{count}` stands for how many.
    pub has_codes: &'static str,
    pub replace: &'static str,
    pub renew_codes: &'static str,
    pub prove: &'static str,
    /// Why, for who signed in with a password alone.
    pub prove_demanded: &'static str,
    pub prove_by_passkey: &'static str,
    pub go_on: &'static str,
    pub codes: &'static str,
    pub codes_help: &'static str,
    pub copy_codes: &'static str,
    pub codes_copied: &'static str,
    pub download_codes: &'static str,
    pub codes_file: &'static str,
    pub codes_kept: &'static str,
    pub done: &'static str,
    pub done_help: &'static str,
    pub finished: &'static str,
    pub finished_help: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wanted_language_is_taken() {
        let cases = [
            ("", Language::PortugueseOfBrazil),
            ("*", Language::PortugueseOfBrazil),
            ("de-DE,de;q=0.9", Language::PortugueseOfBrazil),
            ("es-MX, en;q=0.8", Language::Spanish),
            ("en;q=0.8, es-419", Language::Spanish),
            ("de, en-GB;q=0.7, pt;q=0.3", Language::English),
            ("pt-PT", Language::PortugueseOfBrazil),
            ("en;q=0, es;q=0.1", Language::Spanish),
            ("EN", Language::English),
            ("en;q=x, es;q=0.2", Language::Spanish),
            ("\"><script>, ;;q=, ,", Language::PortugueseOfBrazil),
        ];
        for (accepted, expected) in cases {
            assert_eq!(Language::preferred(accepted), expected, "{accepted}");
        }
    }

    #[test]
    fn every_language_has_a_text_for_the_same_problems() {
        let codes =
            |language: Language| language.texts().problems.iter().map(|(code, _)| *code).collect::<Vec<_>>();
        for language in Language::ALL {
            assert_eq!(codes(language), codes(Language::English), "{}", language.tag());
            assert!(
                language
                    .texts()
                    .problems
                    .iter()
                    .all(|(_, text)| text.ends_with(['.', '?']) || text.contains('@'))
            );
        }
    }
}
