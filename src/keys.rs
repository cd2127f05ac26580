//! The sealing keys of this installation, and whether they are those that its rows were sealed with.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use portaria_domain::database::Database;
use portaria_domain::sealing::KeyRing;
use portaria_domain::sealing::rotation::SEALED;
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;

use crate::config::Config;

/// One secret that a key has sealed.
struct Sample {
    bound_to: Uuid,
    sealed: Vec<u8>,
}

/// Opens the keys. Refuses to go on without one that some row needs, or with another one of the same name.
pub async fn open(config: &Config, database: &Database) -> Result<KeyRing> {
    let folder = config.keys.folder(&config.database)?;
    let samples = samples(database).await?;
    let sealing = sealing(database).await?;
    if !has_key(&folder) {
        // Only here, where nothing is sealed yet, is a first key made: an empty folder that once held keys stays so.
        if !samples.is_empty() || !sealing.is_empty() {
            let needed = samples.keys().chain(&sealing);
            bail!("the sealing keys are missing in {}: {}", folder.display(), names(needed));
        }
        if !database.is_sqlite() {
            bail!(
                "there is no sealing key in {folder}. On PostgreSQL every process needs the same ones; make the \
                 first by: mkdir -p -m 700 {folder} && (umask 077 && head -c 32 /dev/urandom > {folder}/key-0001)",
                folder = folder.display()
            );
        }
    }
    let ring = KeyRing::open_folder(&folder)?;
    let missing = samples.keys().chain(&sealing).filter(|name| !ring.has(name));
    if missing.clone().next().is_some() {
        bail!("sealing keys are missing in {}: {}", folder.display(), names(missing));
    }
    for (name, sample) in &samples {
        ring.open(&sample.sealed, name, sample.bound_to.as_bytes()).with_context(|| {
            format!("the sealing key {name} is not the one this database was sealed with")
        })?;
    }
    Ok(ring)
}

/// The keys by which the chains of the activity log go on.
async fn sealing(database: &Database) -> Result<Vec<String>> {
    let sql = database.statement("SELECT DISTINCT sealing_key FROM activity_chains", []);
    let rows = database.reader().query_all_raw(sql).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

async fn samples(database: &Database) -> Result<BTreeMap<String, Sample>> {
    let mut samples = BTreeMap::new();
    for (table, column) in SEALED {
        let sql = format!("SELECT sealing_key, id, {column} FROM {table} WHERE sealing_key IS NOT NULL");
        for row in database.reader().query_all_raw(database.statement(&sql, [])).await? {
            let sample = Sample { bound_to: row.try_get_by_index(1)?, sealed: row.try_get_by_index(2)? };
            samples.insert(row.try_get_by_index(0)?, sample);
        }
    }
    Ok(samples)
}

fn has_key(folder: &Path) -> bool {
    let hidden = |file: std::fs::DirEntry| file.file_name().to_string_lossy().starts_with('.');
    std::fs::read_dir(folder).is_ok_and(|mut files| files.any(|file| file.is_ok_and(|file| !hidden(file))))
}

fn names<'a>(keys: impl Iterator<Item = &'a String>) -> String {
    keys.map(String::as_str).collect::<Vec<_>>().join(", ")
}
