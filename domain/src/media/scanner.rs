//! A command that looks through files for what is harmful, as the operator has set it. It gets a file's bytes on its standard
//! input, so that it works with every store, and says by its exit code: 0 clean, 1 harmful, anything else that it failed.

use std::process::Stdio;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, Command};

use super::store::{Bytestream, Store};
use crate::error::{Error, Result};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Clean,
    Infected,
}

/// The command with its arguments, and how long it may take for one file.
#[derive(Clone, Debug)]
pub struct Scanner {
    pub program: String,
    pub arguments: Vec<String>,
    pub timeout: Duration,
}

impl Scanner {
    /// Looks through a file of the store. No answer is no verdict: the same may be asked again.
    pub async fn look_through(&self, store: &Store, key: &str) -> Result<Verdict> {
        let file = store.read(key, None).await?;
        let file = file.ok_or_else(|| Error::internal("the file to be scanned is not in the store"))?;
        match tokio::time::timeout(self.timeout, self.run(file)).await {
            Ok(verdict) => verdict,
            Err(_) => Err(Error::internal(format!("no verdict within {} s", self.timeout.as_secs()))),
        }
    }

    async fn run(&self, file: Bytestream) -> Result<Verdict> {
        let explain = |error: std::io::Error| Error::internal(format!("{}: {error}", self.program));
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            // What else stands in this process's environment is none of its business: there may be secrets.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        for name in ["PATH", "LANG", "HOME", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let mut child = command.spawn().map_err(explain)?;
        let input = child.stdin.take().ok_or_else(|| Error::internal("the scanner takes no input"))?;
        hand_over(input, file).await?;
        match child.wait().await.map_err(explain)?.code() {
            Some(0) => Ok(Verdict::Clean),
            Some(1) => Ok(Verdict::Infected),
            other => Err(Error::internal(format!("{} ended with {other:?}", self.program))),
        }
    }
}

/// Gives it the file. It may have seen enough before the end.
async fn hand_over(mut input: ChildStdin, mut file: Bytestream) -> Result<()> {
    while let Some(bytes) = file.try_next().await? {
        match input.write_all(&bytes).await {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(Error::internal(format!("the scanner does not read: {error}"))),
        }
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use portaria_entity::id::WorkspaceId;

    use super::*;

    fn shell(script: &str) -> Scanner {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        Scanner { program: "/bin/sh".to_owned(), arguments, timeout: Duration::from_secs(5) }
    }

    async fn stored(store: &Store, bytes: &[u8]) -> String {
        let key = Store::new_key(WorkspaceId(uuid::Uuid::from_u128(1))).expect("a key");
        let mut writing = store.write(&key).await.expect("a place");
        writing.write(bytes).await.expect("written");
        writing.finish().await.expect("kept");
        key
    }

    #[tokio::test]
    async fn the_exit_code_is_the_verdict_and_the_bytes_come_by_standard_input() {
        let store = Store::in_memory();
        let (clean, bad) = (stored(&store, b"hello").await, stored(&store, b"so EICAR it is").await);
        let scanner = shell("! grep -q EICAR");
        assert_eq!(scanner.look_through(&store, &clean).await.unwrap(), Verdict::Clean);
        assert_eq!(scanner.look_through(&store, &bad).await.unwrap(), Verdict::Infected);
    }

    #[tokio::test]
    async fn a_scanner_that_fails_hangs_or_is_not_there_gives_no_verdict() {
        let store = Store::in_memory();
        let key = stored(&store, &vec![0; 1 << 20]).await;
        assert!(shell("exit 2").look_through(&store, &key).await.is_err());
        assert!(shell("kill -9 $$").look_through(&store, &key).await.is_err());
        let slow = Scanner { timeout: Duration::from_millis(200), ..shell("sleep 30") };
        assert!(slow.look_through(&store, &key).await.unwrap_err().to_string().contains("no verdict"));
        let none = Scanner { program: "/no/such/scanner".to_owned(), ..shell("") };
        assert!(none.look_through(&store, &key).await.is_err());
        // One that decides early need not read on.
        assert_eq!(shell("exit 1").look_through(&store, &key).await.unwrap(), Verdict::Infected);
    }
}
