//! What the configuration alone tells.

use std::path::Path;

use portaria_worker::mail::Transport;

use super::Remark;
use crate::config::Config;

pub fn look_at(config: &Config) -> Vec<Remark> {
    let mut remarks = vec![Remark::Good("the configuration can be read".to_owned())];
    remarks.extend(server(config));
    remarks.push(mail(config));
    if config.log.addresses {
        remarks.push(Remark::Weak(
            "log.addresses puts callers' addresses, personal data, into the logs".to_owned(),
        ));
    }
    if config.single_sign_on.allow_http_loopback {
        remarks.push(Remark::Weak(
            "single_sign_on.allow_http_loopback lets whoever configures identity providers ask services of this machine"
                .to_owned(),
        ));
    }
    if config.notifications.allow_http_loopback {
        remarks.push(Remark::Weak(
            "notifications.allow_http_loopback lets whoever configures endpoints send to services of this machine"
                .to_owned(),
        ));
    }
    remarks.extend(keys(config));
    remarks
}

fn server(config: &Config) -> Vec<Remark> {
    let server = &config.server;
    let url = server.public_url();
    let mut remarks = Vec::new();
    if url.starts_with("https://") {
        remarks.push(Remark::Good(format!("people and Meta reach it encrypted, by {url}")));
        if server.trusted_proxies.is_empty() {
            let text = "server.trusted_proxies is empty: behind a proxy every sign-in seems to come from the \
                        proxy's address, and the audit cannot tell attackers apart";
            remarks.push(Remark::Weak(text.to_owned()));
        }
    } else if server.listen.ip().is_loopback() {
        let text = "only this machine reaches it; Meta and other people need server.public_url with https";
        remarks.push(Remark::Weak(text.to_owned()));
    } else {
        let text = format!(
            "{} is open to the network while server.public_url is not https: passwords cross it in the clear",
            server.listen
        );
        remarks.push(Remark::Weak(text));
    }
    remarks
}

fn mail(config: &Config) -> Remark {
    match config.mail.transport {
        Transport::Smtp => Remark::Good(format!("mail leaves by {}", config.mail.smtp.host)),
        Transport::File => Remark::Weak(format!(
            "mail is only written to {}: nobody receives the audit reports until mail.transport is \"smtp\"",
            config.mail.folder.display()
        )),
    }
}

fn keys(config: &Config) -> Vec<Remark> {
    let folder = match config.keys.folder(&config.database) {
        Ok(folder) => folder,
        Err(error) => return vec![Remark::Wrong(format!("{error:#}"))],
    };
    // Whether the right keys are there is seen with the database.
    let Ok(files) = std::fs::read_dir(&folder) else { return Vec::new() };
    let open = files.flatten().map(|file| file.path()).filter(|path| others_may_read(path));
    open.map(|path| Remark::Weak(format!("other users of this machine may read the key {}", path.display())))
        .collect()
}

fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}
