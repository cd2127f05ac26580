//! Whole reports: as snapshots in every language, and with hostile names in every place.

mod example;
mod hostile;
mod snapshots;

use portaria_domain::language::Language;

use super::*;
