//! Another page in the same browser, which is let in: what it can find out, and what it can do.

use crate::browser::Browser;
use crate::stage::Stage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A page of somebody else's, on another port of this machine: same site, another origin.
async fn somebody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked).await;
            let page = "<!doctype html><title>elsewhere</title>";
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{page}",
                page.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{at}/")
}

#[tokio::test(flavor = "multi_thread")]
async fn another_page_learns_nothing_and_changes_nothing() {
    let Some(mut browser) = Browser::open("en").await else { return };
    let stage = Stage::set().await;
    browser.go(&stage.link()).await;
    browser.until("document.querySelector('h1') !== null").await;
    browser.go(&somebody().await).await;
    let page = format!("http://{}", stage.at());
    let read = format!("fetch('{page}/', {{ credentials: 'include' }}).then(() => 'read', () => 'no')");
    assert_eq!(browser.text(&read).await, "no");
    for path in ["/icon.svg", "/page.css", "/nothing"] {
        let picture = format!(
            "new Promise(tell => {{ const image = new Image(); image.onload = () => tell('shown'); \
             image.onerror = () => tell('no'); image.src = '{page}{path}'; }})"
        );
        assert_eq!(browser.text(&picture).await, "no", "{path}");
    }
    let post = format!(
        "fetch('{page}/use', {{ method: 'POST', mode: 'no-cors', credentials: 'include', \
         body: new URLSearchParams({{ service: 'signal', way: 'oslo' }}) }}).then(() => 'sent', () => 'no')"
    );
    browser.text(&post).await;
    let form = format!(
        "const form = document.createElement('form'); form.method = 'post'; form.action = '{page}/use'; \
         form.innerHTML = '<input name=service value=signal><input name=way value=oslo>'; \
         document.body.append(form); form.submit(); 'sent'"
    );
    browser.text(&form).await;
    browser.until(&format!("location.href === '{page}/use' || location.protocol === 'chrome-error:'")).await;
    assert!(stage.byway.board().snapshot().forced.is_empty());
    stage.stop().await;
}
