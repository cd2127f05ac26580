//! Mails as they arrive: their bytes, their files, and whole SMTP conversations.

mod composing;
mod files;
mod options;
mod queue;
pub mod server;
mod smtp;
mod storm;

use super::*;

fn mail() -> OutgoingMail {
    OutgoingMail {
        from: Mailbox { name: Some("Portaria".to_owned()), address: "portaria@gate.example".to_owned() },
        to: Mailbox { name: Some("João Conceição".to_owned()), address: "joao@example.com".to_owned() },
        subject: "Auditoria de acessos: 3 pontos de atenção".to_owned(),
        text: "Olá, João.\n\n.\nUm ponto sozinho numa linha.\n".to_owned(),
        html: "<p>Olá, João.</p>".to_owned(),
        message_id: "0190b5c1-0000-7000-8000-000000000001@gate.example".to_owned(),
        date: "2026-03-13T11:00:05Z".parse().unwrap(),
        attachment: None,
    }
}

fn text_of(mail: &OutgoingMail) -> String {
    String::from_utf8(message::Composed::from_mail(mail).unwrap().bytes).unwrap()
}
