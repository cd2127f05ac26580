//! `portaria audit rules`: prints docs/AUDIT-RULES.md, as it is checked in.

pub fn run() {
    print!("{}", portaria_domain::audit::guide());
}
