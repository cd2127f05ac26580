//! A throw-away PostgreSQL server, started once per test program from the installed binaries.
//!
//! `PORTARIA_TEST_POSTGRES_URL` names a running server instead. Without either, tests on PostgreSQL are skipped, and
//! say so; with `PORTARIA_TEST_REQUIRE_POSTGRES` they fail.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Makes a server in a folder of its own, prints a line when it is ready, and takes everything away again when its
/// standard input ends: that is when the test program does, however it ends.
const SCRIPT: &str = r#"
set -e
bin="$1" port="$2"
dir=$(mktemp -d "${TMPDIR:-/tmp}/portaria-pg.XXXXXX")
if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; as="runuser -u postgres --"; else as=""; fi
trap '$as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
cd "$dir"
$as "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C >/dev/null
$as "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" -o "-p $port -k $dir -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=128MB" start >/dev/null
echo ready
cat >/dev/null
"#;

struct Server {
    url: String,
    /// Its standard input is the server's life line.
    _child: Option<Child>,
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();

/// URL of the server without a database name, or `None` when there is none to be had.
pub fn server_url() -> Option<&'static str> {
    let server = SERVER.get_or_init(|| {
        let server = match std::env::var("PORTARIA_TEST_POSTGRES_URL") {
            Ok(url) => Some(Server { url: url.trim_end_matches('/').to_owned(), _child: None }),
            Err(_) => start(),
        };
        if server.is_none() {
            assert!(
                std::env::var_os("PORTARIA_TEST_REQUIRE_POSTGRES").is_none(),
                "PostgreSQL is required here, but there is neither PORTARIA_TEST_POSTGRES_URL nor an installed server"
            );
            eprintln!("SKIPPED on PostgreSQL: no server installed and PORTARIA_TEST_POSTGRES_URL is not set");
        }
        server
    });
    server.as_ref().map(|server| server.url.as_str())
}

fn start() -> Option<Server> {
    let binaries = binaries()?;
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).ok()?.local_addr().ok()?.port();
    let mut child = Command::new("sh")
        .args(["-c", SCRIPT, "sh"])
        .arg(binaries)
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
    (line.trim() == "ready")
        .then(|| Server { url: format!("postgres://postgres@127.0.0.1:{port}"), _child: Some(child) })
}

/// The folder with `initdb` and `pg_ctl`; Debian keeps them out of the path.
fn binaries() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}
