//! A running Portaria in a folder of its own, and what people and Meta do with it.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portaria_domain::database::{Database, DatabaseOptions};
use portaria_simulator::payload::{Change, Content, Envelope, Incoming};
use portaria_simulator::{BusinessNumber, Customer, signature};
use serde_json::{Value, json};

pub const APP_SECRET: &str = "0123456789abcdef0123456789abcdef";
/// By which Meta knows its numbers.
pub const ACCESS_TOKEN: &str = "a token for the numbers";
pub const PASSWORD: &str = "uma senha bem comprida";

/// How long anything may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// An installation: its data survives its processes.
pub struct Program {
    folder: tempfile::TempDir,
    pub url: String,
    listen: String,
    database: Option<String>,
    variables: Vec<(String, String)>,
    process: Option<Child>,
    pub printed: String,
}

impl Program {
    /// On SQLite, or on the PostgreSQL database of that URL.
    pub fn new(database: Option<String>) -> Self {
        // Installed already after the first test.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        let folder = tempfile::tempdir().unwrap();
        if database.is_some() {
            std::fs::create_dir(folder.path().join("keys")).unwrap();
            std::fs::write(folder.path().join("keys/key-0001"), [7u8; 32]).unwrap();
        }
        Self {
            folder,
            url: format!("http://{listen}"),
            listen,
            database,
            variables: Vec::new(),
            process: None,
            printed: String::new(),
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portaria"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("PORTARIA_SERVER__LISTEN", &self.listen)
            .env("PORTARIA_SERVER__PUBLIC_URL", &self.url)
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(url) = &self.database {
            command
                .env("PORTARIA_DATABASE__URL", url)
                .env("PORTARIA_KEYS__FOLDER", self.folder.path().join("keys"));
        }
        command
    }

    /// With a variable of the environment that configures it.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Is reached by a name, as passkeys and cookies want it.
    pub fn by_name(mut self) -> Self {
        self.url = self.url.replace("127.0.0.1", "localhost");
        self
    }

    /// Starts the service and waits until it is ready.
    pub async fn start(&mut self) {
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let mut process = self.command(&[]).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let output = process.stdout.take().unwrap();
        self.process = Some(process);
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let began = Instant::now();
        let url = format!("{}/readyz", self.url);
        while !matches!(reqwest::get(&url).await, Ok(answer) if answer.status() == 200) {
            assert!(began.elapsed() < PATIENCE, "not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.printed = receiver.try_iter().collect::<Vec<_>>().join("\n");
    }

    /// Its database, beside it.
    pub async fn database(&self) -> Database {
        let file = || format!("sqlite:{}", self.folder.path().join("data/portaria.db").display());
        let url = self.database.clone().unwrap_or_else(file);
        Database::connect(&DatabaseOptions::new(url)).await.unwrap()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub fn process_id(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// Waits for somebody else to have killed it.
    pub fn wait_until_killed(&mut self) {
        let mut process = self.process.take().unwrap();
        let began = Instant::now();
        while process.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < PATIENCE, "nobody kills it: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks it to stop, and expects that it does so cleanly.
    pub fn stop(&mut self) {
        let mut process = self.process.take().unwrap();
        interrupt(&process, "TERM");
        assert!(process.wait().unwrap().success(), "{}", self.log());
    }

    /// Runs another command of the executable beside it.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub async fn ask(&self, token: Option<&str>, query: &str, variables: Value) -> Value {
        let mut request = reqwest::Client::new().post(format!("{}/graphql", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let body = json!({ "query": query, "variables": variables });
        request.json(&body).send().await.unwrap().json().await.unwrap()
    }

    pub async fn sign_in(&self, email: &str) -> String {
        let query =
            "mutation($i: SignInInput!) { signIn(input: $i) { session { token } userErrors { code } } }";
        let answer = self.ask(None, query, json!({ "i": { "email": email, "password": PASSWORD } })).await;
        answer["data"]["signIn"]["session"]["token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// The one-time link that the first start prints.
    pub fn set_up_link(&self) -> &str {
        self.printed.lines().map(str::trim).find(|line| line.contains("/set-up#token=")).unwrap()
    }

    /// The first administrator, a Meta app, two numbers, and an agent on each: `ana@` and `bia@example.com`.
    pub async fn set_up(&self) {
        let token = self.set_up_link().split_once("#token=").unwrap().1;
        let query = "mutation($i: CreateFirstAdministratorInput!) { createFirstAdministrator(input: $i) {
                       session { token } userErrors { code } } }";
        let input = json!({ "setupToken": token, "name": "Ada", "email": "ada@example.com", "password": PASSWORD,
                            "workspaceName": "Padaria" });
        let created = self.ask(None, query, json!({ "i": input })).await;
        assert!(created["data"]["createFirstAdministrator"]["session"]["token"].is_string(), "{created}");
        let again = self.ask(None, query, json!({ "i": input })).await;
        assert_eq!(again["data"]["createFirstAdministrator"]["userErrors"][0]["code"], "INVALID_TOKEN");

        let secret = self.file("secret", APP_SECRET);
        let verify = self.file("verify", "verify me");
        let access = self.file("access", ACCESS_TOKEN);
        let (secret, verify) = (secret.to_str().unwrap(), verify.to_str().unwrap());
        self.run(&[
            "admin",
            "meta-app",
            "add",
            "--key",
            "padaria",
            "--name",
            "Padaria",
            "--app-secret-file",
            secret,
            "--verify-token-file",
            verify,
        ]);
        let password = self.file("password", PASSWORD);
        let password = password.to_str().unwrap();
        for (index, person) in [(0, "Ana"), (1, "Bia")] {
            let number = number(index);
            let name = if index == 0 { "Vendas" } else { "Suporte" };
            self.run(&[
                "admin",
                "channel",
                "add",
                "--meta-app",
                "padaria",
                "--name",
                name,
                "--waba-id",
                &number.waba_id,
                "--phone-number-id",
                &number.phone_number_id,
                "--phone-number",
                &number.display_phone_number,
                "--access-token-file",
                access.to_str().unwrap(),
            ]);
            let email = format!("{}@example.com", person.to_lowercase());
            self.run(&[
                "admin",
                "member",
                "add",
                "--name",
                person,
                "--email",
                &email,
                "--role",
                "agent",
                "--channel",
                name,
                "--password-file",
                password,
            ]);
        }
    }

    /// Delivers bytes as Meta would, with that signature.
    pub async fn deliver(&self, body: &[u8], signature: &str) -> u16 {
        self.try_to_deliver(body, signature).await.unwrap()
    }

    /// The same to a service that may be gone; nothing when there was no answer.
    pub async fn try_to_deliver(&self, body: &[u8], signature: &str) -> Option<u16> {
        let request = reqwest::Client::new()
            .post(format!("{}/webhooks/whatsapp/padaria", self.url))
            .header("content-type", "application/json")
            .header(signature::HEADER, signature)
            .body(body.to_vec());
        Some(request.send().await.ok()?.status().as_u16())
    }

    /// The texts of all messages that somebody may read, oldest last.
    pub async fn texts(&self, token: &str) -> Vec<String> {
        let query = "{ conversations { nodes { messages { nodes { body } } } } }";
        let answer = self.ask(Some(token), query, json!({})).await;
        let conversations =
            answer["data"]["conversations"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
        conversations
            .iter()
            .flat_map(|conversation| {
                conversation["messages"]["nodes"].as_array().cloned().unwrap_or_default()
            })
            .map(|message| message["body"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Waits until somebody may read so many messages.
    pub async fn wait_for_texts(&self, token: &str, count: usize) -> Vec<String> {
        let began = Instant::now();
        loop {
            let texts = self.texts(token).await;
            if texts.len() >= count {
                return texts;
            }
            assert!(began.elapsed() < PATIENCE, "{texts:?}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // It may have ended already: nothing is left to be done then.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

pub fn interrupt(process: &Child, signal: &str) {
    let sent = Command::new("kill").args([format!("-{signal}"), process.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Everything that a process still prints.
pub fn rest_of(process: &mut Child) -> String {
    let mut text = String::new();
    process.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    text
}

pub fn number(index: u16) -> BusinessNumber {
    BusinessNumber::example(index)
}

/// A signed delivery of one text message.
pub fn text_message(number: &BusinessNumber, id: &str, text: &str) -> (Vec<u8>, String) {
    text_of(customer(0), number, id, text)
}

/// One of many customers.
pub fn customer(which: u32) -> Customer {
    Customer {
        name: "Zoë Núñez".to_owned(),
        wa_id: Some(format!("5511{}", 987_654_321 + which)),
        user_id: Some(format!("BR.{}", 1_234_567_890 + which)),
        ..Customer::default()
    }
}

/// A signed delivery of one text message of that customer.
pub fn text_of(customer: Customer, number: &BusinessNumber, id: &str, text: &str) -> (Vec<u8>, String) {
    let message = Incoming::new(customer, id.to_owned(), 1_772_452_800, Content::text(text));
    let body = Envelope::of(Change::messages(number, &[message])).to_bytes();
    let signature = signature::sign(APP_SECRET.as_bytes(), &body);
    (body, signature)
}

/// One URL per kind of database there is: none is SQLite.
pub async fn databases() -> Vec<Option<String>> {
    let mut databases = vec![None];
    if let Some(test) = portaria_testing::TestDatabase::empty_postgres().await {
        databases.push(Some(test));
    }
    databases
}
