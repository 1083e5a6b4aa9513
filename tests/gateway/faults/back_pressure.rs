//! A client that does not read slows the model's stream and costs no memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bedrock_gateway::emulator::identity;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::raw::{Raw, STREAM_HEAD, delta, message_start, say, stream_end};
use crate::support::{CLAUDE, PATIENCE, streamed};

/// What the text is made of; nothing else in an answer holds it.
const LETTER: u8 = b'~';
/// Text of one event.
const PIECE: usize = 64 * 1024;
/// Pieces that the upstream would send: 512 MiB.
const PIECES: usize = 8192;
/// What may be on the way: the buffers that the system gives four ends of two
/// sockets, with room to spare, and far less than there is to send.
const MOST_ON_THE_WAY: usize = 128 * 1024 * 1024;
/// Pieces that are sent once the client reads.
const PIECES_AFTER: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_stops_stops_the_upstream() {
    let sent = Arc::new(AtomicUsize::new(0));
    let stalled = Arc::new(Notify::new());
    let (counter, signal) = (Arc::clone(&sent), Arc::clone(&stalled));
    let raw = Raw::start("", move |_, mut socket| {
        let (sent, stalled) = (Arc::clone(&counter), Arc::clone(&signal));
        async move {
            say(&mut socket, STREAM_HEAD).await;
            say(&mut socket, message_start()).await;
            let piece = delta(&char::from(LETTER).to_string().repeat(PIECE));
            let mut left = PIECES;
            while left > 0 {
                let mut write = std::pin::pin!(socket.write_all(&piece));
                if timeout(Duration::from_secs(1), &mut write).await.is_err() {
                    stalled.notify_one();
                    // Goes on when somebody reads, and then to its end soon.
                    write.await.unwrap();
                    left = left.min(PIECES_AFTER);
                }
                sent.fetch_add(PIECE, Ordering::SeqCst);
                left -= 1;
            }
            say(&mut socket, stream_end()).await;
        }
    })
    .await;

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1024).unwrap();
    let address = raw.url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut client = socket.connect(address).await.unwrap();
    let body = streamed(CLAUDE, "hi").to_string();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\nx-api-key: {}\r\ncontent-length: {}\r\n\r\n{body}",
        identity::DEMO_API_KEY,
        body.len()
    );
    client.write_all(request.as_bytes()).await.unwrap();

    // The client does not read: the upstream cannot write on.
    timeout(PATIENCE, stalled.notified()).await.expect("the upstream to be stopped");
    let on_the_way = sent.load(Ordering::SeqCst);
    assert!(on_the_way < MOST_ON_THE_WAY, "{on_the_way} bytes are held");

    // Now it reads, and gets everything.
    let mut answer = Vec::new();
    timeout(PATIENCE, client.read_to_end(&mut answer)).await.expect("the rest in time").unwrap();
    let received = answer.iter().filter(|byte| **byte == LETTER).count();
    let all = sent.load(Ordering::SeqCst);
    assert!(all > on_the_way);
    assert_eq!(received, all);
    assert!(String::from_utf8_lossy(&answer).contains("data: [DONE]\n\n"));
}
