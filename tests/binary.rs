//! The program itself: exit codes, what it prints, what it logs, how it stops.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

use bedrock_gateway::emulator::identity;
use serde_json::Value;

/// The program with an environment of nothing but `variables`.
fn program(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedrock-gateway"));
    command.args(arguments).env_clear().envs(variables.iter().copied());
    command
}

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    program(arguments, variables).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A program that serves, stopped at the latest when the test ends.
struct Serving {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Serving {
    fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = program(arguments, variables)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// The address in the line `<who> listening on http://<address>`.
    fn address(&mut self, who: &str) -> String {
        let start = format!("{who} listening on http://");
        for line in (&mut self.out).lines() {
            if let Some(address) = line.unwrap().strip_prefix(&start) {
                return address.to_owned();
            }
        }
        panic!("{who} does not say where it listens");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("/bin/kill").args([name, &pid]).status().unwrap().success());
    }

    /// Waits for the end: success or not, and what was logged.
    fn finish(mut self) -> (bool, String) {
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().success(), log)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn post(address: &str, headers: &str, body: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        socket,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

const HELLO: &str =
    r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "a very private prompt"}]}"#;

#[test]
fn wrong_settings_are_all_told_with_exit_code_64() {
    let flags = ["serve", "--listen", "nowhere", "--set", "aws.region=moon", "--set", "what"];
    let output = run(&flags, &[("BEDROCK_GATEWAY_LOG_FORMAT", "verse")]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{told}");
    for part in ["4 problem(s)", "server.listen", "aws.region", "log.format", "what"] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(run(&["--config", "/does/not/exist"], &[]).status.code(), Some(64));
    assert_eq!(run(&["--what"], &[]).status.code(), Some(64));
    assert_eq!(run(&["config", "check"], &[("PORT", "http")]).status.code(), Some(64));
}

#[test]
fn the_settings_can_be_looked_at() {
    let check = run(&["config", "check"], &[("PORT", "9")]);
    assert_eq!(
        (check.status.code(), text(&check.stdout).as_str()),
        (Some(0), "the settings are in order\n")
    );
    let defaults = run(&["config", "defaults"], &[]);
    assert!(text(&defaults.stdout).contains("max_body_bytes"));
    assert!(text(&run(&["--help"], &[]).stdout).contains("emulator"));
}

#[test]
fn who_does_not_serve_is_not_healthy() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(run(&["health", "--listen", &free.to_string()], &[]).status.code(), Some(1));
}

#[test]
fn an_address_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let output = run(&["--listen", &taken.local_addr().unwrap().to_string()], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot listen on"));
}

#[test]
fn dev_serves_logs_and_stops() {
    let mut serving = Serving::start(
        &[
            "dev",
            "--emulator-listen",
            "127.0.0.1:0",
            "--log-format",
            "json",
            "--log-level",
            "trace",
        ],
        &[("PORT", "0")],
    );
    let gateway = serving.address("gateway");
    let emulator = serving.address("emulator");
    assert_ne!(gateway, emulator);
    let answer = post(&gateway, "", HELLO);
    assert!(answer.contains("You said: a very private prompt"), "{answer}");
    let keys = format!(
        "x-portkey-trace-id: my-trace\r\nx-portkey-aws-access-key-id: {}\r\nx-portkey-aws-secret-access-key: {}\r\nx-portkey-aws-session-token: {}\r\n",
        identity::TEMPORARY_ACCESS_KEY_ID,
        identity::TEMPORARY_SECRET_ACCESS_KEY,
        identity::EXPIRED_SESSION_TOKEN
    );
    assert!(post(&gateway, &keys, HELLO).starts_with("HTTP/1.1 403 "));
    let bearer = "authorization: Bearer a-secret-bearer-key\r\n";
    assert!(post(&gateway, bearer, HELLO).starts_with("HTTP/1.1 403 "));
    let stream = HELLO.replace("\"model\"", "\"stream\": true, \"model\"");
    assert!(post(&gateway, "", &stream).contains("data: [DONE]"));
    assert!(run(&["health", "--listen", &gateway], &[]).status.success());
    serving.signal("-TERM");
    let (success, log) = serving.finish();
    assert!(success, "{log}");

    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let requests: Vec<_> = lines.iter().filter(|line| line["message"] == "request").collect();
    assert_eq!(requests.len(), 5, "{log}");
    let plain = requests[0];
    assert_eq!(plain["status"], 200);
    assert_eq!(plain["outcome"], "complete");
    assert_eq!(plain["model"], "gpt-4o");
    assert_eq!(plain["path"], "/v1/chat/completions");
    assert_eq!(plain["target.region"], "us-east-1");
    assert_eq!(plain["stream"], false);
    assert!(plain["usage.input_tokens"].as_u64().unwrap() > 0);
    assert!(plain["usage.output_tokens"].as_u64().unwrap() > 0);
    assert!(plain["duration_ms"].as_f64().unwrap() >= plain["ttft_ms"].as_f64().unwrap());
    assert_eq!(plain["upstream.request_id"].as_str().unwrap().len(), 36);
    assert_eq!(requests[1]["request.id"], "my-trace");
    assert_eq!(requests[1]["error.code"], "ExpiredTokenException");
    assert_eq!(requests[3]["stream"], true);
    assert!(requests[3]["usage.output_tokens"].as_u64().unwrap() > 0);
    for secret in [
        identity::DEMO_SECRET_ACCESS_KEY,
        identity::TEMPORARY_SECRET_ACCESS_KEY,
        identity::EXPIRED_SESSION_TOKEN,
        identity::DEMO_API_KEY,
        "a-secret-bearer-key",
        "private prompt",
    ] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[test]
fn serve_uses_the_environments_endpoint_and_identity() {
    let mut emulator = Serving::start(&["emulator", "--listen", "127.0.0.1:0"], &[]);
    let upstream = format!("http://{}", emulator.address("emulator"));
    let base = [("PORT", "0"), ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", upstream.as_str())];
    let model = HELLO.replace("gpt-4o", "amazon.nova-lite-v1:0");
    let key_pair = [
        ("AWS_ACCESS_KEY_ID", identity::DEMO_ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", identity::DEMO_SECRET_ACCESS_KEY),
    ];
    let allow = ("BEDROCK_GATEWAY_AWS_ALLOW_GATEWAY_IDENTITY", "true");
    for (variables, status) in [
        // The environment's credentials are not lent unless the settings say so.
        ([&base[..], &key_pair[..]].concat(), "401"),
        ([&base[..], &key_pair[..], &[allow]].concat(), "200"),
        (
            [&base[..], &[allow, ("AWS_BEARER_TOKEN_BEDROCK", identity::DEMO_API_KEY)]].concat(),
            "200",
        ),
    ] {
        let mut gateway = Serving::start(&[], &variables);
        let address = gateway.address("gateway");
        let answer = post(&address, "", &model);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        gateway.signal("-INT");
        assert!(gateway.finish().0);
    }
    emulator.signal("-TERM");
    assert!(emulator.finish().0);
}

/// A folder of its own, removed at the end.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("bedrock-gateway-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// What a command printed, once it succeeded.
fn done(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = run(arguments, variables);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn the_vault_is_kept_by_commands() {
    const SECRET: &str = "a-secret-access-key-of-somebody";
    let folder = Folder::new();
    let (file, data) = (folder.path("master.key"), folder.path("data"));
    let set = [
        ("BEDROCK_GATEWAY_VAULT_DATA_DIR", data.as_str()),
        ("BEDROCK_GATEWAY_VAULT_MASTER_KEY_FILE", &file),
        ("BEDROCK_GATEWAY_SECRET", SECRET),
    ];
    assert!(!run(&["api-key", "list"], &set[..1]).status.success(), "without a master key");
    done(&["master-key", "create", &file], &[]);
    assert!(!run(&["master-key", "create", &file], &[]).status.success(), "a key was overwritten");

    let key = done(&["api-key", "create", "--name", "admin", "--scope", "admin.write"], &set);
    assert!(key.starts_with("bgw-") && key.trim().len() == 47, "{key}");
    let add =
        ["virtual-key", "add", "--name", "Team", "--slug", "team", "--access-key-id", "AKIA1"];
    assert_eq!(done(&add, &set), "team\n");
    let again = run(&add, &set);
    assert!(text(&again.stderr).contains("already"), "{}", text(&again.stderr));
    let role = ["--role-arn", "arn:aws:iam::111122223333:role/x"];
    done(&[&["virtual-key", "add", "--name", "Role"], &role[..]].concat(), &set[..2]);
    let wrong = run(&["virtual-key", "add", "--name", "x", "--role-arn", "x"], &set);
    assert!(text(&wrong.stderr).contains("aws_role_arn"), "{}", text(&wrong.stderr));

    assert_eq!(done(&["master-key", "rotate"], &set), "sealed 3 records anew\n");
    let copy = folder.path("copy.db");
    done(&["backup", &copy], &set);
    let list = done(&["virtual-key", "list"], &set);
    assert!(list.contains("team ") && list.contains("role-"), "{list}");
    done(&["virtual-key", "remove", "team"], &set);
    assert!(!run(&["virtual-key", "remove", "team"], &set).status.success(), "removed twice");

    let id = done(&["api-key", "list"], &set);
    let id = id.lines().nth(1).unwrap().split(' ').next().unwrap().to_owned();
    done(&["api-key", "revoke", &id], &set);
    assert_eq!(done(&["api-key", "list"], &set).lines().count(), 1);

    let other = folder.path("other.key");
    done(&["master-key", "create", &other], &[]);
    let wrong = [set[0], ("BEDROCK_GATEWAY_VAULT_MASTER_KEY_FILE", other.as_str())];
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["virtual-key", "list"]] {
        let output = run(command, &wrong);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("sealed with another master key"));
    }
    let output = run(&["serve", "--listen", "127.0.0.1:0"], &set[..1]);
    assert!(text(&output.stderr).contains("there is no master key"), "{}", text(&output.stderr));

    for file in std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = text(&std::fs::read(&file).unwrap());
        assert!(!bytes.contains(SECRET) && !bytes.contains(key.trim()), "{}", file.display());
    }
    assert!(!text(&std::fs::read(&copy).unwrap()).contains(SECRET));
}

#[test]
fn strangers_are_not_lent_the_gateways_identity_where_other_machines_reach_it() {
    let arguments = ["serve", "--listen", "0.0.0.0:0", "--set", "aws.allow_gateway_identity=true"];
    let output = run(&arguments, &[("AWS_EC2_METADATA_DISABLED", "true")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("auth.allow_public_anonymous"));
    let allowed = [&arguments[..], &["--set", "auth.allow_public_anonymous=true"]].concat();
    let mut serving = Serving::start(&allowed, &[("AWS_EC2_METADATA_DISABLED", "true")]);
    serving.address("gateway");
}

/// With 64 file descriptors, somebody who opens 200 connections keeps nobody else from being
/// served, upstream calls included.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn few_descriptors_are_not_used_up_by_one_address() {
    use tokio::io::AsyncReadExt;

    let mut emulator = Serving::start(&["emulator", "--listen", "127.0.0.1:0"], &[]);
    let upstream = format!("http://{}", emulator.address("emulator"));
    let mut limited = Command::new("/bin/sh");
    // The soft limit is lower still, so that it must be raised.
    let script = "ulimit -Sn 40 && ulimit -Hn 64 && exec \"$0\" --log-format json";
    limited.args(["-c", script, env!("CARGO_BIN_EXE_bedrock-gateway")]);
    limited.env_clear().envs([("PORT", "0"), ("AWS_ENDPOINT_URL", &upstream)]);
    let mut child = limited.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell");
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut gateway = Serving { child, out };
    let address = gateway.address("gateway");

    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let to = address.parse().unwrap();
        attempts.spawn(async move {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
            let mut socket = socket.connect(to).await.unwrap();
            // Ends for those that are refused only.
            let mut answer = String::new();
            drop(socket.read_to_string(&mut answer).await);
            answer
        });
    }
    for _ in 0..196 {
        let refused =
            tokio::time::timeout(std::time::Duration::from_secs(20), attempts.join_next());
        let answer = refused.await.expect("a refusal in time").unwrap().unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 429 "), "{answer}");
    }
    let headers = format!("x-api-key: {}\r\n", identity::DEMO_API_KEY);
    let model = HELLO.replace("gpt-4o", "amazon.nova-lite-v1:0");
    for _ in 0..20 {
        assert!(run(&["health", "--listen", &address], &[]).status.success());
        let answer = post(&address, &headers, &model);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    assert_eq!(attempts.len(), 4, "connections of the address that was bounded");
    attempts.shutdown().await;
    gateway.signal("-TERM");
    let (success, log) = gateway.finish();
    assert!(success, "{log}");
    let count = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    assert_eq!(count("file descriptors that the process may open\",\"limit\":64"), 1, "{log}");
    assert!((1..20).contains(&count("refused connections")), "{log}");
    assert_eq!(count("cannot accept a connection"), 0, "{log}");
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn large_blocks_are_given_back_unless_the_operator_chose_otherwise() {
    let thresholds = |variables: &[(&str, &str)]| {
        let mut serving = Serving::start(&["serve", "--listen", "127.0.0.1:0"], variables);
        serving.address("gateway");
        // The same process, started anew.
        let environment = std::fs::read(format!("/proc/{}/environ", serving.child.id())).unwrap();
        let environment = text(&environment);
        let found = environment.split('\0').filter_map(|pair| pair.strip_prefix("MALLOC_"));
        found.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(thresholds(&[]), ["MMAP_THRESHOLD_=262144", "TRIM_THRESHOLD_=1048576"]);
    assert_eq!(thresholds(&[("MALLOC_MMAP_THRESHOLD_", "65536")]), ["MMAP_THRESHOLD_=65536"]);
    assert!(thresholds(&[("GLIBC_TUNABLES", "glibc.malloc.arena_max=2")]).is_empty());
}
