//! Devices: the names of program and system behind a user agent, out of a closed set, for the text itself is a stranger's;
//! and which of them, and which countries, a person has signed in from before.

mod known;
mod letter;
mod travel;

pub use known::PREFIX;
pub(crate) use known::{by_shown_token, is_known, network, recognise};

/// What a sign-in was made with, as far as it said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    pub program: Option<&'static str>,
    pub system: Option<&'static str>,
}

/// Most telling first: nearly every browser also claims to be the ones below it.
const PROGRAMS: [(&str, &str); 12] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-requests/", "Python"),
    ("okhttp/", "OkHttp"),
    ("Go-http-client/", "Go"),
];

const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
];

impl Device {
    pub fn is_known(self) -> bool {
        self.program.is_some() || self.system.is_some()
    }

    pub fn from_user_agent(user_agent: &str) -> Self {
        Self { program: first_match(&PROGRAMS, user_agent), system: first_match(&SYSTEMS, user_agent) }
    }

    /// Program and system, as it is kept: `Chrome/Windows`.
    pub(crate) fn kind(self) -> String {
        format!("{}/{}", self.program.unwrap_or("-"), self.system.unwrap_or("-"))
    }

    /// Whether both may be one device, of whatever version. A telephone whose browser asks for the pages of a computer says
    /// that it is one.
    pub(crate) fn may_be(self, other: Self) -> bool {
        let poses_as = |one: Self, other: Self| {
            matches!(
                (one.system, other.system),
                (Some("Android"), Some("Linux")) | (Some("iPhone" | "iPad"), Some("Mac"))
            )
        };
        let is_one_program = self.program.is_some() && self.program == other.program;
        self == other || is_one_program && (poses_as(self, other) || poses_as(other, self))
    }

    /// "Chrome on Windows", with the words of a language for what stands between and for nothing known.
    pub fn in_words(self, on: &str, unknown: &str) -> String {
        match (self.program, self.system) {
            (Some(program), Some(system)) => format!("{program} {on} {system}"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => unknown.to_owned(),
        }
    }
}

/// What user agents hold that name a system.
pub(crate) fn system_marks() -> impl Iterator<Item = &'static str> {
    SYSTEMS.iter().map(|(mark, _)| *mark)
}

fn first_match(known: &[(&str, &'static str)], user_agent: &str) -> Option<&'static str> {
    known.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_device(user_agent: &str, program: Option<&'static str>, system: Option<&'static str>) {
        assert_eq!(Device::from_user_agent(user_agent), Device { program, system });
    }

    #[test]
    fn common_browsers_are_known() {
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
        assert_device(chrome, Some("Chrome"), Some("Windows"));
        assert_device(&format!("{chrome} Edg/131.0.0.0"), Some("Edge"), Some("Windows"));
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";
        assert_device(iphone, Some("Safari"), Some("iPhone"));
        assert_device(
            "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
            Some("Firefox"),
            Some("Linux"),
        );
        assert_device("curl/8.5.0", Some("curl"), None);
    }

    #[test]
    fn a_telephone_that_asks_for_the_desktops_pages_is_the_same_device() {
        let device = |program, system| Device { program, system };
        let (chrome, safari) = (Some("Chrome"), Some("Safari"));
        let telephone = device(chrome, Some("Android"));
        assert!(
            telephone.may_be(device(chrome, Some("Linux")))
                && device(chrome, Some("Linux")).may_be(telephone)
        );
        assert!(device(safari, Some("iPad")).may_be(device(safari, Some("Mac"))));
        for other in [
            device(chrome, Some("Windows")),
            device(Some("Firefox"), Some("Linux")),
            device(None, Some("Linux")),
            device(None, None),
        ] {
            assert!(!telephone.may_be(other) && !other.may_be(telephone), "{other:?}");
        }
        assert!(!device(None, Some("Android")).may_be(device(None, Some("Linux"))));
        assert!(device(None, None).may_be(device(None, None)), "nothing is known of either");
    }

    #[test]
    fn a_strangers_text_is_never_repeated() {
        assert_device("<script>alert(1)</script> www.evil.example", None, None);
    }
}
