//! Fetches small documents that the settings name, such as a set of keys.
//!
//! Who can change such a document on its way can change what the gateway
//! believes, so it comes over https; plain http is for this machine's own
//! addresses. A redirect is checked like the first URL and keeps its scheme.

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, ACCEPT_ENCODING, LOCATION};
use tokio::time::timeout;
use url::{Host, Url};

use super::http_client::{self, BuildError, HttpOptions, Tls};

/// Redirects that are followed: what a move to another host and path takes.
const MAX_REDIRECTS: usize = 3;

/// What is asked for first, and after it whatever there is: a host that is strict
/// about it would refuse otherwise.
const WANTED: &str = "application/json, */*;q=0.5";

/// Why a document could not be had. For the operator; none holds the URL.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// A URL, or a redirect's, that [`may_fetch`] refuses.
    #[error("the URL is not https (or http of this machine), or holds a user name or password")]
    NotAllowed,
    /// No connection, or none that could be trusted.
    #[error("the host cannot be reached, or not by a TLS connection that can be trusted")]
    Unreachable(#[source] reqwest::Error),
    /// The connection broke, or held something else than HTTP.
    #[error("the connection to the host broke")]
    Broken(#[source] reqwest::Error),
    /// Not there in time.
    #[error("the host did not send the document within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// An answer that is no success.
    #[error("the host answered with status {0}")]
    Status(u16),
    /// A redirect without a place to go to, or to another scheme.
    #[error("the host redirects to what is no URL, or to one with another scheme")]
    BadRedirect,
    /// A redirect too many.
    #[error("the host redirects more than {MAX_REDIRECTS} times")]
    TooManyRedirects,
    /// More bytes than were wanted.
    #[error("the document is larger than {0} bytes")]
    TooLarge(usize),
}

/// Fetches documents; cheap to clone.
#[derive(Debug, Clone)]
pub struct DocumentFetcher {
    /// For hosts elsewhere, by way of a proxy if there is one.
    remote: reqwest::Client,
    /// For this machine, which no proxy reaches.
    local: reqwest::Client,
}

impl DocumentFetcher {
    /// A fetcher without any connection yet. Of the waits, that for a connection
    /// is used; the others are said with each document.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn try_new(options: HttpOptions, tls: &Tls) -> Result<Self, BuildError> {
        // Documents are fetched minutes apart, so that no connection is worth
        // keeping.
        let builder = || http_client::builder(tls, options.waits.connect).pool_max_idle_per_host(0);
        let remote = if options.use_proxies { builder() } else { builder().no_proxy() };
        Ok(Self {
            remote: http_client::build(remote)?,
            local: http_client::build(builder().no_proxy())?,
        })
    }

    /// The document at `url`, of at most `max_bytes` bytes, within `limit`,
    /// redirects included.
    ///
    /// # Errors
    /// See [`DocumentError`].
    pub async fn get(
        &self,
        url: &str,
        max_bytes: usize,
        limit: Duration,
    ) -> Result<Bytes, DocumentError> {
        let url = Url::parse(url).map_err(|_| DocumentError::NotAllowed)?;
        let followed = timeout(limit, self.follow(url, max_bytes)).await;
        followed.map_err(|_| DocumentError::Timeout(limit))?
    }

    async fn follow(&self, mut url: Url, max_bytes: usize) -> Result<Bytes, DocumentError> {
        for _ in 0..=MAX_REDIRECTS {
            if !may_fetch(&url) {
                return Err(DocumentError::NotAllowed);
            }
            let client = if is_this_machine(&url) { &self.local } else { &self.remote };
            let request = client.get(url.clone()).header(ACCEPT, WANTED);
            let request = request.header(ACCEPT_ENCODING, "identity");
            let answer = request.send().await.map_err(DocumentError::of_request)?;
            if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return read(answer, max_bytes).await;
            }
            let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            url = location
                .and_then(|location| url.join(location).ok())
                .filter(|next| next.scheme() == url.scheme())
                .ok_or(DocumentError::BadRedirect)?;
        }
        Err(DocumentError::TooManyRedirects)
    }
}

async fn read(mut answer: reqwest::Response, max_bytes: usize) -> Result<Bytes, DocumentError> {
    if !answer.status().is_success() {
        return Err(DocumentError::Status(answer.status().as_u16()));
    }
    // What is announced need not come: room is made for what does.
    let mut bytes = BytesMut::new();
    let broken = |error: reqwest::Error| DocumentError::Broken(error.without_url());
    while let Some(piece) = answer.chunk().await.map_err(broken)? {
        if piece.len() > max_bytes.saturating_sub(bytes.len()) {
            return Err(DocumentError::TooLarge(max_bytes));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

/// Whether a document may come from there: by https, or from this machine by
/// http; without user name and password, which settings would show.
#[must_use]
pub fn may_fetch(url: &Url) -> bool {
    let is_protected = match url.scheme() {
        "https" => url.has_host(),
        "http" => is_this_machine(url),
        _ => false,
    };
    is_protected && url.username().is_empty() && url.password().is_none()
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl DocumentError {
    fn of_request(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() { Self::Unreachable(error) } else { Self::Broken(error) }
    }
}
