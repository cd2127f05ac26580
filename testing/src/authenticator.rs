//! An authenticator app, as somebody has it on their telephone.

use portaria_domain::clock::Clock;
use totp_rs::{Builder, Secret, Totp};

pub struct Authenticator {
    totp: Totp,
    clock: Clock,
}

impl Authenticator {
    /// From a secret in base 32, with a clock that goes as the test's does.
    pub fn new(secret: &str, clock: &Clock) -> Self {
        let secret = Secret::try_from_base32(secret).expect("a secret in base 32");
        let totp = Builder::new().with_secret(secret).build().expect("codes");
        Self { totp, clock: clock.clone() }
    }

    /// What it shows now.
    pub fn code(&self) -> String {
        self.code_in(0)
    }

    /// What it shows so many seconds from now.
    pub fn code_in(&self, seconds: i64) -> String {
        let at = u64::try_from(self.clock.now().as_secs() + seconds).expect("a time after 1970");
        self.totp.generate(at).to_string()
    }
}
