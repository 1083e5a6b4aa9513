//! Comments while there is nothing to say, before the first event and after it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::raw::{
    Raw, STREAM_HEAD, delta, event, hold, json_answer, message_start, say, stream_end,
};
use crate::support::{Answer, CLAUDE, PATIENCE, events, streamed};

const OFTEN: &str = "[server]\nsse_keep_alive_ms = 50";
const COMMENT: &str = ": keep-alive\n\n";

/// Reads on until `wanted` has come; what there was so far.
async fn read_until(response: &mut reqwest::Response, wanted: &str) -> String {
    let mut text = String::new();
    while !text.contains(wanted) {
        let piece = timeout(PATIENCE, response.chunk()).await.expect("more in time").unwrap();
        text.push_str(std::str::from_utf8(&piece.expect("more before the end")).unwrap());
    }
    text
}

async fn rest(response: reqwest::Response) -> String {
    timeout(PATIENCE, response.text()).await.expect("an end in time").unwrap()
}

fn text_of(stream: &str) -> String {
    let events = events(stream);
    let deltas =
        events.iter().filter_map(|chunk| chunk.pointer("/choices/0/delta/content")?.as_str());
    deltas.collect()
}

/// Two comments must come before the upstream is told to go on.
async fn comments_then(go_on: &Notify, mut response: reqwest::Response) -> String {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut text = read_until(&mut response, COMMENT).await;
    text.push_str(&read_until(&mut response, COMMENT).await);
    go_on.notify_one();
    text.push_str(&rest(response).await);
    text
}

#[tokio::test]
async fn before_the_head_of_the_answer() {
    let go_on = Arc::new(Notify::new());
    let wait = Arc::clone(&go_on);
    let raw = Raw::start(OFTEN, move |_, mut socket| {
        let wait = Arc::clone(&wait);
        async move {
            wait.notified().await;
            say(&mut socket, STREAM_HEAD).await;
            for piece in [message_start(), delta("late"), stream_end()] {
                say(&mut socket, piece).await;
            }
        }
    })
    .await;
    let response = raw.send(&[], &streamed(CLAUDE, "hi")).await;
    // AWS had not answered when the client's head was written.
    assert_eq!(response.headers().get("x-amzn-requestid"), None);
    let text = comments_then(&go_on, response).await;
    assert!(text.starts_with(COMMENT), "{text}");
    assert_eq!(text_of(&text), "late");
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[tokio::test]
async fn between_the_head_and_the_first_event() {
    let go_on = Arc::new(Notify::new());
    let wait = Arc::clone(&go_on);
    // Long enough for the head to come, whatever else this machine does.
    let raw = Raw::start("[server]\nsse_keep_alive_ms = 1500", move |_, mut socket| {
        let wait = Arc::clone(&wait);
        async move {
            say(&mut socket, STREAM_HEAD).await;
            wait.notified().await;
            for piece in [message_start(), delta("late"), stream_end()] {
                say(&mut socket, piece).await;
            }
        }
    })
    .await;
    let response = raw.send(&[], &streamed(CLAUDE, "hi")).await;
    assert_eq!(response.headers()["x-amzn-requestid"], "raw-request");
    assert_eq!(text_of(&comments_then(&go_on, response).await), "late");
}

#[tokio::test]
async fn in_the_middle() {
    let go_on = Arc::new(Notify::new());
    let wait = Arc::clone(&go_on);
    let raw = Raw::start(OFTEN, move |_, mut socket| {
        let wait = Arc::clone(&wait);
        async move {
            say(&mut socket, STREAM_HEAD).await;
            say(&mut socket, [message_start(), delta("before ")].concat()).await;
            wait.notified().await;
            say(&mut socket, [delta("after"), stream_end()].concat()).await;
        }
    })
    .await;
    let mut response = raw.send(&[], &streamed(CLAUDE, "hi")).await;
    let before = read_until(&mut response, "before ").await;
    let text = format!("{before}{}", comments_then(&go_on, response).await);
    assert_eq!(text_of(&text), "before after");
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[tokio::test]
async fn while_events_come_that_are_not_shown() {
    let go_on = Arc::new(Notify::new());
    let wait = Arc::clone(&go_on);
    let raw = Raw::start(OFTEN, move |_, mut socket| {
        let wait = Arc::clone(&wait);
        async move {
            say(&mut socket, STREAM_HEAD).await;
            say(&mut socket, message_start()).await;
            // Reasoning has no place in OpenAI's own shape.
            let thought = event(
                "contentBlockDelta",
                &json!({"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "hm"}}}),
            );
            while timeout(Duration::from_millis(5), wait.notified()).await.is_err() {
                say(&mut socket, &thought).await;
            }
            say(&mut socket, [delta("at last"), stream_end()].concat()).await;
        }
    })
    .await;
    let response = raw.send(&[], &streamed(CLAUDE, "hi")).await;
    assert_eq!(text_of(&comments_then(&go_on, response).await), "at last");
}

#[tokio::test]
async fn an_error_after_the_first_comment_is_told_in_band() {
    for (fault, code) in [
        ("error", "ThrottlingException"),
        ("exception", "throttlingException"),
        ("close", "upstream_connection_broken"),
        ("empty", "upstream_stream_incomplete"),
    ] {
        let go_on = Arc::new(Notify::new());
        let wait = Arc::clone(&go_on);
        let raw = Raw::start(OFTEN, move |number, mut socket| {
            let wait = Arc::clone(&wait);
            async move {
                if number == 0 {
                    wait.notified().await;
                }
                match fault {
                    "error" => {
                        let body = r#"{"__type":"ThrottlingException","message":"slow down"}"#;
                        say(&mut socket, json_answer(429, body)).await;
                    }
                    "exception" => {
                        let payload = json!({"message": "slow down"});
                        let frame = crate::raw::exception("throttlingException", &payload);
                        say(&mut socket, STREAM_HEAD).await;
                        say(&mut socket, frame).await;
                    }
                    "empty" => say(&mut socket, STREAM_HEAD).await,
                    _ => socket.set_zero_linger().unwrap(),
                }
            }
        })
        .await;
        let text = comments_then(&go_on, raw.send(&[], &streamed(CLAUDE, "hi")).await).await;
        let told = events(&text);
        assert_eq!(told.len(), 1, "{text}");
        assert_eq!(told[0]["error"]["code"], code, "{text}");
        assert!(!text.contains("[DONE]"), "{text}");
    }
}

#[tokio::test]
async fn both_limits_on_waiting_hold_after_it() {
    for (settings, headers, code) in [
        (OFTEN.to_owned(), vec![("x-portkey-request-timeout", "2000")], "request_timeout"),
        (format!("{OFTEN}\n[upstream]\nfirst_byte_timeout_ms = 2000"), vec![], "upstream_timeout"),
    ] {
        let raw = Raw::start(&settings, |_, socket| hold(socket)).await;
        let response = raw.send(&headers, &streamed(CLAUDE, "hi")).await;
        let answer = Answer::read(response).await;
        assert!(answer.text.starts_with(COMMENT), "{}", answer.text);
        let told = answer.events();
        assert_eq!(told.len(), 1, "{}", answer.text);
        assert_eq!(told[0]["error"]["code"], code, "{}", answer.text);
    }
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_call() {
    let closed = Arc::new(Notify::new());
    let told = Arc::clone(&closed);
    let raw = Raw::start(OFTEN, move |_, socket| {
        let told = Arc::clone(&told);
        async move {
            hold(socket).await;
            told.notify_one();
        }
    })
    .await;
    let mut response = raw.send(&[], &streamed(CLAUDE, "hi")).await;
    read_until(&mut response, COMMENT).await;
    drop(response);
    timeout(PATIENCE, closed.notified()).await.expect("the call to end");
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let raw = Raw::start("[server]\nsse_keep_alive_ms = 0", async |_, mut socket| {
        sleep(Duration::from_millis(200)).await;
        say(&mut socket, STREAM_HEAD).await;
        say(&mut socket, [message_start(), delta("quiet"), stream_end()].concat()).await;
    })
    .await;
    let answer = raw.ask(&streamed(CLAUDE, "hi")).await;
    assert_eq!(answer.streamed_text(), "quiet");
    assert!(!answer.text.contains(COMMENT));
    assert_eq!(answer.header("x-amzn-requestid"), "raw-request");
}
