//! Message ids shaped like WhatsApp's: base64 of a small frame that carries the other side's phone number.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::random::Random;

/// Which side wrote the message; Meta's ids differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the customer.
    Incoming,
    /// From the business.
    Outgoing,
}

/// A new id for a message to or from the address.
pub fn wamid(address: &str, direction: Direction, random: &mut Random) -> String {
    let (marker, reference) = match direction {
        Direction::Incoming => (0x12, format!("3A{}", random.hex(18))),
        Direction::Outgoing => (0x11, random.hex(18)),
    };
    let mut frame = vec![0x1c, 0x18, address.len() as u8];
    frame.extend_from_slice(address.as_bytes());
    frame.extend_from_slice(&[0x15, 0x02, 0x00, marker, 0x18, reference.len() as u8]);
    frame.extend_from_slice(reference.as_bytes());
    frame.push(0);
    format!("wamid.{}", STANDARD.encode(frame))
}

/// A new call id, framed like a message's.
pub fn wacid(address: &str, random: &mut Random) -> String {
    wamid(address, Direction::Incoming, random).replacen("wamid.", "wacid.", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_as_a_real_one_of_that_phone_does() {
        let incoming = wamid("16503879439", Direction::Incoming, &mut Random::new(1));
        assert!(incoming.starts_with("wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQ"), "{incoming}");
        let outgoing = wamid("16503879439", Direction::Outgoing, &mut Random::new(1));
        assert!(outgoing.starts_with("wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI"), "{outgoing}");
        assert_eq!(incoming.len(), "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=".len());
    }

    #[test]
    fn two_are_never_the_same() {
        let mut random = Random::new(5);
        let first = wamid("1", Direction::Incoming, &mut random);
        assert_ne!(first, wamid("1", Direction::Incoming, &mut random));
    }
}
