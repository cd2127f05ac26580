//! Typed ids: a UUIDv7 inside, a prefixed string such as `conv_01jd...` outside (the TypeID form).

use std::fmt;
use std::str::FromStr;

use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use uuid::Uuid;

/// Crockford's base 32, in lower case, as TypeID uses it.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 26 digits of 5 bits hold 130: the first digit of a 128-bit value is at most 7.
const DIGITS: usize = 26;

/// A string that is not an id of the wanted type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidId {
    pub expected: &'static str,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an id of the form {}_...", self.expected)
    }
}

impl std::error::Error for InvalidId {}

/// What all typed ids share.
pub trait TypedId: Copy + From<Uuid> + Into<Uuid> + fmt::Display + FromStr<Err = InvalidId> {
    /// What its external form starts with.
    const PREFIX: &'static str;
}

fn encode(prefix: &str, uuid: Uuid, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let value = uuid.as_u128();
    let mut text = [0u8; DIGITS];
    for (position, digit) in text.iter_mut().enumerate() {
        let shift = 5 * (DIGITS - 1 - position);
        *digit = ALPHABET[(value >> shift) as usize & 31];
    }
    f.write_str(prefix)?;
    f.write_str("_")?;
    f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

fn decode(prefix: &'static str, text: &str) -> Result<Uuid, InvalidId> {
    let invalid = InvalidId { expected: prefix };
    let Some(digits) = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')) else {
        return Err(invalid);
    };
    if digits.len() != DIGITS || digits.as_bytes()[0] > b'7' {
        return Err(invalid);
    }
    let mut value: u128 = 0;
    for byte in digits.bytes() {
        let Some(digit) = ALPHABET.iter().position(|known| *known == byte) else {
            return Err(invalid);
        };
        value = value << 5 | digit as u128;
    }
    Ok(Uuid::from_u128(value))
}

macro_rules! typed_ids {
    ($($name:ident = $prefix:literal,)*) => {
        $(
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
            pub struct $name(pub Uuid);

            impl TypedId for $name {
                const PREFIX: &'static str = $prefix;
            }

            impl From<Uuid> for $name {
                fn from(uuid: Uuid) -> Self {
                    Self(uuid)
                }
            }

            impl From<$name> for Uuid {
                fn from(id: $name) -> Self {
                    id.0
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    encode($prefix, self.0, f)
                }
            }

            impl FromStr for $name {
                type Err = InvalidId;

                fn from_str(text: &str) -> Result<Self, InvalidId> {
                    decode($prefix, text).map(Self)
                }
            }

            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                }
            }

            impl TryFromU64 for $name {
                fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                    Err(DbErr::ConvertFromU64(stringify!($name)))
                }
            }
        )*

        #[cfg(test)]
        const PREFIXES: &[&str] = &[$($prefix),*];
    };
}

typed_ids! {
    WorkspaceId = "ws",
    UserId = "user",
    MemberId = "mem",
    TeamId = "team",
    MetaAppId = "app",
    MetaAppSecretId = "appsec",
    ChannelId = "chan",
    RoleId = "role",
    GrantId = "grant",
    SessionId = "sess",
    SignInEventId = "signin",
    SetupTokenId = "setup",
    ContactId = "contact",
    ContactIdentityId = "ident",
    ContactMergeId = "merge",
    ConversationId = "conv",
    EscalationId = "esc",
    TransferId = "transfer",
    LabelId = "label",
    BusinessHoursId = "hours",
    EpisodeId = "epi",
    MessageId = "msg",
    RoutingDecisionId = "route",
    MessageStatusId = "msgst",
    MediaFileId = "media",
    WebhookDeliveryId = "whd",
    WebhookChangeId = "whc",
    EventId = "evt",
    ActivityId = "act",
    AuditRunId = "audit",
    FindingId = "find",
    AccessReviewId = "review",
    AccessReviewItemId = "revitem",
    AccessReviewScheduleId = "revsched",
    NoticeId = "notice",
    NotificationEndpointId = "endpoint",
    NotificationEndpointSecretId = "endsec",
    NotificationDeliveryId = "delivery",
    OutgoingMailId = "mail",
    InvitationId = "inv",
    EmergencyEligibilityId = "elig",
    EmergencyActivationId = "emerg",
    SecondFactorId = "factor",
    PasswordResetId = "pwreset",
    PasswordResetRequestId = "pwask",
    PasskeyId = "passkey",
    PasskeyChallengeId = "challenge",
    RecoveryCodeId = "recovery",
    SecondFactorResetId = "reset",
    ApiKeyId = "key",
    DirectoryCredentialId = "dir",
    DirectoryUserId = "diruser",
    DirectoryGroupId = "dirgroup",
    DirectoryMappingId = "dirmap",
    IdentityProviderId = "idp",
    RoleMappingId = "map",
    ExternalIdentityId = "xid",
    SingleSignOnId = "sso",
    AlertId = "alert",
    ConsentId = "consent",
    BusinessAccountId = "waba",
    TemplateId = "tmpl",
    QuickReplyId = "reply",
    GuidelineId = "guide",
    BotId = "bot",
    BotTurnId = "turn",
    TemplateVersionId = "tmplver",
    TemplateSubmissionId = "tmplsub",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_external_form() {
        for value in [0, 1, 31, 32, u128::MAX, 0x0193_5f00_0000_7000_8000_0000_0000_0001] {
            let id = ConversationId(Uuid::from_u128(value));
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert_eq!(ConversationId(Uuid::from_u128(33)).to_string(), "conv_00000000000000000000000011");
    }

    #[test]
    fn an_id_of_another_type_or_form_is_refused() {
        let good = ConversationId(Uuid::from_u128(7)).to_string();
        assert!(good.parse::<ContactId>().is_err());
        for bad in ["", "conv", "conv_", "conv_8zzzzzzzzzzzzzzzzzzzzzzzzz", &good[..30], &good.to_uppercase()]
        {
            assert!(bad.parse::<ConversationId>().is_err(), "{bad}");
        }
        assert!("conv_é0000000000000000000000000".parse::<ConversationId>().is_err());
    }

    #[test]
    fn prefixes_are_distinct() {
        let distinct: std::collections::HashSet<_> = PREFIXES.iter().collect();
        assert_eq!(distinct.len(), PREFIXES.len());
    }
}
