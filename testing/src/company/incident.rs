//! What is planted among the days, and when.

mod access;
mod intrusion;
mod operation;

use super::{Company, Scale};

/// Something that goes wrong, or is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incident {
    SprayFromOne,
    SprayFromMany,
    /// One account every two hours.
    SlowSpray,
    Guessing,
    GuessedRight,
    Stuffing,
    Phished,
    StolenSession,
    TwoPlacesAtOnce,
    NewCountry,
    AtNight,
    ManySessions,
    FactorFraud,
    /// Somebody has a new telephone, and says so.
    HonestReset,
    AdministratorsFactorReset,
    AdministratorWithoutFactor,
    DeveloperWithoutFactor,
    FactorsAreBack,
    ForgottenComesBack,
    ExportAfterGrant,
    Harvest,
    TemporaryWithoutEnd,
    GrantThatEnds,
    PowerNeverUsed,
    ApprovedAlone,
    KeyElsewhere,
    OneAdministratorLeft,
    AdministratorsAreBack,
    NobodyOnSundays,
    SignaturesFail,
    BrokenChain,
}

/// An incident at a local minute of a day, and who of those who are kept for it is the victim.
#[derive(Clone, Copy, Debug)]
pub struct Scheduled {
    pub day: i64,
    pub minute: i64,
    pub incident: Incident,
    pub victim: usize,
}

const YEAR: &[(i64, i64, Incident)] = &[
    (1, 600, Incident::PowerNeverUsed),
    (22, 600, Incident::HonestReset),
    (37, 600, Incident::TemporaryWithoutEnd),
    (43, 130, Incident::SprayFromOne),
    (58, 200, Incident::Guessing),
    (64, 600, Incident::DeveloperWithoutFactor),
    (71, 600, Incident::FactorsAreBack),
    (78, 100, Incident::SprayFromMany),
    (85, 600, Incident::GrantThatEnds),
    (92, 600, Incident::AdministratorWithoutFactor),
    (99, 600, Incident::FactorsAreBack),
    (114, 150, Incident::Stuffing),
    (127, 600, Incident::HonestReset),
    (134, 240, Incident::GuessedRight),
    (148, 840, Incident::StolenSession),
    (155, 690, Incident::TwoPlacesAtOnce),
    (162, 660, Incident::ForgottenComesBack),
    (169, 600, Incident::FactorFraud),
    (184, 700, Incident::NobodyOnSundays),
    (195, 192, Incident::AtNight),
    (204, 600, Incident::AdministratorsFactorReset),
    (211, 600, Incident::SignaturesFail),
    (218, 600, Incident::ExportAfterGrant),
    (225, 800, Incident::ForgottenComesBack),
    (237, 780, Incident::NewCountry),
    (239, 1150, Incident::Harvest),
    (253, 600, Incident::HonestReset),
    (260, 600, Incident::KeyElsewhere),
    (267, 900, Incident::ManySessions),
    (274, 630, Incident::ApprovedAlone),
    (281, 510, Incident::SlowSpray),
    (288, 110, Incident::SprayFromOne),
    (309, 600, Incident::OneAdministratorLeft),
    (316, 600, Incident::AdministratorsAreBack),
    (323, 140, Incident::GuessedRight),
    (330, 600, Incident::AdministratorsFactorReset),
    (337, 200, Incident::Guessing),
    (344, 180, Incident::Phished),
    (350, 600, Incident::BrokenChain),
];

const MONTH: &[(i64, i64, Incident)] = &[
    (4, 600, Incident::HonestReset),
    (8, 130, Incident::SprayFromOne),
    (11, 200, Incident::Guessing),
    (15, 100, Incident::SprayFromMany),
    (18, 240, Incident::GuessedRight),
    (22, 600, Incident::FactorFraud),
    (24, 600, Incident::ApprovedAlone),
    (28, 1150, Incident::Harvest),
    (25, 840, Incident::StolenSession),
];

pub fn script(scale: Scale) -> Vec<Scheduled> {
    let script = if scale.is_year() { YEAR } else { MONTH };
    let numbered = script.iter().enumerate();
    numbered
        .map(|(victim, (day, minute, incident))| Scheduled {
            day: *day,
            minute: *minute,
            incident: *incident,
            victim,
        })
        .collect()
}

impl Company {
    pub(super) async fn happen(&mut self, story: usize) {
        let Scheduled { incident, victim, day, minute } = self.script[story];
        let when = (day, minute);
        let victim = self.kept(victim % if self.scale.is_year() { 38 } else { 8 });
        match incident {
            Incident::SprayFromOne => self.spray_from_one(when).await,
            Incident::SprayFromMany => self.spray_from_many(when, 1).await,
            Incident::SlowSpray => self.spray_from_many(when, 120).await,
            Incident::Guessing => self.guessing(victim, when).await,
            Incident::GuessedRight => self.guessed_right(victim, when).await,
            Incident::Stuffing => self.stuffing(victim, when).await,
            Incident::Phished => self.phished(victim, when).await,
            Incident::StolenSession => self.stolen_session(victim).await,
            Incident::TwoPlacesAtOnce => self.two_places_at_once(victim).await,
            Incident::NewCountry => self.new_country(victim).await,
            Incident::AtNight => self.at_night(victim, day).await,
            Incident::ManySessions => self.many_sessions(victim, when).await,
            Incident::FactorFraud => self.factor_fraud(victim, when).await,
            Incident::HonestReset => self.honest_reset(victim, when).await,
            Incident::AdministratorsFactorReset => self.administrators_factor_reset(when).await,
            Incident::AdministratorWithoutFactor => self.without_factor(0).await,
            Incident::DeveloperWithoutFactor => self.without_factor(1).await,
            Incident::FactorsAreBack => self.factors_are_back().await,
            Incident::ForgottenComesBack => self.forgotten_comes_back(day).await,
            Incident::ExportAfterGrant => self.export_after_grant(victim, when).await,
            Incident::Harvest => self.harvest(victim).await,
            Incident::TemporaryWithoutEnd => self.temporary_without_end(victim).await,
            Incident::GrantThatEnds => self.grant_that_ends(victim).await,
            Incident::PowerNeverUsed => self.power_never_used(victim).await,
            Incident::ApprovedAlone => self.approved_alone().await,
            Incident::KeyElsewhere => self.key_elsewhere().await,
            Incident::OneAdministratorLeft => self.one_administrator_left(day).await,
            Incident::AdministratorsAreBack => self.administrators_are_back().await,
            Incident::NobodyOnSundays => self.nobody_on_sundays().await,
            Incident::SignaturesFail => self.signatures_fail().await,
            Incident::BrokenChain => self.break_chain().await,
        }
    }
}
