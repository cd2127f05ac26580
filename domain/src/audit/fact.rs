//! The facts of which evidence consists: each has a name, which is the same in all languages, and a value of a few kinds.

use portaria_entity::id::{ApiKeyId, ChannelId, GrantId, MemberId, MetaAppId, RoleId, TeamId};
use portaria_entity::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::language::Language;

/// One thing that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub name: FactName,
    pub value: FactValue,
}

/// What a fact says.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FactName {
    /// When somebody or something was last seen at work.
    LastActive,
    LastSignIn,
    Invited,
    /// How many attempts failed.
    Failures,
    /// From when to when they failed.
    WrongPasswords,
    SignedIn,
    From,
    Device,
    Address,
    Addresses,
    AddressCount,
    Accounts,
    ResetAt,
    ResetBy,
    IsSetUpAgain,
    Template,
    ApprovedAt,
    /// The sign-in before the one it is about.
    Before,
    /// How far two places are from each other at least.
    Kilometres,
    /// By what places were compared.
    JudgedBy,
    IsNewCountry,
    IsNewNetwork,
    IsNewDevice,
    SessionsOpened,
    SessionCount,
    RequiredSince,
    AdministratorSince,
    AdministratorGrants,
}

impl FactName {
    /// As a label in front of the value, in Portuguese, English and Spanish. None: its value is told in the sentence, and
    /// not listed.
    pub fn label(self, language: Language) -> Option<&'static str> {
        let label = match self {
            Self::LastActive => ["Última atividade", "Last activity", "Última actividad"],
            Self::LastSignIn => ["Último login", "Last sign-in", "Último acceso"],
            Self::Invited => ["Convite", "Invited", "Invitación"],
            Self::WrongPasswords => ["Senhas erradas", "Wrong passwords", "Intentos fallidos"],
            Self::SignedIn => ["Entrou", "Got in", "Entró"],
            Self::From => ["De onde", "From", "Desde"],
            Self::Device => ["Aparelho", "Device", "Dispositivo"],
            Self::Addresses => ["Endereços", "Addresses", "Direcciones"],
            Self::Accounts => ["Contas", "Accounts", "Cuentas"],
            Self::ResetAt => ["Quando", "When", "Cuándo"],
            Self::ResetBy => ["Por", "By", "Por"],
            Self::Template => ["Modelo", "Template", "Plantilla"],
            Self::ApprovedAt => ["Aprovado em", "Approved", "Aprobada el"],
            Self::Before => ["Antes", "Before", "Antes"],
            Self::JudgedBy => ["Comparação", "Compared by", "Comparación"],
            Self::SessionsOpened => ["Abertas", "Opened", "Abiertas"],
            Self::RequiredSince => ["Exigido desde", "Required since", "Exigido desde"],
            Self::AdministratorSince => ["Administra desde", "Administrator since", "Administra desde"],
            Self::Failures | Self::Address | Self::AddressCount | Self::IsSetUpAgain => return None,
            Self::Kilometres | Self::IsNewCountry | Self::IsNewNetwork | Self::IsNewDevice => return None,
            Self::SessionCount | Self::AdministratorGrants => return None,
        };
        Some(language.pick(&label))
    }
}

/// A value: ids, numbers and instants, so that the same thing stays the same from night to night and can be told in any
/// language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactValue {
    At(Timestamp),
    During {
        from: Timestamp,
        to: Timestamp,
    },
    Number(i64),
    Days(i64),
    Is(bool),
    /// As it was given, by anybody: made harmless when it is told.
    Text(String),
    /// An internet address; its country is told beside it where it is known.
    Address(String),
    /// As a user agent.
    Device(String),
    SignIn(SignIn),
    /// Those with the most failures, most first, of so many.
    Addresses {
        named: Vec<FailuresFrom>,
        count: i64,
    },
    /// Accounts of this workspace with the most failures, most first, of so many; and how many more that are not this
    /// workspace's. Which those are is nobody's business here.
    Accounts {
        named: Vec<FailuresOn>,
        count: i64,
        foreign: i64,
    },
    /// None: who has the machine.
    Member(Option<MemberId>),
    /// Some of so many.
    Members {
        named: Vec<MemberId>,
        count: i64,
    },
    Role(RoleId),
    /// What an action may be taken on; not told.
    Grants(Vec<GrantId>),
    Channel(ChannelId),
    Channels(Vec<ChannelId>),
    Team(TeamId),
    ApiKey(ApiKeyId),
    MetaApp(MetaAppId),
    /// By key, as `contact:read_phone`, with when each was last used.
    Permissions(Vec<PermissionUse>),
    Basis(Basis),
}

/// By what two places were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// How far they are from each other.
    Coordinates,
    Countries,
    /// Their networks alone: nothing says where those are.
    Networks,
}

/// A sign-in that succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    pub at: Timestamp,
    pub address: String,
    pub user_agent: String,
}

/// Failures from one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailuresFrom {
    pub address: String,
    pub failures: i64,
}

/// Failures on one member's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailuresOn {
    pub member_id: MemberId,
    pub failures: i64,
}

/// A permission, and when it was used last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionUse {
    pub permission: String,
    pub last_used_at: Option<Timestamp>,
}
