//! Everything that can go wrong in the domain. The API maps it once to GraphQL codes; the worker says retry or fail.

use crate::permission::PermissionSet;
use crate::second_factor::StepUp;
use crate::trouble::Trouble;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, as far as this viewer may know.
    #[error("not found")]
    NotFound,
    /// The viewer sees the thing but lacks what this needs: any one of these permissions, there.
    #[error("none of {any_of:?} is held there")]
    Forbidden { any_of: PermissionSet },
    /// The permission is held but needs a two-factor session that was authenticated within the last hour; or the
    /// workspace demands a second factor that the session has not shown.
    #[error("a fresh two-factor authentication is needed")]
    StepUpRequired { any_of: PermissionSet, step_up: StepUp },
    /// Only a person may do this, not an API key.
    #[error("only a person may do this")]
    PersonRequired,
    /// A refusal of the domain that a person can act on.
    #[error("{0}")]
    Refused(Refusal),
    /// An argument that is malformed or out of range.
    #[error("{0}")]
    BadInput(String),
    /// Too much was asked at once; the same request may pass later.
    #[error("busy: try again later")]
    Busy,
    #[error("database: {0}")]
    Database(#[from] sea_orm::DbErr),
    #[error("internal: {0}")]
    Internal(String),
}

/// Refusals of the domain: each is an answer, not a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the conversation is already assigned to somebody")]
    AlreadyAssigned,
    #[error("the conversation is resolved")]
    AlreadyResolved,
    #[error("it waits to be worked through already")]
    AlreadyPending,
    #[error("nothing is signed there: make another endpoint in its place")]
    NothingToRotate,
    #[error("only its assignee, or who may assign conversations there, may do this")]
    NotAssignee,
    #[error("that member may not have this conversation")]
    AssigneeNotPermitted,
    #[error("the conversation is that team's already")]
    SameTeam,
    #[error("that team does not look after the number")]
    NotServed,
    #[error("the conversation is escalated already")]
    AlreadyEscalated,
    #[error("e-mail or password is wrong")]
    InvalidCredentials,
    #[error("a code from the authenticator app is needed too")]
    SecondFactorRequired,
    #[error("the code is wrong, old or used")]
    WrongCode,
    #[error("too many wrong codes: try again in a quarter of an hour")]
    TooManyAttempts,
    #[error("too many attempts: try again in {seconds} seconds")]
    Throttled { seconds: u32 },
    #[error("no authenticator app is set up")]
    NoSecondFactor,
    #[error("the sign-in is too long ago: sign in again first")]
    AuthenticationTooOld,
    #[error("the token is wrong, used or expired")]
    InvalidToken,
    #[error("another request has given this session a new token meanwhile")]
    TokenReplaced,
    #[error("the password is too short or too long")]
    PasswordLength,
    #[error("too many people choose that password, or one like it")]
    PasswordCommon,
    #[error("the password is made of the person's name, e-mail address, workspace or Portaria")]
    PasswordPersonal,
    #[error("one grants only what one holds there oneself")]
    NotHeld,
    #[error("one grants nothing for longer than one holds it oneself")]
    OutlastsGranter,
    #[error("nobody changes their own access")]
    OwnAccess,
    #[error("one changes the access only of those who hold nothing that one does not hold oneself")]
    HoldsMore,
    #[error("the workspace would be left without an administrator for good")]
    LastAdministrator,
    #[error("the role allows nothing in that scope")]
    NothingConferred,
    #[error("it ends before it begins, or has ended already")]
    InvalidPeriod,
    #[error("that is no time zone: say an IANA name, as America/Sao_Paulo")]
    UnknownTimeZone,
    #[error("a name is needed")]
    NameMissing,
    #[error("a reason is needed")]
    ReasonMissing,
    #[error("it has ended already")]
    AlreadyEnded,
    #[error("a built-in role cannot be changed")]
    BuiltInRole,
    #[error("that name is taken")]
    NameTaken,
    #[error("some hold the role: name a role to replace it with, or close their grants")]
    RoleInUse,
    #[error("that person is a member already")]
    AlreadyMember,
    #[error("the member is not active")]
    NotActive,
    #[error("the member has not been removed")]
    NotRemoved,
    #[error("the member is not suspended")]
    NotSuspended,
    #[error("who sent the invitation may no longer grant what it promises")]
    InvitationVoid,
    #[error("the customer said no in WhatsApp: only they can take that back, there")]
    RefusedByCustomer,
    #[error("a contact is not merged into itself")]
    SameContact,
    #[error("the contact was merged into another already")]
    ContactMerged,
    #[error("who is to stay was merged into another already")]
    SurvivorMerged,
    #[error("a group is no person")]
    GroupContact,
    #[error("a later merge builds on it: undo that first")]
    LaterMerge,
    #[error("it may not last so long")]
    TooLong,
    #[error("the text is too long")]
    TextTooLong,
    #[error("there are too many labels already")]
    TooManyLabels,
    #[error("that label is no skill")]
    NotASkill,
    #[error("there is too much of it for one answer")]
    TooMany,
    #[error("it ends too late")]
    EndsTooLate,
    #[error("it is active already")]
    AlreadyActive,
    #[error("no directory credential is approved for that")]
    NotApproved,
    #[error("they were suspended by hand, and are reinstated by hand")]
    SuspendedByHand,
    #[error("the identity provider does not answer as it should")]
    ProviderUnreachable,
    #[error("the identity provider's address cannot be used")]
    InvalidIssuer,
    #[error("the identity is not linked to a member")]
    NotLinked,
    #[error(
        "an account with this e-mail address is there already: sign in to it as before, and link the identity there"
    )]
    LinkRequired,
    #[error("the identity is linked to another member")]
    IdentityTaken,
    #[error("the member has an identity of this provider already")]
    AlreadyLinked,
    #[error("without this identity the member could not sign in any more")]
    LastWayIn,
    #[error("the identity provider did not say that a second factor was given just now")]
    NoSecondFactorGiven,
    #[error("this session counts in its own workspace alone: sign in to the other one")]
    Confined,
    #[error("this session was opened by single sign-on, and the account belongs to other workspaces too")]
    SharedAccount,
    #[error("name the roles whose holders must have a second factor")]
    RolesMissing,
    #[error("that person is in another workspace too: nobody here may change how they sign in")]
    InAnotherWorkspace,
    #[error("a workspace demands a second factor of them, and this is the only one")]
    LastFactor,
    #[error("that is the only secret with which deliveries are signed")]
    LastSecret,
    #[error("a key is 1 to 64 of a-z, 0-9 and -, and not one that is taken")]
    InvalidKey,
    #[error("a secret has at least 8 characters")]
    SecretTooShort,
    #[error("passkeys are not for pages of that address")]
    UnknownOrigin,
    #[error("the challenge is not known, was used, or is older than five minutes")]
    ChallengeExpired,
    #[error("the passkey did not prove what was asked")]
    WrongPasskey,
    #[error("that passkey is registered already")]
    AlreadyRegistered,
    #[error("that is neither an address nor a network in CIDR notation")]
    InvalidAddress,
    #[error("that is no https:// address of at most 2,000 characters that may be called from here")]
    ForbiddenUrl,
    #[error("WhatsApp does not take it: {0}")]
    InvalidContent(&'static str),
    #[error("an idempotency key has 1 to 128 visible ASCII characters")]
    InvalidIdempotencyKey,
    #[error("the idempotency key was used for another message")]
    IdempotencyKeyReused,
    #[error("there is no such message in this conversation that WhatsApp knows")]
    NoSuchMessage,
    #[error("the number has no access token")]
    NumberNotConnected,
    #[error("nothing is sent from the number at present")]
    NumberStopped,
    #[error("WhatsApp has told no way to write to the customer")]
    NotAddressable,
    #[error("codes go to phone numbers only, and the customer's is not known")]
    PhoneNeeded,
    #[error("that cannot be sent to a group")]
    NotForGroups,
    #[error("the customer last wrote more than 24 hours ago: only a template can be sent")]
    WindowClosed,
    #[error("the template is not approved")]
    TemplateNotApproved,
    #[error("the template is paused")]
    TemplatePaused,
    #[error("the template is disabled or gone")]
    TemplateDisabled,
    #[error("the template is not for this number")]
    TemplateNotForNumber,
    #[error("the customer wants no marketing messages")]
    MarketingRefused,
    #[error("who has never written gets marketing only when they asked for it")]
    ConsentMissing,
    #[error("too many messages of yours wait to be sent")]
    TooManyWaiting,
    #[error("a conversation cannot be begun with them")]
    CannotBeStarted,
    #[error("a phone number is written with + and its country code")]
    InvalidPhone,
    #[error("a number sends 1 to 1,000 messages a second")]
    InvalidPace,
    #[error("it is on its way, or has come to its end, already")]
    NotWaiting,
    #[error("there is nothing in the file")]
    FileEmpty,
    #[error(
        "the file is too large: a picture may have 5 MB, a film or sound 16, a document 100, a sticker 100 KB or, if it moves, 500"
    )]
    FileTooLarge,
    #[error("WhatsApp takes no files of that type")]
    FileTypeNotTaken,
    #[error("a file of that type cannot be sent as such")]
    FileNotOfKind,
    #[error("a sticker is 512 pixels wide and high")]
    StickerSize,
    #[error("the file did not come whole")]
    FileIncomplete,
    #[error("the file is harmful: it is not kept")]
    FileInfected,
    #[error("files cannot be looked through at the moment")]
    ScannerFailed,
    #[error("too many files wait to be sent already")]
    TooManyFiles,
    #[error("the file is not there yet")]
    FileNotReady,
    #[error("there is no such file, or another handed it in")]
    NoSuchFile,
    #[error("the link has expired: ask for another")]
    LinkExpired,
    #[error("a title is needed")]
    TitleMissing,
    #[error("a text is needed")]
    TextMissing,
    #[error("a shortcut is 1 to 30 of a-z, 0-9, - and _")]
    InvalidShortcut,
    #[error("another quick reply offered there has that shortcut")]
    ShortcutTaken,
    #[error("a language is written like pt-BR")]
    UnknownLanguage,
    #[error("there are two texts in one language")]
    LanguageTwice,
    #[error("there is no text in that language")]
    NoSuchLanguage,
    #[error(
        "a placeholder is {{{{name}}}}, one of those that are known or declared, and has what its kind needs"
    )]
    InvalidPlaceholder,
    #[error("each text asks for exactly the placeholders that are declared")]
    PlaceholdersDiffer,
    #[error("between placeholders stand words, and free words join with nothing")]
    PlaceholderNotApart,
    #[error(
        "too much of it could be written freely: at most two placeholders for words, each once, in a text of its own"
    )]
    TooFree,
    #[error("somebody has changed it meanwhile: read it again")]
    ChangedMeanwhile,
    #[error("it is archived")]
    Archived,
    #[error("it is not archived")]
    NotArchived,
    #[error("a bot has the conversation already")]
    HeldByBot,
    #[error("no bot has the conversation")]
    NotHeldByBot,
    #[error("that bot may not have this conversation")]
    BotNotPermitted,
    #[error("that key is a bot already")]
    AlreadyABot,
    #[error("another bot answers first on one of these numbers")]
    AnotherAnswersFirst,
    #[error("a value is missing or not allowed: previewQuickReply says which, and why")]
    ValuesRefused,
    #[error("something is wrong with the template")]
    FlawedTemplate,
    #[error("the account has 250 templates already")]
    TooManyTemplates,
    #[error("the template was changed too often: write another")]
    TooManyVersions,
    #[error("it waits to be decided on, or is on its way to WhatsApp")]
    TemplateInWork,
    #[error("WhatsApp does not let it be changed as it stands")]
    TemplateNotEditable,
    #[error("the template was deleted")]
    TemplateDeleted,
    #[error("WhatsApp has not told yet what it says")]
    NotToldYet,
    #[error("it has parts that are not known here: change it in WhatsApp Manager")]
    NotUnderstood,
    #[error("it was asked for already, or decided: write another version")]
    NotADraft,
    #[error("nobody asked to have it approved")]
    NotRequested,
    #[error("nothing of it waits")]
    NothingToWithdraw,
    #[error("who had a hand in it does not approve it: somebody else may")]
    OwnTemplate,
    #[error("a template does not stand in for itself")]
    OwnAlternative,
    #[error("nobody decides on a finding about themselves, or about what they did, while somebody else may")]
    OwnFinding,
    #[error("somebody is at it already")]
    AlreadyAcknowledged,
    #[error("it is open")]
    StillOpen,
    #[error("that cannot be done about it")]
    ActionNotFitting,
    #[error("they were asked within the last day")]
    AskedAlready,
    #[error("the rule has no parameter of that name")]
    NoSuchParameter,
    #[error("a number is out of its limits")]
    OutOfRange,
    #[error("name 1 to 50 reviewers")]
    ReviewersMissing,
    #[error("only who holds access_review:decide, and is named as a reviewer, decides")]
    NotAReviewer,
    #[error("who may not take it away has no say about it")]
    MayNotTakeAway,
    #[error("the review is over, and decides no more")]
    ReviewClosed,
    #[error("the review is not closed yet")]
    ReviewOpen,
    #[error("something is not answered yet")]
    Unanswered,
    #[error("nobody holds anything of that kind")]
    NothingToReview,
    #[error("only a member's grant can be changed: keep it, or take it away")]
    NotChangeable,
}

impl Error {
    pub fn internal(what: impl std::fmt::Display) -> Self {
        Self::Internal(what.to_string())
    }

    /// Whether the database is out of reach or busy, so that the same call may succeed later.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Database(error) => Trouble::of(error) != Trouble::Fault,
            Self::NotFound
            | Self::Forbidden { .. }
            | Self::StepUpRequired { .. }
            | Self::PersonRequired
            | Self::Refused(_)
            | Self::BadInput(_)
            | Self::Busy
            | Self::Internal(_) => false,
        }
    }
}

impl Refusal {
    /// After how many seconds the same may be tried again, where that is known.
    pub fn retry_after(self) -> Option<u32> {
        if let Self::Throttled { seconds } = self { Some(seconds) } else { None }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
