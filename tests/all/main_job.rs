//! The way through: bytes signed as Meta does, to the screen of the agent who may see them.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::program::{Program, databases, number, text_message};

#[tokio::test]
async fn a_signed_delivery_reaches_the_permitted_agent_and_nobody_else() {
    for database in databases().await {
        let mut program = Program::new(database);
        program.start().await;
        program.set_up().await;
        let (ana, bia) = (program.sign_in("ana@example.com").await, program.sign_in("bia@example.com").await);

        let handshake = format!(
            "{}/webhooks/whatsapp/padaria?hub.mode=subscribe&hub.challenge=ch%C3%A1%201&hub.verify_token=verify%20me",
            program.url
        );
        assert_eq!(reqwest::get(&handshake).await.unwrap().text().await.unwrap(), "chá 1");
        assert_eq!(reqwest::get(handshake.replace("verify%20me", "no")).await.unwrap().status(), 403);

        let text = "Olá! äöå / <b> @ % 👩‍👩‍👧";
        let (body, signature) = text_message(&number(0), "wamid.A1", text);
        assert_eq!(program.deliver(&body, &signature).await, 200);
        assert_eq!(program.wait_for_texts(&ana, 1).await, [text]);

        let query =
            "{ conversations { nodes { id status assignee { name } contact { name phone } unreadCount } } }";
        let answer = program.ask(Some(&ana), query, json!({})).await;
        let row = &answer["data"]["conversations"]["nodes"][0];
        assert_eq!(row["contact"], json!({ "name": "Zoë Núñez", "phone": "+5511987654321" }));
        assert_eq!(
            (&row["status"], &row["assignee"]["name"], &row["unreadCount"]),
            (&json!("OPEN"), &json!("Ana"), &json!(1))
        );
        let query = "query($id: ID!) { conversation(id: $id) { id } }";
        let hidden = program.ask(Some(&bia), query, json!({ "id": row["id"] })).await;
        assert_eq!(
            (&hidden["data"]["conversation"], &hidden["errors"][0]["extensions"]["code"]),
            (&Value::Null, &json!("NOT_FOUND"))
        );
        assert_eq!(program.texts(&bia).await, Vec::<String>::new());

        // The same bytes again change nothing; one altered byte is not let in.
        assert_eq!(program.deliver(&body, &signature).await, 200);
        let mut altered = body.clone();
        let at = altered.iter().position(|byte| *byte == b'O').unwrap();
        altered[at] = b'0';
        assert_eq!(program.deliver(&altered, &signature).await, 401);
        let (other, signature) = text_message(&number(1), "wamid.B1", "para a Bia");
        assert_eq!(program.deliver(&other, &signature).await, 200);
        assert_eq!(program.wait_for_texts(&bia, 1).await, ["para a Bia"]);
        assert_eq!(program.texts(&ana).await, [text]);

        let log = program.log();
        for secret in ["5511987654321", "wamid", "Olá", "Zo", "ptr_sess", "senha"] {
            assert!(!log.contains(secret), "{secret} is in the log: {log}");
        }
        program.stop();
    }
}

#[tokio::test]
async fn a_subscription_has_the_message_within_a_second() {
    let mut program = Program::new(None);
    program.start().await;
    program.set_up().await;
    let ana = program.sign_in("ana@example.com").await;
    let url = format!("{}/graphql/ws", program.url.replace("http", "ws"));
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let query = "subscription { messageReceived { message { body } } }";
    for message in [
        json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {ana}") } }),
        json!({ "type": "subscribe", "id": "1", "payload": { "query": query } }),
        json!({ "type": "ping" }),
    ] {
        socket.send(Message::text(message.to_string())).await.unwrap();
    }
    // What comes after the answer to the ping comes after the subscription.
    while !next(&mut socket).await.contains("pong") {}
    let mut waits = Vec::new();
    for round in 0..20 {
        let text = format!("mensagem {round}");
        let (body, signature) = text_message(&number(0), &format!("wamid.S{round}"), &text);
        assert_eq!(program.deliver(&body, &signature).await, 200);
        let accepted = Instant::now();
        while !next(&mut socket).await.contains(&text) {}
        waits.push(accepted.elapsed());
    }
    waits.sort();
    // A figure to read, not a timed test: it fails only when the message does not come at all.
    println!("from the 200 to the subscriber: median {:?}, slowest {:?}", waits[10], waits[19]);
    program.stop();
}

async fn next(
    socket: &mut tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>,
) -> String {
    let message = tokio::time::timeout(Duration::from_secs(20), socket.next()).await.expect("a message");
    message.unwrap().unwrap().into_text().unwrap().to_string()
}
