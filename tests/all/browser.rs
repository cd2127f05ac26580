//! A real browser, spoken to as the WebDriver protocol says: chromium with its chromedriver. It reaches this machine only.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::{Value, json};

/// How long something may take to appear on a page.
const PATIENCE: Duration = Duration::from_secs(30);
/// By this key an answer of the protocol names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub struct Browser {
    client: reqwest::Client,
    /// Address of the session at the driver.
    session: String,
    driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// None where no browser is installed; with `PORTARIA_TEST_REQUIRE_BROWSER` that is a failure.
    pub async fn start() -> Option<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut driver = match command.spawn() {
            Ok(driver) => driver,
            Err(missing) => {
                let required = std::env::var_os("PORTARIA_TEST_REQUIRE_BROWSER").is_some();
                assert!(
                    !required,
                    "a browser is required here, but chromedriver cannot be started: {missing}"
                );
                eprintln!("SKIPPED in a browser: no chromedriver is installed");
                return None;
            }
        };
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let started = lines.find(|line| line.contains("started successfully on port")).unwrap();
        let port: u16 = started.trim_end_matches('.').rsplit(' ').next().unwrap().parse().unwrap();
        // What it prints later is read by nobody, and it must not stop for that.
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let client = reqwest::Client::new();
        let sessions = format!("http://127.0.0.1:{port}/session");
        let answer = client.post(&sessions).json(&capabilities(profile.path())).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let id = answer["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("{answer}"));
        let session = format!("{sessions}/{id}");
        Some(Self { client, session, driver, _profile: profile })
    }

    async fn say(&self, method: reqwest::Method, path: &str, body: Value) -> Result<Value, Value> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.session));
        if method == reqwest::Method::POST {
            request = request.json(&body);
        }
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let value = answer["value"].clone();
        if value["error"].is_string() { Err(value) } else { Ok(value) }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.say(reqwest::Method::POST, path, body)
            .await
            .unwrap_or_else(|refused| panic!("{path}: {refused}"))
    }

    /// Something that only chromium can do.
    async fn command(&self, name: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({ "cmd": name, "params": parameters })).await
    }

    pub async fn open(&self, address: &str) {
        // With another text behind the # alone, nothing would be loaded.
        self.post("/url", json!({ "url": "about:blank" })).await;
        self.post("/url", json!({ "url": address })).await;
    }

    /// What the address bar shows.
    pub async fn address(&self) -> String {
        self.say(reqwest::Method::GET, "/url", Value::Null).await.unwrap().as_str().unwrap().to_owned()
    }

    pub async fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Waits until there is such an element to be seen.
    pub async fn see(&self, selector: &str) -> String {
        let began = Instant::now();
        loop {
            let find = json!({ "using": "css selector", "value": selector });
            if let Ok(found) = self.say(reqwest::Method::POST, "/element", find).await {
                let element = found[ELEMENT].as_str().unwrap().to_owned();
                let path = format!("/element/{element}/displayed");
                if self.say(reqwest::Method::GET, &path, Value::Null).await == Ok(json!(true)) {
                    return element;
                }
            }
            if began.elapsed() > PATIENCE {
                let page = self.run("return location.pathname + '\\n' + document.body.innerText").await;
                panic!("no {selector} at {}", page.as_str().unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn text(&self, selector: &str) -> String {
        let path = format!("/element/{}/text", self.see(selector).await);
        self.say(reqwest::Method::GET, &path, Value::Null).await.unwrap().as_str().unwrap().to_owned()
    }

    pub async fn click(&self, selector: &str) {
        let path = format!("/element/{}/click", self.see(selector).await);
        self.post(&path, json!({})).await;
    }

    /// Types where the cursor is, as by keyboard. `\u{e007}` is Enter, `\u{e004}` is Tab.
    pub async fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
            })
            .collect();
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.post("/actions", actions).await;
    }

    /// Types into a field, in place of what is there.
    pub async fn write(&self, selector: &str, text: &str) {
        let element = self.see(selector).await;
        self.post(&format!("/element/{element}/clear"), json!({})).await;
        self.post(&format!("/element/{element}/value"), json!({ "text": text })).await;
    }

    /// Id of the element that has the cursor.
    pub async fn focused(&self) -> String {
        self.run("return document.activeElement.id").await.as_str().unwrap().to_owned()
    }

    /// Plugs in a device that keeps passkeys and verifies its owner; its id.
    pub async fn plug_in(&self) -> String {
        let device = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "isUserConsenting": true,
        });
        self.post("/webauthn/authenticator", device).await.as_str().unwrap().to_owned()
    }

    /// Whether the device takes whoever uses it for its owner.
    pub async fn recognise(&self, device: &str, whether: bool) {
        let path = format!("/webauthn/authenticator/{device}/uv");
        self.post(&path, json!({ "isUserVerified": whether })).await;
    }

    /// Runs something on every page before the page itself does.
    pub async fn prepare(&self, script: &str) {
        self.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    /// Where it puts what is downloaded.
    pub async fn download_to(&self, folder: &std::path::Path) {
        let how = json!({ "behavior": "allow", "downloadPath": folder });
        self.command("Browser.setDownloadBehavior", how).await;
    }

    /// Gives the page a width; a narrow one as on a telephone.
    pub async fn widen(&self, width: u32) {
        let metrics = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.command("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    pub async fn prefer(&self, scheme: &str) {
        let feature = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.command("Emulation.setEmulatedMedia", feature).await;
    }

    /// The whole page as a PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let how = json!({ "captureBeyondViewport": true, "format": "png" });
        let taken = self.command("Page.captureScreenshot", how).await;
        base64::engine::general_purpose::STANDARD.decode(taken["data"].as_str().unwrap()).unwrap()
    }

    /// What axe-core finds wrong with the page for those who do not see, hear or point.
    pub async fn examine(&self, axe: &str) -> Vec<String> {
        self.run(axe).await;
        let script = "return axe.run().then(found => found.violations.map(one => one.help + ': ' + one.nodes.map(node => node.html)))";
        let found = self.run(script).await;
        found.as_array().unwrap().iter().map(Value::to_string).collect()
    }

    /// What the browser complained of since it was last asked: errors of scripts, and what the policy has stopped.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.post("/se/log", json!({ "type": "browser" })).await;
        let entries = entries.as_array().unwrap().iter();
        // Answers of the API that are refusals are not errors of the page.
        let errors = entries.filter(|entry| entry["level"] == "SEVERE" && entry["source"] != "network");
        errors.map(|entry| entry["message"].to_string()).collect()
    }
}

fn capabilities(profile: &std::path::Path) -> Value {
    let arguments = [
        "--headless=new",
        // The sandbox cannot be set up in most containers, and only our own pages are opened.
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--accept-lang=pt-BR",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ];
    let mut arguments = arguments.map(str::to_owned).to_vec();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": { "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL" },
    } } })
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver and the browser that it has started, which are a group of their own.
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.driver.wait();
    }
}
