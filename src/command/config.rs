//! `portaria config`: prints the documented defaults.

pub fn run() {
    print!("{}", crate::config::DEFAULTS);
}
