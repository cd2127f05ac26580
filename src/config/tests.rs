use std::path::Path;

use portaria_worker::mail::Transport;

use super::*;

fn with(file: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portaria.toml");
    std::fs::write(&path, file).unwrap();
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load(Some(&path), environment).map_err(|error| format!("{error:#}"))
}

#[test]
fn the_defaults_stand_on_their_own() {
    let config = load(None, []).unwrap();
    assert_eq!(config.server.public_url(), "http://127.0.0.1:8080");
    assert_eq!(config.database.sqlite_file().unwrap().unwrap(), Path::new("data/portaria.db"));
    assert_eq!(config.keys.folder(&config.database).unwrap(), Path::new("data/keys"));
    assert_eq!(config.mail.transport, Transport::File);
    assert!(config.webhook.enabled && config.audit.enabled && !config.log.addresses);
    assert!(!config.single_sign_on.allow_http_loopback);
}

#[test]
fn the_environment_overrides_the_file_and_the_file_the_defaults() {
    let config = with(
        "[server]\nlisten = '127.0.0.1:9000'\n[log]\nformat = 'json'\n",
        &[
            ("PORTARIA_SERVER__LISTEN", "[::1]:9001"),
            ("PORTARIA_SERVER__TRUSTED_PROXIES", "[\"10.0.0.7\", \"::1\"]"),
            ("PORTARIA_LOG__ADDRESSES", "true"),
            ("PORTARIA_TEST_POSTGRES_URL", "not ours"),
            ("HOME", "/nowhere"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.listen.to_string(), "[::1]:9001");
    assert_eq!(format!("{:?}", config.server.trusted_proxies), "[10.0.0.7, ::1]");
    assert_eq!(config.log.format, LogFormat::Json);
    assert!(config.log.addresses);
}

#[test]
fn an_unknown_key_is_refused_with_the_place_where_it_stands() {
    let error = with("[server]\nlisen = '127.0.0.1:9000'\n", &[]).unwrap_err();
    assert!(error.contains("portaria.toml: unknown key `server.lisen`"), "{error}");
    assert!(error.contains("listen, max_body_bytes"), "{error}");
    let error = with("[sever]\nlisten = 'x'\n", &[]).unwrap_err();
    assert!(error.contains("portaria.toml: unknown key `sever`"), "{error}");
    let error = with("[mail.smtp]\nhots = 'x'\n", &[]).unwrap_err();
    assert!(error.contains("unknown key `mail.smtp.hots`"), "{error}");
    let error = with("", &[("PORTARIA_DATABASE__URI", "sqlite:x")]).unwrap_err();
    assert!(
        error.contains("variable PORTARIA_DATABASE__URI: unknown key `PORTARIA_DATABASE__URI`"),
        "{error}"
    );
    let error = with("", &[("PORTARIA_DATABSE__URL", "sqlite:x")]).unwrap_err();
    assert!(error.contains("variable PORTARIA_DATABSE__URL: unknown key `PORTARIA_DATABSE`"), "{error}");
}

#[test]
fn a_value_of_the_wrong_kind_names_its_key() {
    let error = with("[database]\nmax_connections = 'many'\n", &[]).unwrap_err();
    assert!(error.contains("portaria.toml: `database.max_connections`"), "{error}");
    let error = with("", &[("PORTARIA_SERVER__LISTEN", "here")]).unwrap_err();
    assert!(error.contains("variable PORTARIA_SERVER__LISTEN: `PORTARIA_SERVER__LISTEN`"), "{error}");
    let error = with("[server\n", &[]).unwrap_err();
    assert!(error.contains("portaria.toml"), "{error}");
    let error = with("", &[("PORTARIA_MAIL__TRANSPORT", "pigeon")]).unwrap_err();
    assert!(error.contains("PORTARIA_MAIL__TRANSPORT") && error.contains("pigeon"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let error = load(Some(Path::new("/nowhere/portaria.toml")), []).unwrap_err();
    assert!(format!("{error:#}").contains("/nowhere/portaria.toml"));
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (url, password) = (folder.path().join("url"), folder.path().join("password"));
    std::fs::write(&url, "postgres://portaria:hunter2@db/portaria\n").unwrap();
    std::fs::write(&password, "0042\r\n").unwrap();
    let config = with(
        "",
        &[
            ("PORTARIA_DATABASE__URL_FILE", url.to_str().unwrap()),
            ("PORTARIA_KEYS__FOLDER", "/etc/portaria/keys"),
        ],
    )
    .unwrap();
    assert_eq!(config.database.url().unwrap().reveal(), "postgres://portaria:hunter2@db/portaria");
    let smtp = [
        ("PORTARIA_MAIL__TRANSPORT", "smtp"),
        ("PORTARIA_MAIL__SMTP__HOST", "mail.example"),
        ("PORTARIA_MAIL__SMTP__PORT", "2525"),
        ("PORTARIA_MAIL__SMTP__USERNAME", "12345"),
    ];
    // On the way there each variable is looked at alone, whatever the others still lack.
    let from_file =
        [&smtp[..], &[("PORTARIA_MAIL__SMTP__PASSWORD_FILE", password.to_str().unwrap())]].concat();
    let config = with("", &from_file).unwrap();
    assert_eq!((config.mail.smtp.port, config.mail.smtp.username.as_deref()), (Some(2525), Some("12345")));
    let digits = [&smtp[..], &[("PORTARIA_MAIL__SMTP__PASSWORD", "0042")]].concat();
    let shown = format!("{:?}", with("", &digits).unwrap());
    assert!(!shown.contains("0042") && !shown.contains("hunter2"), "{shown}");
    let error = with("", &[&digits[..], &from_file[4..]].concat()).unwrap_err();
    assert!(error.contains("mail: "), "{error}");
}

#[test]
fn what_cannot_work_is_said_all_at_once() {
    let error = with(
        "[database]\nurl = 'postgres://db/portaria'\nmax_connections = 0\n[log]\nlevel = 'loud=very'\n\
         [server]\nmax_body_bytes = 1\n[mail]\ntransport = 'smtp'\n",
        &[],
    )
    .unwrap_err();
    for key in ["keys.folder", "database.max_connections", "log.level", "server.max_body_bytes", "mail"] {
        assert!(error.contains(key), "{key} in {error}");
    }
}
