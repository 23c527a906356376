//! Chromium without a screen, driven over the DevTools protocol (WebSocket, JSON): one window, everything it says
//! about errors and requests, keys and clicks as a person makes them.

use crate::stage::PATIENCE;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// A window.
pub(crate) struct Browser {
    child: Child,
    socket: WebSocketStream<TcpStream>,
    session: String,
    next: u64,
    heard: Vec<Value>,
    _folder: tempfile::TempDir,
}

/// The program; `None` where it is missing and the tests may do without.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("chromium")).find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var_os("BYWAY_REQUIRE_PEERS").is_none(), "chromium is required and not installed");
        eprintln!("skipped: no chromium here");
    }
    found
}

impl Browser {
    /// Opens a window in this language; `None` where there is no chromium.
    pub(crate) async fn open(language: &str) -> Option<Self> {
        let program = program()?;
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio"])
            .args(["--disable-dev-shm-usage", "--no-proxy-server", "--disable-extensions", "--hide-scrollbars"])
            .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost")
            .arg(format!("--accept-lang={language}"))
            .arg(format!("--user-data-dir={}", folder.path().display()))
            .arg("about:blank")
            .env("TZ", "UTC")
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let place = folder.path().join("DevToolsActivePort");
        let end = Instant::now() + PATIENCE;
        let told = loop {
            match std::fs::read_to_string(&place) {
                Ok(text) if text.lines().count() == 2 => break text,
                _ => assert!(Instant::now() < end, "chromium did not start"),
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        };
        let (port, path) = told.split_once('\n').unwrap();
        let stream = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
        let address = format!("ws://127.0.0.1:{port}{}", path.trim());
        let (socket, _) = tokio_tungstenite::client_async(address, stream).await.unwrap();
        let mut browser = Self { child, socket, session: String::new(), next: 0, heard: Vec::new(), _folder: folder };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach).await;
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility", "DOM"] {
            browser.call(&format!("{domain}.enable"), json!({})).await;
        }
        browser.size(1200, 900).await;
        Some(browser)
    }

    /// One order; its result.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut order = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            order["sessionId"] = self.session.as_str().into();
        }
        self.socket.send(Message::text(order.to_string())).await.unwrap();
        let answer = async {
            loop {
                let message = self.socket.next().await.expect("chromium hung up").unwrap();
                let Message::Text(text) = message else { continue };
                let said: Value = serde_json::from_str(&text).unwrap();
                if said["id"] == id {
                    assert!(said["error"].is_null(), "{method}: {}", said["error"]);
                    return said["result"].clone();
                }
                self.heard.push(said);
            }
        };
        tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| panic!("{method}: no answer"))
    }

    /// What a script in the page gives.
    pub(crate) async fn eval(&mut self, script: &str) -> Value {
        let params = json!({ "expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let result = self.call("Runtime.evaluate", params).await;
        assert!(result["exceptionDetails"].is_null(), "{script}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// The same as text.
    pub(crate) async fn text(&mut self, script: &str) -> String {
        self.eval(script).await.as_str().unwrap_or_default().to_owned()
    }

    /// Looks until a script says true.
    pub(crate) async fn until(&mut self, script: &str) {
        let end = Instant::now() + PATIENCE;
        while self.eval(script).await != Value::Bool(true) {
            if Instant::now() > end {
                let shown = self.text("document.body.innerText").await;
                panic!("never so: {script}; the page shows:\n{shown}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Goes to an address and waits until it is there.
    pub(crate) async fn go(&mut self, address: &str) {
        self.call("Page.navigate", json!({ "url": address })).await;
        self.until("document.readyState === 'complete'").await;
        // A picture makes it paint: before its first one, a window takes no keys.
        self.picture(10).await;
    }

    pub(crate) async fn size(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    pub(crate) async fn dark(&mut self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features).await;
    }

    /// Presses a key as a person does.
    pub(crate) async fn press(&mut self, key: &str, code: u32) {
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Every error and warning so far: of scripts, of the content policy, of loading.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let complaint = |said: &Value| match said["method"].as_str() {
            Some("Runtime.exceptionThrown") => Some(said["params"]["exceptionDetails"].to_string()),
            Some("Runtime.consoleAPICalled") => Some(said["params"]["args"].to_string()),
            Some("Log.entryAdded") => Some(said["params"]["entry"].to_string()),
            _ => None,
        };
        self.heard.iter().filter_map(complaint).collect()
    }

    /// Every address that was asked for.
    pub(crate) fn requests(&self) -> Vec<String> {
        let sent = self.heard.iter().filter(|said| said["method"] == "Network.requestWillBeSent");
        sent.map(|said| said["params"]["request"]["url"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Every control and picture that is told to a screen reader, as role and name.
    pub(crate) async fn spoken(&mut self) -> Vec<(String, String)> {
        let tree = self.call("Accessibility.getFullAXTree", json!({})).await;
        let word = |node: &Value, key: &str| node[key]["value"].as_str().unwrap_or_default().to_owned();
        let nodes = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false);
        nodes.map(|node| (word(node, "role"), word(node, "name"))).collect()
    }

    /// A picture of the whole page.
    pub(crate) async fn picture(&mut self, height: u32) -> Vec<u8> {
        use base64::Engine;
        let clip = json!({ "x": 0, "y": 0, "width": 1200, "height": height, "scale": 1 });
        let params = json!({ "format": "png", "clip": clip, "captureBeyondViewport": true });
        let shot = self.call("Page.captureScreenshot", params).await;
        base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
