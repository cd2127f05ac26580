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
    /// A right password whose second factor did not come.
    RightPassword,
    OtherAccounts,
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
    Role,
    Channel,
    Team,
    GrantedAt,
    GrantedBy,
    Reason,
    ExportedAt,
    Exports,
    TakenBackAt,
    GranterIsGone,
    Grants,
    Period,
    Contacts,
    MostContacts,
    UnusedPermissions,
    HeldSince,
    MeantUntil,
    EndsAt,
    CreatedAt,
    MadeBy,
    LastUsed,
    WorksOn,
    FirstSeen,
    Program,
    KnownNetworks,
    Bot,
    Directory,
    /// Where else than by mail administrators are told.
    Endpoint,
    IsGone,
    Permitted,
    Hours,
    Waited,
    App,
    Provider,
    SameSince,
    Refusals,
    OthersWereTaken,
    Flaws,
    FirstFlaw,
    MissingKey,
    /// Reports that did not reach somebody, since when, and what the mail server answered.
    ReportsLost,
    ReportsLostSince,
    MailAnswer,
    AdministratorGrants,
    /// When, from where and with what a session was opened; and where and with what else it was used first.
    OpenedFrom,
    UsedFrom,
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
            Self::RightPassword => ["Senha certa", "Right password", "Contraseña correcta"],
            Self::OtherAccounts => return None,
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
            Self::ReportsLostSince => ["Primeiro perdido", "First one lost", "Primero perdido"],
            Self::MailAnswer => ["Resposta do servidor", "Server's answer", "Respuesta del servidor"],
            Self::OpenedFrom => ["Sessão aberta", "Session opened", "Sesión abierta"],
            Self::UsedFrom => ["Sessão usada", "Session used", "Sesión usada"],
            Self::ReportsLost => return None,
            Self::Failures | Self::Address | Self::AddressCount | Self::IsSetUpAgain => return None,
            Self::Kilometres | Self::IsNewCountry | Self::IsNewNetwork | Self::IsNewDevice => return None,
            Self::Role => ["Papel", "Role", "Rol"],
            Self::Channel => ["Número", "Number", "Número"],
            Self::Team => ["Equipe", "Team", "Equipo"],
            Self::GrantedAt => ["Desde", "Since", "Desde"],
            Self::GrantedBy => ["Concedido por", "Given by", "Dado por"],
            Self::Reason => ["Motivo informado", "Reason given", "Motivo indicado"],
            Self::ExportedAt => ["Exportação", "Export", "Exportación"],
            Self::Exports => ["Exportações", "Exports", "Exportaciones"],
            Self::TakenBackAt => ["Acesso retirado", "Access taken back", "Acceso retirado"],
            Self::Period => ["Período", "When", "Período"],
            Self::MostContacts => {
                ["Máximo em um dia até então", "Most in one day before", "Máximo en un día hasta entonces"]
            }
            Self::UnusedPermissions => ["Permissões sem uso", "Permissions not used", "Permisos sin uso"],
            Self::HeldSince => ["Com a pessoa desde", "Held since", "Los tiene desde"],
            Self::MeantUntil => ["Período previsto até", "Meant to stay until", "Período previsto hasta"],
            Self::EndsAt => ["Fim", "End", "Fin"],
            Self::CreatedAt => ["Criada em", "Made", "Creada"],
            Self::MadeBy => ["Criada por", "Made by", "Creada por"],
            Self::LastUsed => ["Último uso", "Last used", "Último uso"],
            Self::WorksOn => ["O robô atende", "The bot looks after", "El bot atiende"],
            Self::FirstSeen => ["Primeira vez", "First time", "Primera vez"],
            Self::Program => ["Programa", "Program", "Programa"],
            Self::KnownNetworks => ["Redes conhecidas", "Networks known", "Redes conocidas"],
            Self::Bot => ["Robô", "Bot", "Bot"],
            Self::Directory => ["Diretório", "Directory", "Directorio"],
            Self::Endpoint => ["Destino de alertas", "Endpoint of alerts", "Destino de alertas"],
            Self::Hours => ["Horários", "Hours", "Horarios"],
            Self::App => ["Aplicativo", "App", "Aplicación"],
            Self::Provider => ["Provedor", "Provider", "Proveedor"],
            Self::SameSince => ["O mesmo desde", "The same since", "El mismo desde"],
            Self::FirstFlaw => ["O primeiro", "The first", "El primero"],
            Self::GranterIsGone
            | Self::Grants
            | Self::Contacts
            | Self::IsGone
            | Self::Permitted
            | Self::Waited
            | Self::Refusals
            | Self::OthersWereTaken
            | Self::Flaws
            | Self::MissingKey => return None,
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
    /// Of the week, from Monday at midnight.
    HoursOfWeek(Vec<i64>),
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

/// A sign-in: one that succeeded, or as far as the fact says; or a use of the session that it opened.
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
