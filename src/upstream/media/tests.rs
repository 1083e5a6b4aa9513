//! Fetching over real sockets of this machine, which is listed where it is meant
//! to be reached.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Barrier;

use super::*;

/// A server that answers each path with what `answer` says of it, and remembers
/// what it was asked.
struct Host {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&asked), Arc::new(answer));
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    while !request.ends_with(b"\r\n\r\n") {
                        if socket.read_buf(&mut request).await.unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    let request = String::from_utf8(request).unwrap();
                    let path = request.split(' ').nth(1).unwrap().to_owned();
                    seen.lock().unwrap().push(request);
                    let _ = socket.write_all(&answer(&path)).await;
                    if path == "/hang" {
                        // Until the other side has had enough.
                        let _ = socket.read(&mut [0]).await;
                    }
                });
            }
        });
        Self { address, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn ok(media_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 x\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

fn options(allowed: &[&str]) -> MediaOptions {
    MediaOptions {
        enabled: true,
        max_bytes: 1000,
        timeout: Duration::from_secs(20),
        connect_timeout: Duration::from_secs(20),
        allowed_hosts: allowed.iter().map(|host| AllowedHost::parse(host).unwrap()).collect(),
    }
}

fn fetcher(options: MediaOptions) -> MediaFetcher {
    MediaFetcher::try_new(options, &Tls::load().unwrap()).unwrap()
}

fn fetcher_of(host: &Host) -> MediaFetcher {
    fetcher(options(&[&host.address]))
}

#[tokio::test]
async fn a_content_comes_with_its_type() {
    let host = Host::start(|_| ok("Image/PNG; charset=x", b"pixels")).await;
    let fetched = fetcher_of(&host).fetch(&host.url("/a.png?sig=s#f")).await.unwrap();
    assert_eq!(fetched.media_type.as_deref(), Some("image/png"));
    assert_eq!(&fetched.bytes[..], b"pixels");
    let asked = host.asked().concat().to_ascii_lowercase();
    let mut names: Vec<_> =
        asked.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0)).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"], "{asked}");
    assert!(asked.starts_with("get /a.png?sig=s http"), "{asked}");
    assert!(asked.contains("accept: image/*"), "{asked}");
}

#[tokio::test]
async fn a_type_need_not_be_there() {
    let host = Host::start(|_| b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nbytes".into()).await;
    let fetched = fetcher_of(&host).fetch(&host.url("/")).await.unwrap();
    assert_eq!(fetched, FetchedMedia { media_type: None, bytes: Bytes::from_static(b"bytes") });
}

#[tokio::test]
async fn redirects_are_followed_three_times() {
    let host = Host::start(|path| match path {
        "/0" => redirect("/1"),
        "/1" => redirect("2"),
        "/2" => redirect("?3"),
        "/2?3" => ok("text/plain", b"end"),
        "/far" => redirect("/0"),
        "/lost" => redirect("http://"),
        _ => b"HTTP/1.1 302 x\r\ncontent-length: 0\r\n\r\n".into(),
    })
    .await;
    let fetcher = fetcher_of(&host);
    assert_eq!(&fetcher.fetch(&host.url("/0")).await.unwrap().bytes[..], b"end");
    let far = fetcher.fetch(&host.url("/far")).await;
    assert!(matches!(far, Err(MediaError::TooManyRedirects(3))), "{far:?}");
    for path in ["/lost", "/nowhere"] {
        let lost = fetcher.fetch(&host.url(path)).await;
        assert!(matches!(lost, Err(MediaError::BadRedirect)), "{lost:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_checked_like_the_first_url() {
    let inside = Host::start(|_| ok("text/plain", b"secret")).await;
    let inside_port = inside.address.rsplit(':').next().unwrap().to_owned();
    let host = Host::start(move |path| match path {
        "/http" => redirect(&format!("http://127.0.0.1:{inside_port}/")),
        "/port" => redirect(&format!("https://127.0.0.1:{inside_port}/")),
        "/address" => redirect("https://127.0.0.1/"),
        "/metadata" => redirect("https://169.254.169.254/latest/meta-data/"),
        "/encoded" => redirect("//2130706433/"),
        "/name" => redirect("https://localhost/"),
        _ => redirect("file:///etc/passwd"),
    })
    .await;
    let fetcher = fetcher_of(&host);
    for (path, expected) in [
        ("/http", "NotHttps"),
        ("/port", "Port"),
        ("/address", "NotPublic"),
        ("/metadata", "NotPublic"),
        ("/encoded", "NotHttps"),
        ("/name", "NotPublic"),
        ("/file", "NotAUrl"),
    ] {
        let error = fetcher.fetch(&host.url(path)).await.unwrap_err();
        assert_eq!(format!("{error:?}"), expected, "{path}");
    }
    assert!(inside.asked().is_empty());
}

#[tokio::test]
async fn names_that_lead_to_this_machine_are_refused() {
    for url in ["https://localhost/", "https://LOCALHOST./a?sig=s"] {
        let error = fetcher(options(&[])).fetch(url).await.unwrap_err();
        assert!(matches!(error, MediaError::NotPublic), "{error:?}");
    }
}

#[tokio::test]
async fn a_listed_name_may_lead_to_this_machine() {
    let host = Host::start(|_| ok("text/plain", b"inside")).await;
    let named = host.address.replace("127.0.0.1", "localhost");
    let fetcher = fetcher(options(&[&named]));
    assert_eq!(fetcher.fetch(&format!("http://{named}/")).await.unwrap().bytes, "inside");
    // Its address is not listed.
    let by_address = fetcher.fetch(&host.url("/")).await;
    assert!(matches!(by_address, Err(MediaError::NotHttps)), "{by_address:?}");
}

#[tokio::test]
async fn a_content_may_be_so_large() {
    let host = Host::start(|path| match path {
        "/fits" => ok("text/plain", &[b'x'; 1000]),
        "/announced" => b"HTTP/1.1 200 x\r\ncontent-length: 1001\r\n\r\n".into(),
        // Without a length, and far more than is read.
        _ => [b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n".to_vec(), vec![b'x'; 1001]].concat(),
    })
    .await;
    let fetcher = fetcher_of(&host);
    assert_eq!(fetcher.fetch(&host.url("/fits")).await.unwrap().bytes.len(), 1000);
    for path in ["/announced", "/counted"] {
        let large = fetcher.fetch(&host.url(path)).await;
        assert!(matches!(large, Err(MediaError::TooLarge(1000))), "{large:?}");
    }
}

#[tokio::test]
async fn a_slow_host_is_not_waited_for() {
    let host = Host::start(|path| match path {
        "/hang" => b"HTTP/1.1 200 x\r\ncontent-length: 10\r\n\r\nhalf".into(),
        _ => redirect("/hang"),
    })
    .await;
    let limit = Duration::from_millis(200);
    let fetcher = fetcher(MediaOptions { timeout: limit, ..options(&[&host.address]) });
    for path in ["/hang", "/first"] {
        let slow = fetcher.fetch(&host.url(path)).await;
        assert!(matches!(slow, Err(MediaError::Timeout(after)) if after == limit), "{slow:?}");
    }
}

#[tokio::test]
async fn other_failures_say_what_happened_and_keep_the_url_to_themselves() {
    let host = Host::start(|path| match path {
        "/gone?sig=secret" => b"HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n".into(),
        "/cut?sig=secret" => b"HTTP/1.1 200 x\r\ncontent-length: 10\r\n\r\nhalf".into(),
        _ => Vec::new(),
    })
    .await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let fetcher = fetcher(options(&[&host.address, &nobody]));
    for (url, expected) in [
        (host.url("/gone?sig=secret"), "Status(404)"),
        (host.url("/cut?sig=secret"), "Broken"),
        (host.url("/mute?sig=secret"), "Broken"),
        (format!("http://{nobody}/?sig=secret"), "Unreachable"),
        ("https://u:secret@example.com/".into(), "NotAUrl"),
        ("secret".into(), "NotAUrl"),
    ] {
        let error = fetcher.fetch(&url).await.unwrap_err();
        let debug = format!("{error:?}");
        assert!(debug.starts_with(expected), "{debug}");
        assert!(!error.to_string().contains("secret") && !debug.contains("secret"), "{debug}");
    }
    let off = MediaOptions { enabled: false, ..options(&[&host.address]) };
    let error = self::fetcher(off).fetch(&host.url("/")).await.unwrap_err();
    assert!(matches!(error, MediaError::Disabled));
}

#[tokio::test]
async fn several_come_in_order_and_each_once() {
    let host = Host::start(|path| ok("text/plain", path.as_bytes())).await;
    let urls: Vec<_> = (0..40).map(|i| host.url(&format!("/{}", i % MAX_URLS))).collect();
    let urls: Vec<_> = urls.iter().map(String::as_str).collect();
    let fetcher = fetcher_of(&host);
    // As a handler of the server has to: on any thread, for as long as it takes.
    let owned: Vec<String> = urls.iter().map(|url| (*url).to_owned()).collect();
    let spawned = tokio::spawn(async move {
        let urls: Vec<_> = owned.iter().map(String::as_str).collect();
        fetcher.fetch_all(&urls, &|_| true).await
    });
    let fetched = spawned.await.unwrap().unwrap();
    let texts: Vec<_> =
        fetched.iter().map(|one| std::str::from_utf8(&one.bytes).unwrap()).collect();
    let expected: Vec<_> = (0..40).map(|i| format!("/{}", i % MAX_URLS)).collect();
    assert_eq!(texts, expected);
    assert_eq!(host.asked().len(), MAX_URLS);
    assert_eq!(fetcher_of(&host).fetch_all(&[], &|_| true).await.unwrap(), []);
}

#[tokio::test]
async fn the_one_that_fails_is_named() {
    let host = Host::start(|path| match path {
        "/gone" => b"HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n".into(),
        _ => ok("text/plain", b"fine"),
    })
    .await;
    let (fine, gone) = (host.url("/fine"), host.url("/gone"));
    let fetcher = fetcher_of(&host);
    let error = fetcher.fetch_all(&[&fine, &fine, &gone, &fine], &|_| true).await.unwrap_err();
    assert_eq!(error.index, 2);
    assert!(matches!(error.error, MediaError::Status(404)));
    let many: Vec<_> = (0..=MAX_URLS).map(|i| host.url(&format!("/{i}"))).collect();
    let mut many: Vec<_> = many.iter().map(String::as_str).collect();
    many.insert(0, many[0]);
    let error = fetcher.fetch_all(&many, &|_| true).await.unwrap_err();
    assert_eq!(error.index, MAX_URLS + 1);
    assert!(matches!(error.error, MediaError::TooMany(MAX_URLS)));
}

#[tokio::test]
async fn together_they_may_be_so_large() {
    const ONE: usize = MAX_TOTAL_BYTES / 4 + 1;
    let host = Host::start(|_| ok("text/plain", &vec![b'x'; ONE])).await;
    let options = MediaOptions { max_bytes: ONE, ..options(&[&host.address]) };
    let urls: Vec<_> = (0..4).map(|i| host.url(&format!("/{i}"))).collect();
    let urls: Vec<_> = urls.iter().map(String::as_str).collect();
    let fetcher = fetcher(options);
    assert_eq!(fetcher.fetch_all(&urls[..3], &|_| true).await.unwrap().len(), 3);
    let error = fetcher.fetch_all(&urls, &|_| true).await.unwrap_err();
    assert!(matches!(error.error, MediaError::TooLargeTogether(MAX_TOTAL_BYTES)), "{error:?}");
}

#[tokio::test]
async fn so_many_are_fetched_at_one_time() {
    const ROUNDS: usize = 2;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now_open, most_open) = (Arc::clone(&open), Arc::clone(&most));
    tokio::spawn(async move {
        // Nobody is answered before all that may come have come.
        let all_are_here = Arc::new(Barrier::new(MAX_AT_ONCE));
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let (open, most) = (Arc::clone(&now_open), Arc::clone(&most_open));
            let all_are_here = Arc::clone(&all_are_here);
            most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::spawn(async move {
                let _ = socket.read(&mut [0; 4096]).await;
                all_are_here.wait().await;
                open.fetch_sub(1, Ordering::SeqCst);
                let _ = socket.write_all(&ok("text/plain", b"x")).await;
            });
        }
    });
    let n_urls = ROUNDS * MAX_AT_ONCE;
    let urls: Vec<_> = (0..n_urls).map(|i| format!("http://{address}/{i}")).collect();
    let urls: Vec<_> = urls.iter().map(String::as_str).collect();
    fetcher(options(&[&address])).fetch_all(&urls, &|_| true).await.unwrap();
    assert_eq!(most.load(Ordering::SeqCst), MAX_AT_ONCE);
}
