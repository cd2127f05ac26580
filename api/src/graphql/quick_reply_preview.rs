//! How a quick reply would go out, and what keeps it from doing so.

use async_graphql::Enum;
use portaria_domain::permission::PermissionSet;
use portaria_domain::quick_reply::{self as domain, Flaw, Preview};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::guard::Subject;

/// What is wrong with a value.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::FlawKind")]
pub enum QuickReplyProblemCode {
    /// A value is needed.
    Missing,
    /// Nothing of that name is asked for, or it is given twice.
    Unknown,
    /// It is too long: `maxLength`.
    TooLong,
    /// It has characters that may not be filled in.
    WrongCharacters,
    /// Words have at most four digits.
    TooManyDigits,
    /// It reads as a link, an address or a handle.
    LooksLikeLink,
    /// It is none of `choices`.
    NotAChoice,
    /// It is no number.
    NotANumber,
    /// It is no day of the form `2026-11-30`.
    NotADate,
    /// It is no time of the form `14:30`.
    NotATime,
}

pub struct QuickReplyPreview {
    pub preview: Preview,
    pub held: PermissionSet,
}

impl Subject for QuickReplyPreview {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// How a quick reply would go out now.
#[guarded]
impl QuickReplyPreview {
    /// The text as the customer would get it; null while `problems` has something.
    #[requires(QuickReplyRead)]
    fn text(&self) -> Option<&str> {
        self.preview.outcome.as_ref().ok().map(|filled| filled.text.as_str())
    }

    /// In which language it would go out.
    #[requires(QuickReplyRead)]
    fn language(&self) -> &str {
        &self.preview.language
    }

    /// Which version of the reply this is.
    #[requires(QuickReplyRead)]
    fn version(&self) -> i32 {
        self.preview.version
    }

    /// What is wrong with the values; empty when it can be sent so.
    #[requires(QuickReplyRead)]
    fn problems(&self) -> Vec<QuickReplyProblem> {
        let flaws = self.preview.outcome.as_ref().err();
        let problem = |flaw: &Flaw| QuickReplyProblem { flaw: flaw.clone(), held: self.held };
        flaws.into_iter().flatten().map(problem).collect()
    }
}

pub struct QuickReplyProblem {
    flaw: Flaw,
    held: PermissionSet,
}

impl Subject for QuickReplyProblem {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// What is wrong with a value for a placeholder.
#[guarded]
impl QuickReplyProblem {
    /// Which placeholder, by its name.
    #[requires(QuickReplyRead)]
    fn placeholder(&self) -> &str {
        &self.flaw.placeholder
    }

    /// What is wrong: programs go by this.
    #[requires(QuickReplyRead)]
    fn code(&self) -> QuickReplyProblemCode {
        self.flaw.kind.into()
    }

    /// In a sentence of English, for developers.
    #[requires(QuickReplyRead)]
    fn message(&self) -> String {
        self.flaw.kind.to_string()
    }
}
