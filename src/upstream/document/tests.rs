//! Fetching over real sockets of this machine.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::waits::Waits;
use super::*;

const LIMIT: Duration = Duration::from_secs(20);

/// The URL of a server that answers each path with what `answer` says of it.
async fn host(answer: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                if socket.read_buf(&mut request).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            let request = String::from_utf8(request).unwrap();
            let answer = answer(request.split(' ').nth(1).unwrap_or_default());
            let _ = socket.write_all(answer.as_bytes()).await;
            if answer.is_empty() {
                // Until the other side has had enough.
                let _ = socket.read(&mut [0]).await;
            }
        }
    });
    url
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 x\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}

fn fetcher() -> DocumentFetcher {
    let waits = Waits { connect: LIMIT, first_byte: LIMIT, idle: LIMIT };
    let options = HttpOptions { waits, use_proxies: true };
    DocumentFetcher::try_new(options, &Tls::load().unwrap()).unwrap()
}

#[tokio::test]
async fn a_document_comes_with_at_most_the_bytes_that_were_wanted() {
    let url = host(|_| ok("12345")).await;
    assert_eq!(&fetcher().get(&url, 5, LIMIT).await.unwrap()[..], b"12345");
    let large = fetcher().get(&url, 4, LIMIT).await;
    assert!(matches!(large, Err(DocumentError::TooLarge(4))), "{large:?}");
}

#[tokio::test]
async fn a_redirect_is_checked_and_keeps_its_scheme() {
    let url = host(|path| match path {
        "/moved" => redirect("/here"),
        "/here" => ok("x"),
        "/plain" => redirect("http://example.com/"),
        "/other" => redirect("https://127.0.0.1/"),
        _ => redirect("/round"),
    })
    .await;
    let get = async |path: &str| fetcher().get(&format!("{url}{path}"), 5, LIMIT).await;
    assert_eq!(&get("/moved").await.unwrap()[..], b"x");
    assert!(matches!(get("/plain").await, Err(DocumentError::NotAllowed)));
    assert!(matches!(get("/other").await, Err(DocumentError::BadRedirect)));
    assert!(matches!(get("/round").await, Err(DocumentError::TooManyRedirects)));
}

#[tokio::test]
async fn what_is_no_document_is_told_by_what_it_is() {
    let url = host(|path| match path {
        "/404" => "HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/cut" => "HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\nx".to_owned(),
        _ => String::new(),
    })
    .await;
    let fetcher = fetcher();
    let missing = fetcher.get(&format!("{url}/404"), 5, LIMIT).await;
    assert!(matches!(missing, Err(DocumentError::Status(404))), "{missing:?}");
    let cut = fetcher.get(&format!("{url}/cut"), 5, LIMIT).await;
    assert!(matches!(cut, Err(DocumentError::Broken(_))), "{cut:?}");
    let silent = fetcher.get(&url, 5, Duration::from_millis(50)).await;
    assert!(matches!(silent, Err(DocumentError::Timeout(_))), "{silent:?}");
}

#[tokio::test]
async fn an_error_does_not_hold_the_url() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let gone = fetcher().get(&format!("http://{address}/hidden-path"), 5, LIMIT).await;
    let error = gone.unwrap_err();
    assert!(matches!(error, DocumentError::Unreachable(_)), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("hidden-path"));
}

#[test]
fn documents_come_by_https_or_from_this_machine() {
    let may = |url: &str| may_fetch(&Url::parse(url).unwrap());
    for url in ["https://a.example/k", "http://localhost:1/k", "http://127.0.0.1", "http://[::1]/"]
    {
        assert!(may(url), "{url}");
    }
    for url in
        ["http://a.example/k", "https://u@a.example", "https://u:p@a.example", "file:///etc/x"]
    {
        assert!(!may(url), "{url}");
    }
}
