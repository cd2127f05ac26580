//! Where on earth an address is, as far as a database of cities says.

/// Longer than any honest inexactness, which is that of a whole country.
const LEAST_EXACT: f64 = 2_000.0;
/// Of what a database does not say how exact it is.
const USUALLY_EXACT: f64 = 100.0;
/// Kilometres.
const RADIUS_OF_EARTH: f64 = 6_371.0;

/// A place with how far off it may be, in kilometres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    latitude: f64,
    longitude: f64,
    inexactness: f64,
}

impl Position {
    /// In degrees, and kilometres. None: no place on earth.
    pub fn new(latitude: f64, longitude: f64, inexactness: Option<u16>) -> Option<Self> {
        let is_on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        let inexactness = inexactness.map_or(USUALLY_EXACT, f64::from).min(LEAST_EXACT);
        is_on_earth.then_some(Self { latitude, longitude, inexactness })
    }

    /// How far it is to another at least, by the shortest way and less how inexact both are, in whole kilometres.
    pub fn kilometres_to(&self, other: &Self) -> i64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let (north, east) = (to - from, (other.longitude - self.longitude).to_radians());
        let half = |angle: f64| (angle / 2.0).sin().powi(2);
        let chord = half(north) + from.cos() * to.cos() * half(east);
        let distance = 2.0 * RADIUS_OF_EARTH * chord.sqrt().min(1.0).asin();
        whole(distance - self.inexactness - other.inexactness)
    }
}

/// At most half of the earth's girth, which is far from where a number would not fit.
#[expect(clippy::cast_possible_truncation, reason = "kilometres on earth are few")]
fn whole(kilometres: f64) -> i64 {
    kilometres.max(0.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, longitude: f64, inexactness: u16) -> Position {
        Position::new(latitude, longitude, Some(inexactness)).unwrap()
    }

    #[test]
    fn distances_are_the_shortest_less_what_is_not_known() {
        let (sao_paulo, lisbon) = (at(-23.55, -46.63, 0), at(38.72, -9.14, 0));
        assert!((7_900..8_000).contains(&sao_paulo.kilometres_to(&lisbon)));
        assert_eq!(lisbon.kilometres_to(&sao_paulo), sao_paulo.kilometres_to(&lisbon));
        assert!((7_400..7_500).contains(&at(-23.55, -46.63, 200).kilometres_to(&at(38.72, -9.14, 300))));
        assert_eq!(at(-23.55, -46.63, 50).kilometres_to(&at(-23.96, -46.33, 20)), 0, "Santos is next door");
        assert!(at(0.0, 179.5, 0).kilometres_to(&at(0.0, -179.5, 0)) < 120, "over the line of the date");
        assert!((20_000..20_020).contains(&at(90.0, 0.0, 0).kilometres_to(&at(-90.0, 0.0, 0))));
    }

    #[test]
    fn what_is_not_on_earth_is_no_place() {
        for (latitude, longitude) in [(91.0, 0.0), (0.0, 181.0), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(Position::new(latitude, longitude, None), None);
        }
    }
}
