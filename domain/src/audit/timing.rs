//! How long an audit takes: each of its rules, and each of its steps.

use std::time::Instant;

use portaria_entity::finding::AuditRule;

/// Time that is being taken.
pub struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Puts down that a rule was applied, and what it found.
    pub(super) fn rule(&self, rule: AuditRule, found: usize) {
        let (rule, seconds): (&'static str, _) = (rule.into(), self.0.elapsed().as_secs_f64());
        metrics::histogram!("portaria_audit_rule_seconds", "rule" => rule).record(seconds);
        tracing::debug!(rule, seconds, found, "a rule was applied");
    }

    /// Puts down that a step was taken; the next begins.
    pub fn step(&mut self, step: &'static str) {
        let seconds = self.0.elapsed().as_secs_f64();
        metrics::histogram!("portaria_audit_step_seconds", "step" => step).record(seconds);
        tracing::debug!(step, seconds, "a step of an audit was taken");
        *self = Self::start();
    }
}
