//! What goes wrong on purpose: a share of requests and webhooks by the seed, and events at a time.

use crate::random::Random;
use crate::span;

/// A share of requests: so many of a million.
type Share = u32;

/// What goes wrong. Shares are of a million; times are milliseconds after the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultPlan {
    /// Answered late, after so many milliseconds of the machine's time.
    pub slow: (Share, u64),
    /// Answered with 500 and code 1, 2 or 131000; nothing was done.
    pub error: Share,
    /// Answered with 503 and Retry-After; nothing was done.
    pub unavailable: Share,
    /// The connection ends without an answer; nothing was done.
    pub cut_before: Share,
    /// The connection ends without an answer after all was done.
    pub cut_after: Share,
    /// Answered with a page of HTML; nothing was done.
    pub html: Share,
    /// The answer breaks off in the middle; all was done.
    pub truncated: Share,
    /// A webhook delivered twice.
    pub doubled: Share,
    /// A status that overtakes the one before.
    pub reordered: Share,
    /// A webhook preceded by a forgery of it, which must be refused.
    pub forged: Share,
    /// From then on, for so long, every message is refused with 130429.
    pub storm: Option<(u64, u64)>,
    /// Every token is revoked then.
    pub token_revoked: Option<u64>,
    /// Every account is restricted then.
    pub account_restricted: Option<u64>,
    /// Throttled answers say when to come back.
    pub retry_after: bool,
}

/// What happens to one Graph request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestFault {
    None,
    Error,
    Unavailable,
    CutBefore,
    CutAfter,
    Html,
    Truncated,
}

/// The names [`FaultPlan::add`] knows, for the help.
pub const FAULTS: &str = "slow=5%:2s, error=1%, unavailable=1%, cut-before=1%, cut-after=1%, html=1%, truncated=1%, \
    garbage=1%, doubled=5%, reordered=5%, forged=1%, storm=10m:30s, token-revoked=10m, account-restricted=1h, \
    retry-after";

impl FaultPlan {
    /// Adds a fault as a flag names it: `slow=5%:2s`, `cut-after=1%`, `storm=10m:30s`, `retry-after`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let (first, second) = value.split_once(':').unwrap_or((value, ""));
        let at = || span::parse(first).ok_or_else(|| format!("{name} needs a time, as {name}=10m"));
        match name {
            "slow" => {
                let late = if second.is_empty() { Some(2000) } else { span::parse(second) };
                self.slow = (share(name, first)?, late.ok_or("slow needs a span, as slow=5%:2s")?);
            }
            "error" => self.error = share(name, value)?,
            "unavailable" => self.unavailable = share(name, value)?,
            "cut-before" => self.cut_before = share(name, value)?,
            "cut-after" => self.cut_after = share(name, value)?,
            "html" => self.html = share(name, value)?,
            "truncated" => self.truncated = share(name, value)?,
            "garbage" => {
                let share = share(name, value)?;
                (self.html, self.truncated) = (share / 2, share - share / 2);
            }
            "doubled" => self.doubled = share(name, value)?,
            "reordered" => self.reordered = share(name, value)?,
            "forged" => self.forged = share(name, value)?,
            "storm" => {
                let lasts = if second.is_empty() { Some(span::MINUTE) } else { span::parse(second) };
                self.storm = Some((at()?, lasts.ok_or("storm needs a span, as storm=10m:30s")?));
            }
            "token-revoked" => self.token_revoked = Some(at()?),
            "account-restricted" => self.account_restricted = Some(at()?),
            "retry-after" => self.retry_after = true,
            _ => return Err(format!("there is no fault {name}; there are {FAULTS}")),
        }
        Ok(())
    }

    /// The flags that give this plan.
    pub fn flags(&self) -> Vec<String> {
        let percent = |share: Share| format!("{}%", f64::from(share) / 10_000.0);
        let shares = [
            ("error", self.error),
            ("unavailable", self.unavailable),
            ("cut-before", self.cut_before),
            ("cut-after", self.cut_after),
            ("html", self.html),
            ("truncated", self.truncated),
            ("doubled", self.doubled),
            ("reordered", self.reordered),
            ("forged", self.forged),
        ];
        let shares = shares.into_iter().filter(|(_, share)| *share > 0);
        let mut flags: Vec<String> =
            shares.map(|(name, share)| format!("{name}={}", percent(share))).collect();
        if self.slow.0 > 0 {
            flags.push(format!("slow={}:{}ms", percent(self.slow.0), self.slow.1));
        }
        flags.extend(self.storm.map(|(at, lasts)| format!("storm={at}ms:{lasts}ms")));
        flags.extend(self.token_revoked.map(|at| format!("token-revoked={at}ms")));
        flags.extend(self.account_restricted.map(|at| format!("account-restricted={at}ms")));
        flags.extend(self.retry_after.then(|| "retry-after".to_owned()));
        flags
    }

    /// What happens to the request of that number.
    pub(crate) fn of_request(&self, seed: u64, request: u64) -> RequestFault {
        let mut drawn = Random::about(seed, &["fault", &request.to_string()]).below(1_000_000);
        let shares = [
            (self.error, RequestFault::Error),
            (self.unavailable, RequestFault::Unavailable),
            (self.cut_before, RequestFault::CutBefore),
            (self.cut_after, RequestFault::CutAfter),
            (self.html, RequestFault::Html),
            (self.truncated, RequestFault::Truncated),
        ];
        for (share, fault) in shares {
            if drawn < u64::from(share) {
                return fault;
            }
            drawn -= u64::from(share);
        }
        RequestFault::None
    }

    /// How late the answer to that request comes, in milliseconds of the machine's time.
    pub(crate) fn delay_of_request(&self, seed: u64, request: u64) -> Option<u64> {
        let late = Random::about(seed, &["slow", &request.to_string()]).per_million(self.slow.0);
        late.then_some(self.slow.1)
    }
}

/// `5%` or `0.25%` as a share of a million.
fn share(name: &str, text: &str) -> Result<Share, String> {
    let wrong = || format!("{name} needs a percentage, as {name}=5%");
    let number: f64 = text.strip_suffix('%').unwrap_or(text).parse().map_err(|_| wrong())?;
    if (0.0..=100.0).contains(&number) { Ok((number * 10_000.0).round() as Share) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read() {
        let mut plan = FaultPlan::default();
        for flag in [
            "slow=5%:2s",
            "cut-after=0.25%",
            "storm=10m:30s",
            "token-revoked=1h",
            "garbage=3%",
            "retry-after",
        ] {
            plan.add(flag).unwrap();
        }
        assert_eq!((plan.slow, plan.cut_after), ((50_000, 2000), 2500));
        assert_eq!((plan.storm, plan.token_revoked), (Some((600_000, 30_000)), Some(3_600_000)));
        assert_eq!((plan.html, plan.truncated, plan.retry_after), (15_000, 15_000, true));
        let mut again = FaultPlan::default();
        for flag in plan.flags() {
            again.add(&flag).unwrap();
        }
        assert_eq!(again, plan);
        for flag in ["slow", "slow=101%", "error=x", "storm=often", "earthquake=1%"] {
            assert!(plan.add(flag).is_err(), "{flag}");
        }
    }

    #[test]
    fn faults_come_as_often_as_asked_and_always_to_the_same_requests() {
        let plan = FaultPlan { error: 100_000, cut_after: 50_000, ..FaultPlan::default() };
        let count = |seed, fault| (0..10_000).filter(|one| plan.of_request(seed, *one) == fault).count();
        assert!((850..1150).contains(&count(1, RequestFault::Error)));
        assert!((400..600).contains(&count(1, RequestFault::CutAfter)));
        assert_eq!(count(1, RequestFault::Html), 0);
        let which = |seed| (0..100).map(|one| plan.of_request(seed, one)).collect::<Vec<_>>();
        assert_eq!(which(3), which(3));
        assert_ne!(which(3), which(4));
    }
}
