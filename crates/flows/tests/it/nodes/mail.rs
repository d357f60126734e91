//! Mail through an SMTP server on loopback.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::Nodes;

/// A mail server that keeps what it hears. It refuses recipients that begin with `no`, and the password `wrong`.
struct Server {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                // A client that goes away is what some tests want.
                tokio::spawn(async move { drop(converse(stream, &kept).await) });
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().expect("not poisoned"))
    }
}

async fn converse(stream: TcpStream, heard: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.test ready\r\n").await?;
    let mut in_data = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end_matches("\r\n").to_owned();
        heard.lock().expect("not poisoned").push(line.clone());
        if in_data && line != "." {
            continue;
        }
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-mail.test\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n",
            // The user `ada` with the password `wrong`.
            "AUTH" if line.ends_with("AGFkYQB3cm9uZw==") => "535 5.7.8 no\r\n",
            "AUTH" => "235 2.7.0 welcome\r\n",
            "RCPT" if line.contains("<no") => "550 5.1.1 nobody of that name\r\n",
            "RCPT" if line.contains("<later") => "451 4.3.0 later\r\n",
            "DATA" => "354 go on\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 2.0.0 ok\r\n",
        };
        in_data = line == "DATA";
        stream.write_all(answer.as_bytes()).await?;
    }
}

#[tokio::test]
async fn a_mail_is_handed_over_whole() {
    let (nodes, server) = (Nodes::new().await, Server::start().await);
    let config = json!({ "host": "127.0.0.1", "port": server.port, "username": "ada", "from": "Floe <floe@acme.example>", "tls": false });
    nodes.connect("smtp", "smtp", config, json!({ "password": "s3cret-pass" })).await;
    let input = json!({
        "provider": "smtp", "operation": "sendEmail", "to": "bob@x.example", "cc": ["cy@x.example"], "subject": "Grüße", "body": "Hello",
    });
    let record = nodes.done("integration", input).await;
    assert_eq!(record["data"]["accepted"], json!(["bob@x.example", "cy@x.example"]));
    let heard = server.heard();
    let commands: Vec<&str> =
        heard.iter().map(String::as_str).filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase())).collect();
    assert_eq!(commands[0], "EHLO acme.example");
    assert_eq!(commands[1], "AUTH PLAIN AGFkYQBzM2NyZXQtcGFzcw==");
    assert_eq!(
        commands[2..6],
        ["MAIL FROM:<floe@acme.example>", "RCPT TO:<bob@x.example>", "RCPT TO:<cy@x.example>", "DATA"]
    );
    let id = record["data"]["messageId"].as_str().expect("an id");
    assert!(heard.contains(&format!("Message-ID: {id}")) && heard.contains(&"SGVsbG8=".to_owned()), "{heard:?}");
    assert_eq!(heard.iter().filter(|line| *line == ".").count(), 1);
}

#[tokio::test]
async fn refusals_of_a_mail_server_fail_the_node_and_send_nothing() {
    let (nodes, server) = (Nodes::new().await, Server::start().await);
    let config = json!({ "host": "127.0.0.1", "port": server.port, "username": "ada", "from": "floe@acme.example" });
    let merge = |more: serde_json::Value| {
        let mut all = config.clone();
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        all
    };
    let secret = json!({ "password": "right-pass" });
    let good = nodes.connect("smtp", "smtp", merge(json!({ "tls": false })), secret.clone()).await;
    let wrong = nodes.connect("smtp", "smtp", merge(json!({ "tls": false })), json!({ "password": "wrong" })).await;
    let careful = nodes.connect("smtp", "smtp", config.clone(), secret.clone()).await;
    let strict = nodes.connect("smtp", "smtp", merge(json!({ "tls": true })), secret).await;
    for (connection, to, code) in [
        (&good, "no-one@x.example", "VALIDATION"),
        (&good, "later@x.example", "TRANSIENT"),
        (&good, "a@x.example\r\nDATA", "VALIDATION"),
        (&wrong, "a@x.example", "AUTH"),
        (&careful, "a@x.example", "NETWORK"),
        (&strict, "a@x.example", "NETWORK"),
    ] {
        let input = json!({ "provider": "smtp", "operation": "send_email", "connectionId": connection, "to": to, "body": "Hi" });
        let error = nodes.failed("integration", input).await;
        assert_eq!(error.code, code, "{to} {error:?}");
        assert!(!format!("{error:?}").contains("right-pass"));
        assert!(!server.heard().contains(&"DATA".to_owned()), "nothing is sent");
    }
    let other = json!({ "provider": "smtp", "operation": "readInbox", "connectionId": good });
    assert_eq!(nodes.failed("integration", other).await.code, "NOT_FOUND");
}
