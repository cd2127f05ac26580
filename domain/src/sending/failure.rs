//! What Meta's error codes mean for a message, for the number that sends it, and for who wrote it.
//!
//! Codes and what they stand for: Meta's documentation of the Cloud API, "Error codes".

use std::time::Duration;

use portaria_entity::channel_sending::StopReason;
use portaria_entity::outgoing_message::SendFailure;

/// What is to be done about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The message can be sent later as it is.
    Again,
    /// The number has to be slower: nothing of it goes out for a while.
    SlowDown,
    /// This customer has been written to too often within moments: their conversation waits.
    SlowDownConversation,
    /// Nothing can be sent from the number until somebody has seen to it. The message stays in line.
    Stop(StopReason),
    /// The message is not going to be sent.
    GiveUp(SendFailure),
}

/// So many attempts are made at a message that might be taken later.
pub const MOST_ATTEMPTS: i32 = 24;

/// What is to be done after this code came with this HTTP status.
pub fn remedy(status: u16, code: i64) -> Remedy {
    use SendFailure as Failure;
    match code {
        // Out of order for a moment: unknown error, service down, overload, or a number that is being upgraded.
        1 | 2 | 131_000 | 131_016 | 135_000 => Remedy::Again,
        // Too many calls or messages: of the app, the account, or the number.
        4 | 80_007 | 130_429 | 131_057 | 133_016 | 131_064 => Remedy::SlowDown,
        131_056 => Remedy::SlowDownConversation,
        0 | 190 => Remedy::Stop(StopReason::Token),
        3 | 10 | 200..=299 | 131_005 => Remedy::Stop(StopReason::Permission),
        368 | 131_031 => Remedy::Stop(StopReason::Restricted),
        131_042 => Remedy::Stop(StopReason::Payment),
        33 | 131_045 | 133_010 | 131_037 => Remedy::Stop(StopReason::NotRegistered),
        131_048 => Remedy::Stop(StopReason::Spam),
        131_047 => Remedy::GiveUp(Failure::WindowClosed),
        131_050 => Remedy::GiveUp(Failure::MarketingStopped),
        // Part of an experiment of Meta's, or kept from too much marketing.
        130_472 | 131_049 => Remedy::GiveUp(Failure::MarketingHeldBack),
        // No WhatsApp, or an old one; or the company may not write into that country.
        131_026 | 130_497 | 131_021 => Remedy::GiveUp(Failure::Undeliverable),
        131_062 => Remedy::GiveUp(Failure::NotAddressable),
        132_001 | 132_005 | 132_007 | 132_015 | 132_016 | 132_068 | 132_069 => {
            Remedy::GiveUp(Failure::TemplateUnusable)
        }
        132_000 | 132_012 | 132_018 => Remedy::GiveUp(Failure::TemplateValues),
        131_052 | 131_053 => Remedy::GiveUp(Failure::Media),
        100 | 131_008 | 131_009 | 131_051 => Remedy::GiveUp(Failure::Invalid),
        _ => match status {
            401 => Remedy::Stop(StopReason::Token),
            403 => Remedy::Stop(StopReason::Permission),
            429 => Remedy::SlowDown,
            500..=599 => Remedy::Again,
            _ => Remedy::GiveUp(Failure::Other),
        },
    }
}

/// How long to wait before the next attempt after so many: four times as long each time for one customer, as Meta asks;
/// twice as long otherwise.
pub fn pause(remedy: Remedy, attempts: i32) -> Duration {
    let attempts = u32::try_from(attempts.max(1) - 1).unwrap_or(0);
    let (first, factor, most) = match remedy {
        Remedy::SlowDownConversation => (4, 4_u64, 1_024),
        Remedy::SlowDown => (4, 2, 60),
        Remedy::Again | Remedy::Stop(_) | Remedy::GiveUp(_) => (2, 2, 300),
    };
    Duration::from_secs(factor.saturating_pow(attempts).saturating_mul(first).min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_contract_has_a_remedy_of_its_own() {
        use Remedy::{Again, GiveUp, SlowDown, SlowDownConversation, Stop};
        for (code, expected) in [
            (131_000, Again),
            (2, Again),
            (130_429, SlowDown),
            (80_007, SlowDown),
            (131_056, SlowDownConversation),
            (190, Stop(StopReason::Token)),
            (10, Stop(StopReason::Permission)),
            (299, Stop(StopReason::Permission)),
            (131_031, Stop(StopReason::Restricted)),
            (131_042, Stop(StopReason::Payment)),
            (33, Stop(StopReason::NotRegistered)),
            (131_048, Stop(StopReason::Spam)),
            (131_047, GiveUp(SendFailure::WindowClosed)),
            (131_050, GiveUp(SendFailure::MarketingStopped)),
            (131_062, GiveUp(SendFailure::NotAddressable)),
            (132_015, GiveUp(SendFailure::TemplateUnusable)),
            (132_000, GiveUp(SendFailure::TemplateValues)),
            (131_053, GiveUp(SendFailure::Media)),
            (100, GiveUp(SendFailure::Invalid)),
        ] {
            assert_eq!(remedy(400, code), expected, "{code}");
        }
    }

    #[test]
    fn a_code_that_nobody_knows_is_judged_by_its_http_status() {
        assert_eq!(remedy(503, 999_999), Remedy::Again);
        assert_eq!(remedy(429, -1), Remedy::SlowDown);
        assert_eq!(remedy(401, -1), Remedy::Stop(StopReason::Token));
        assert_eq!(remedy(400, 999_999), Remedy::GiveUp(SendFailure::Other));
    }

    #[test]
    fn pauses_grow_and_end() {
        let seconds = |remedy, attempts| pause(remedy, attempts).as_secs();
        let conversation = [1, 2, 3, 9].map(|attempts| seconds(Remedy::SlowDownConversation, attempts));
        assert_eq!(conversation, [4, 16, 64, 1_024]);
        assert_eq!([1, 2, 3, 40].map(|attempts| seconds(Remedy::Again, attempts)), [2, 4, 8, 300]);
        assert_eq!([0, 1, 2, 40].map(|attempts| seconds(Remedy::SlowDown, attempts)), [4, 4, 8, 60]);
    }
}
