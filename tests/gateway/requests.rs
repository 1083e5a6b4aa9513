//! What clients may send, what they may not, and what of it reaches AWS.

use bedrock_gateway::emulator::identity;
use serde_json::{Value, json};

use crate::support::{Answer, CLAUDE, KEY_PAIR, Stack, chat, start_gateway, streamed};

#[tokio::test]
async fn health_and_root_answer() {
    let stack = Stack::start().await;
    let get = async |path: &str| {
        Answer::read(stack.http.get(format!("{}{path}", stack.url)).send().await.unwrap()).await
    };
    assert_eq!(get("/health").await.json(), json!({"status": "ok"}));
    assert_eq!(get("/health/").await.status, 200);
    let root = get("/").await.json();
    assert_eq!(root["name"], "bedrock-gateway");
    assert_eq!(root["version"], env!("CARGO_PKG_VERSION"));
    assert!(root["documentation"].is_string());
}

#[tokio::test]
async fn what_is_not_served_is_an_openai_error() {
    let stack = Stack::start().await;
    let request = |method: http::Method, path: &str| {
        stack.http.request(method, format!("{}{path}", stack.url))
    };
    let read =
        async |request: reqwest::RequestBuilder| Answer::read(request.send().await.unwrap()).await;
    let good = chat(CLAUDE, "hi").to_string();

    let lost = read(request(http::Method::GET, "/v1/nothing")).await;
    assert_eq!((lost.status, lost.error("code")), (404, json!("unknown_url")));
    let wrong_method = read(request(http::Method::GET, "/v1/chat/completions")).await;
    assert_eq!(
        (wrong_method.status, wrong_method.error("code")),
        (405, json!("method_not_allowed"))
    );
    assert_eq!(wrong_method.header("allow"), "POST");
    let form = request(http::Method::POST, "/v1/chat/completions")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(good.clone());
    assert_eq!(read(form).await.status, 415);
    for not_json in ["", "{", "[]", "hello", "{\"messages\":[]} x"] {
        let bad = request(http::Method::POST, "/v1/chat/completions")
            .header("content-type", "application/json")
            .header("x-api-key", "k")
            .body(not_json);
        let bad = read(bad).await;
        assert_eq!(
            (bad.status, bad.error("type")),
            (400, json!("invalid_request_error")),
            "{not_json}"
        );
        assert_eq!(bad.error("param"), Value::Null);
    }
    let packed = request(http::Method::POST, "/v1/chat/completions")
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body("x");
    assert_eq!(read(packed).await.error("code"), "unsupported_content_encoding");
    let untyped = request(http::Method::POST, "/v1/chat/completions").body("{}");
    assert_eq!(read(untyped).await.status, 415);
    for kind in ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json"]
    {
        let mut fine = request(http::Method::POST, "/v1/chat/completions/")
            .header("content-type", kind)
            .body(good.clone());
        for (name, value) in KEY_PAIR {
            fine = fine.header(name, value);
        }
        assert_eq!(read(fine).await.status, 200, "{kind}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let stack = Stack::start_with("[server]\nmax_body_bytes = 1000").await;
    let answer = stack.ask(&chat(CLAUDE, &"x".repeat(2_000_000))).await;
    assert_eq!((answer.status, answer.error("code")), (413, json!("body_too_large")));
    assert_eq!(stack.ask(&chat(CLAUDE, "x")).await.status, 200);
    // A length that is not announced is found out all the same.
    let address = stack.url.strip_prefix("http://").unwrap();
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nx-api-key: k\r\n\r\n";
    let chunk = format!("{:x}\r\n{}\r\n0\r\n\r\n", 4000, "y".repeat(4000));
    tokio::io::AsyncWriteExt::write_all(&mut socket, format!("{head}{chunk}").as_bytes())
        .await
        .unwrap();
    let mut text = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut socket, &mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
}

#[tokio::test]
async fn who_is_refused_early_still_gets_an_answer() {
    let stack = Stack::start().await;
    let body = "x".repeat(20_000_000);
    for (path, headers, status) in [
        ("/v1/embeddings", vec![], 404),
        ("/health", vec![], 405),
        ("/v1/chat/completions", vec![("content-type", "text/plain")], 415),
        ("/v1/chat/completions", vec![("content-type", "application/json")], 401),
        (
            "/v1/chat/completions",
            vec![("content-type", "application/json"), ("x-portkey-config", "pc-1")],
            400,
        ),
    ] {
        let request = stack.http.post(format!("{}{path}", stack.url)).body(body.clone());
        let request =
            headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        assert_eq!(Answer::read(request.send().await.unwrap()).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn an_error_names_its_place() {
    let stack = Stack::start().await;
    let image = json!([{"type": "image_url", "image_url": {"url": 5}}]);
    for (body, param) in [
        (
            json!({"model": CLAUDE, "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": image}]}),
            "messages[2].content[0].image_url.url",
        ),
        (json!({"messages": [{"role": "user", "content": "a"}]}), "model"),
        (json!({"model": "a b", "messages": [{"role": "user", "content": "a"}]}), "model"),
        (json!({"model": CLAUDE, "messages": [{"role": "user"}]}), "messages"),
        (
            json!({"model": CLAUDE, "messages": [{"role": "user", "content": "a"}], "temperature": 2}),
            "temperature",
        ),
    ] {
        let answer = stack.ask(&body).await;
        assert_eq!((answer.status, answer.error("param")), (400, json!(param)), "{body}");
        assert_eq!(answer.error("type"), "invalid_request_error");
    }
}

#[tokio::test]
async fn what_aws_gets_is_made_anew() {
    let mut stack = Stack::start().await;
    let headers = [
        KEY_PAIR[0],
        KEY_PAIR[1],
        ("cookie", "c=1"),
        ("user-agent", "mine"),
        ("x-portkey-api-key", "pk"),
        ("x-forwarded-for", "203.0.113.1"),
        ("x-amz-target", "Evil"),
        ("anthropic-beta", "flag-a"),
    ];
    assert_eq!(stack.post(&headers, &chat(CLAUDE, "hi")).await.status, 200);
    let observed = stack.next_observed().await;
    let mut names: Vec<_> = observed.headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "authorization",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "x-amz-date"
        ]
    );
    assert!(observed.headers["user-agent"].to_str().unwrap().starts_with("bedrock-gateway/"));
    let body: Value = serde_json::from_slice(&observed.body).unwrap();
    assert_eq!(
        body,
        json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}],
               "additionalModelRequestFields": {"anthropic_beta": ["flag-a"]}})
    );
}

#[tokio::test]
async fn model_ids_of_every_form_arrive_and_are_signed() {
    let mut stack = Stack::start().await;
    for model in [
        "anthropic.claude-v2:1",
        "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
        "us-gov.anthropic.claude-3-haiku-20240307-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2:1",
        "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.anthropic.claude-3-haiku-20240307-v1:0",
        "arn:aws:bedrock:us-west-2:111122223333:application-inference-profile/ab12cd34ef56",
    ] {
        for body in [chat(model, "hi"), streamed(model, "hi")] {
            let answer = stack.ask(&body).await;
            assert_eq!(answer.status, 200, "{model}: {}", answer.text);
            assert_eq!(stack.next_observed().await.model_id, model);
        }
    }
    let encoded = stack.ask(&chat("anthropic.claude-v2%3A1", "hi")).await;
    assert_eq!(encoded.json()["model"], "anthropic.claude-v2%3A1");
    assert_eq!(stack.next_observed().await.model_id, "anthropic.claude-v2:1");
}

#[tokio::test]
async fn aliases_let_fixed_names_work() {
    let settings = format!(
        "[models.aliases]\n\"gpt-4o\" = {{ model = \"{CLAUDE}\", region = \"eu-west-3\" }}"
    );
    let mut stack = Stack::start_with(&settings).await;
    let answer = stack.ask(&chat("gpt-4o", "hi")).await;
    assert_eq!(answer.json()["model"], "gpt-4o");
    let observed = stack.next_observed().await;
    assert_eq!(observed.model_id, CLAUDE);
    assert!(
        observed.headers["authorization"]
            .to_str()
            .unwrap()
            .contains("/eu-west-3/bedrock/aws4_request")
    );
}

#[tokio::test]
async fn a_config_is_carried_out() {
    let mut stack = Stack::start().await;
    let config = json!({
        "strategy": {"mode": "single"},
        "strict_open_ai_compliance": false,
        "targets": [{
            "provider": "bedrock",
            "aws_access_key_id": identity::DEMO_ACCESS_KEY_ID,
            "aws_secret_access_key": identity::DEMO_SECRET_ACCESS_KEY,
            "aws_region": "ap-south-1",
            "override_params": {"model": "amazon.nova-lite-v1:0", "max_tokens": 2}
        }]
    })
    .to_string();
    let answer = stack.post(&[("x-portkey-config", &config)], &chat(CLAUDE, "one two three")).await;
    assert_eq!(answer.header("x-portkey-last-used-option-index"), "config.targets[0]");
    let refused = config.replace("amazon.nova-lite-v1:0", "emulator.throttle");
    let refused = stack.post(&[("x-portkey-config", &refused)], &chat(CLAUDE, "x")).await;
    assert_eq!(refused.header("x-portkey-last-used-option-index"), "config.targets[0]");
    assert_eq!(refused.status, 429);
    assert_eq!(stack.next_observed().await.model_id, "amazon.nova-lite-v1:0");
    assert_eq!(stack.next_observed().await.model_id, "emulator.throttle");
    let again = stack.post(&[("x-portkey-config", &config)], &chat(CLAUDE, "one two three")).await;
    assert_eq!(again.status, 200);
    let completion = answer.json();
    assert_eq!(completion["model"], "amazon.nova-lite-v1:0");
    assert_eq!(completion["choices"][0]["finish_reason"], "max_tokens");
    let observed = stack.next_observed().await;
    assert_eq!(observed.model_id, "amazon.nova-lite-v1:0");
    assert!(observed.headers["authorization"].to_str().unwrap().contains("/ap-south-1/"));
    let bad = stack
        .post(&[("x-portkey-config", r#"{"retry": 5, "provider": []}"#)], &chat(CLAUDE, "x"))
        .await;
    assert_eq!((bad.status, bad.error("param")), (400, json!("x-portkey-config.provider")));
    let override_type = r#"{"override_params": {"max_tokens": "many"}}"#;
    let headers = [KEY_PAIR[0], KEY_PAIR[1], ("x-portkey-config", override_type)];
    let bad = stack.post(&headers, &chat(CLAUDE, "x")).await;
    assert_eq!((bad.status, bad.error("param")), (400, json!("max_tokens")));
}

#[tokio::test]
async fn cors_is_off_unless_set() {
    let preflight = async |stack: &Stack, origin: &str| {
        let request = stack
            .http
            .request(http::Method::OPTIONS, format!("{}/v1/chat/completions", stack.url))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,x-portkey-provider");
        Answer::read(request.send().await.unwrap()).await
    };
    let off = Stack::start().await;
    let answer = preflight(&off, "https://app.example").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (405, ""));
    let on = Stack::start_with("[server]\ncors_allowed_origins = [\"https://app.example\"]").await;
    let answer = preflight(&on, "https://app.example").await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (200, "https://app.example")
    );
    assert_eq!(answer.header("access-control-allow-headers"), "content-type,x-portkey-provider");
    assert_eq!(
        preflight(&on, "https://evil.example").await.header("access-control-allow-origin"),
        ""
    );
    let asked = [KEY_PAIR[0], KEY_PAIR[1], ("origin", "https://app.example")];
    let answer = on.post(&asked, &chat(CLAUDE, "hi")).await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example");
    assert!(answer.header("access-control-expose-headers").contains("x-portkey-trace-id"));
}

#[tokio::test]
async fn a_custom_host_must_be_allowed() {
    let mut stack = Stack::start_with("[upstream]\ncustom_hosts = [\"bedrock.example\"]").await;
    for host in [
        "https://127.0.0.1:9",
        "http://bedrock.example",
        "https://bedrock.example:8443",
        "http://2130706433",
        "http://[::1]",
        "http://169.254.169.254",
        "https://evil.example",
        "http://localhost:1",
    ] {
        let headers = [KEY_PAIR[0], KEY_PAIR[1], ("x-portkey-custom-host", host)];
        let answer = stack.post(&headers, &chat(CLAUDE, "hi")).await;
        assert_eq!(
            (answer.status, answer.error("param")),
            (400, json!("x-portkey-custom-host")),
            "{host}"
        );
    }
    assert!(stack.observed.try_recv().is_err());
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let stack = Stack::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redirecting = format!("http://{}", listener.local_addr().unwrap());
    let target = stack.url.clone();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        let _ = tokio::io::AsyncReadExt::read(&mut socket, &mut buffer).await;
        let answer =
            format!("HTTP/1.1 307 x\r\nlocation: {target}/health\r\ncontent-length: 0\r\n\r\n");
        let _ = tokio::io::AsyncWriteExt::write_all(&mut socket, answer.as_bytes()).await;
    });
    let (url, _gateway, _stop) = start_gateway(&redirecting, "").await;
    let stack = stack.with_url(url);
    let answer = stack.ask(&chat(CLAUDE, "hi")).await;
    assert_eq!(
        (answer.status, answer.error("type")),
        (502, json!("server_error")),
        "{}",
        answer.text
    );
}
