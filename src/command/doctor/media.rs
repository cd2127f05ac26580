//! Whether files of messages can be kept, and whether anything looks through them.

use super::Remark;
use crate::config::{Config, Place};

pub async fn look_at(config: &Config) -> Vec<Remark> {
    vec![store(config).await, scanner(config)]
}

async fn store(config: &Config) -> Remark {
    let media = &config.media;
    let place = match media.place(&config.keys, &config.database) {
        Ok(place) => place,
        Err(error) => return Remark::Wrong(format!("{error:#}")),
    };
    // A folder that is not there yet is made at the start, not by looking.
    if let Place::Folder(folder) = &place
        && !folder.exists()
    {
        return Remark::Good(format!("files of messages will lie in {}", folder.display()));
    }
    let tried =
        async { media.open(&config.keys, &config.database)?.store.try_out().await.map_err(Into::into) };
    let tried: anyhow::Result<()> = tried.await;
    match (tried, place) {
        (Err(error), _) => Remark::Wrong(format!("files of messages cannot be kept: {error:#}")),
        (Ok(()), Place::Folder(folder)) => {
            Remark::Good(format!("files of messages lie in {}", folder.display()))
        }
        (Ok(()), Place::Bucket(_)) if media.is_in_the_clear() => Remark::Weak(
            "media.endpoint is not https: files of messages cross the network in the clear".to_owned(),
        ),
        (Ok(()), Place::Bucket(bucket)) => {
            Remark::Good(format!("files of messages lie in the bucket {bucket}"))
        }
    }
}

fn scanner(config: &Config) -> Remark {
    match config.media.scan_command.first() {
        Some(program) => Remark::Good(format!("files are looked through by {program}")),
        None => Remark::Weak(
            "media.scan_command is empty: files from customers are given to agents without having been looked through"
                .to_owned(),
        ),
    }
}
