//! What a day brings: who comes when, from where, does what and goes.

use super::Company;
use super::calendar::{at, weekday};
use super::chance::Chance;
use super::employee::{COMPUTER, Employee, TELEPHONE, on_the_way};

/// Something that happens at a time.
#[derive(Debug)]
pub enum Act {
    /// Mistypes or has forgotten the password.
    Fails {
        who: usize,
        address: String,
    },
    SignsIn {
        who: usize,
        device: usize,
        address: String,
    },
    /// Sets a new password by a link that was mailed.
    Renews {
        who: usize,
    },
    /// Takes conversations, and sees so many customers' numbers.
    Works {
        who: usize,
        contacts: i64,
    },
    Leaves {
        who: usize,
        signs_out: bool,
    },
    Joins {
        who: usize,
    },
    /// Is removed on the day they leave.
    Departs {
        who: usize,
    },
    Uses {
        program: usize,
        address: String,
    },
    /// Strangers try what answers: every server has them.
    Knocks,
    /// The n-th of what was planted.
    Happens {
        story: usize,
    },
}

impl Act {
    /// Whether it makes transactions of its own.
    pub fn stands_alone(&self) -> bool {
        match self {
            Self::Joins { .. } | Self::Departs { .. } | Self::Uses { .. } | Self::Happens { .. } => true,
            Self::Fails { .. }
            | Self::SignsIn { .. }
            | Self::Renews { .. }
            | Self::Works { .. }
            | Self::Leaves { .. }
            | Self::Knocks => false,
        }
    }
}

impl Company {
    /// Adds what a day brings to what is to come.
    pub(super) fn plan(&mut self, day: i64) {
        let mut acts = vec![(30, Act::Knocks)];
        for (who, employee) in self.staff.iter_mut().enumerate() {
            if employee.joins == day && day > 0 {
                acts.push((7 * 60, Act::Joins { who }));
            }
            if employee.leaves == day && !employee.keeps_access {
                acts.push((17 * 60, Act::Departs { who }));
            }
            let chance = Chance::of(&[self.scale.seed, employee.number, day, 2]);
            if employee.works(day) {
                works(&mut acts, (who, employee), day, chance);
            } else if employee.is_away_with_telephone(day) {
                peeks(&mut acts, who, chance);
            }
        }
        for (program, one) in self.programs.iter().enumerate() {
            if day < one.until {
                acts.push((6 * 60, Act::Uses { program, address: "198.18.255.9".to_owned() }));
            }
        }
        let today = self.script.iter().enumerate().filter(|(_, scheduled)| scheduled.day == day);
        acts.extend(today.map(|(story, scheduled)| (scheduled.minute, Act::Happens { story })));
        for (minute, act) in acts {
            self.coming.insert((at(day, minute), self.planned), act);
            self.planned += 1;
        }
    }
}

fn works(acts: &mut Vec<(i64, Act)>, (who, employee): (usize, &mut Employee), day: i64, mut chance: Chance) {
    let begins = employee.shift.begins() + chance.below(25) - 10;
    let address = employee.desk(day, &mut chance);
    if chance.is(8) {
        // Somebody has cleared their browser.
        employee.devices[COMPUTER].token = None;
    }
    if chance.is(2) {
        // Has a new telephone.
        employee.devices[TELEPHONE].token = None;
    }
    let slips = if chance.is(30) { 1 + chance.below(2) } else { 0 };
    for slip in 0..slips {
        acts.push((begins - 2 + slip, Act::Fails { who, address: address.clone() }));
    }
    let mut comes = begins;
    if employee.is_back_from_long(day) && chance.is(150) {
        // Has forgotten the password and tries whatever comes to mind. Two in three then have a link mailed, which takes
        // twenty minutes; the others remember.
        acts.extend((0..6).map(|n| (begins + n, Act::Fails { who, address: address.clone() })));
        comes += 20;
        if chance.is(667) {
            acts.push((comes - 1, Act::Renews { who }));
        }
    }
    acts.push((comes, Act::SignsIn { who, device: COMPUTER, address }));
    let contacts = if employee.answers() { chance.below(9) } else { 0 };
    acts.push((comes + 120, Act::Works { who, contacts }));
    if employee.has_telephone() && chance.is(350) {
        let address = on_the_way(&mut chance);
        acts.push((begins + 240 + chance.below(30), Act::SignsIn { who, device: TELEPHONE, address }));
    }
    acts.push((begins + 540, Act::Leaves { who, signs_out: chance.is(700) }));
}

/// Looks in from where they are on holiday.
fn peeks(acts: &mut Vec<(i64, Act)>, who: usize, mut chance: Chance) {
    if chance.is(25) {
        let address = on_the_way(&mut chance);
        acts.push((12 * 60, Act::SignsIn { who, device: TELEPHONE, address }));
    }
}

/// What a week has of Mondays is when the use of permissions is noted: to the day is finer than any rule asks.
pub fn notes_uses(day: i64) -> bool {
    weekday(day) == 0
}
