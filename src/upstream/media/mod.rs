//! Fetches what a request names by URL, such as an image.
//!
//! The caller chooses the URL and the gateway stands where the caller does not,
//! inside a network. So only https URLs of public hosts are fetched: an address in
//! a URL is checked as it stands, in every spelling, and a name's addresses are
//! checked after it is resolved and are the ones that are connected to, so that
//! it cannot lead elsewhere in between. A redirect is checked like the first URL.
//! Nothing of the caller is sent but the URL, and no proxy is used, which would
//! resolve names itself.

mod error;
mod hosts;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, LOCATION};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;

pub use error::{FetchAllError, MediaError};
pub use hosts::AllowedHost;
use hosts::Reach;

use super::http_client::{self, BuildError, GuardedResolver, Tls};
use crate::aws::address::is_public;

/// Redirects that are followed: what a short link and a move take.
const MAX_REDIRECTS: usize = 3;
/// Different URLs of one request: as many as Bedrock takes images.
pub const MAX_URLS: usize = 20;
/// What all contents of one request may hold together. Bedrock takes requests of
/// about 25 MB, in which they are a third larger.
pub const MAX_TOTAL_BYTES: usize = 20 * 1024 * 1024;
/// URLs of one request that are fetched at one time: enough to hide the distance
/// to their hosts, few enough not to be a burden to one.
const MAX_AT_ONCE: usize = 8;

/// URLs that are fetched at one time for all requests together: each may hold
/// [`MediaOptions::max_bytes`], and names are resolved on threads that calls of
/// models need too. Others wait, within the time that a URL may take.
const MAX_AT_ONCE_OVER_ALL: usize = 64;

/// What models can read, and after it whatever there is: a host that is strict
/// about it would refuse otherwise.
const WANTED: &str = "image/*, application/pdf, text/*, application/*;q=0.9, video/*;q=0.9, audio/*;q=0.9, */*;q=0.5";

/// What may be fetched.
#[derive(Debug, Clone)]
pub struct MediaOptions {
    /// Whether anything is.
    pub enabled: bool,
    /// The largest content of one URL.
    pub max_bytes: usize,
    /// For one URL, redirects included.
    pub timeout: Duration,
    /// For one connection, name resolution and TLS included.
    pub connect_timeout: Duration,
    /// Hosts that need not be public.
    pub allowed_hosts: Vec<AllowedHost>,
}

/// The content of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedMedia {
    /// What the host calls it: in lower case, without parameters.
    pub media_type: Option<String>,
    /// The content.
    pub bytes: Bytes,
}

/// Says whether there is memory for so many bytes more.
pub type Reserve<'r> = dyn Fn(usize) -> bool + Send + Sync + 'r;

/// Fetches contents; cheap to clone.
#[derive(Debug, Clone)]
pub struct MediaFetcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: MediaOptions,
    /// Connects to public addresses only.
    public: reqwest::Client,
    /// Connects to wherever a listed host is.
    listed: reqwest::Client,
    /// For [`MAX_AT_ONCE_OVER_ALL`].
    places: Semaphore,
}

impl MediaFetcher {
    /// A fetcher without any connection yet.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn try_new(options: MediaOptions, tls: &Tls) -> Result<Self, BuildError> {
        let builder = || {
            let builder = http_client::builder(tls, options.connect_timeout).no_proxy();
            // Contents come from many hosts, and seldom twice from one.
            builder.pool_max_idle_per_host(0)
        };
        let guard = Arc::new(GuardedResolver { allows: is_public as fn(IpAddr) -> bool });
        let public = http_client::build(builder().dns_resolver(guard))?;
        let listed = http_client::build(builder())?;
        let places = Semaphore::new(MAX_AT_ONCE_OVER_ALL);
        Ok(Self(Arc::new(Inner { options, public, listed, places })))
    }

    /// Fetches the content of one URL.
    ///
    /// # Errors
    /// See [`MediaError`].
    pub async fn fetch(&self, url: &str) -> Result<FetchedMedia, MediaError> {
        self.0.fetch(url, &Budget::new(self.0.options.max_bytes, &|_| true)).await
    }

    /// Fetches the contents of the URLs of one request, in their order; one that
    /// is named several times is fetched once. `reserve` is asked whether there is memory
    /// for so many bytes more, as they come.
    ///
    /// # Errors
    /// See [`MediaError`]; the first URL in order that cannot be had ends it all.
    pub async fn fetch_all(
        &self,
        urls: &[&str],
        reserve: &Reserve<'_>,
    ) -> Result<Vec<FetchedMedia>, FetchAllError> {
        let mut distinct: Vec<(usize, &str)> = Vec::new();
        let mut places = Vec::with_capacity(urls.len());
        for (index, url) in urls.iter().enumerate() {
            let known = distinct.iter().position(|(_, known)| known == url);
            if known.is_none() {
                if distinct.len() == MAX_URLS {
                    return Err(FetchAllError { index, error: MediaError::TooMany(MAX_URLS) });
                }
                distinct.push((index, url));
            }
            places.push(known.unwrap_or(distinct.len() - 1));
        }
        let budget = Budget::new(MAX_TOTAL_BYTES, reserve);
        // In a loop: futures that a closure makes of borrowed texts could not move
        // between threads.
        let mut fetches = Vec::with_capacity(distinct.len());
        for (index, url) in distinct {
            fetches.push(self.0.fetch_one_of(index, url, &budget));
        }
        let fetched: Vec<_> = stream::iter(fetches).buffered(MAX_AT_ONCE).try_collect().await?;
        Ok(places.into_iter().filter_map(|place| fetched.get(place).cloned()).collect())
    }
}

impl Inner {
    async fn fetch_one_of(
        &self,
        index: usize,
        url: &str,
        budget: &Budget<'_>,
    ) -> Result<FetchedMedia, FetchAllError> {
        self.fetch(url, budget).await.map_err(|error| FetchAllError { index, error })
    }

    async fn fetch(&self, url: &str, budget: &Budget<'_>) -> Result<FetchedMedia, MediaError> {
        if !self.options.enabled {
            return Err(MediaError::Disabled);
        }
        let limit = self.options.timeout;
        let fetch = async {
            let _place = self.places.acquire().await;
            self.follow(url, budget).await
        };
        timeout(limit, fetch).await.map_err(|_| MediaError::Timeout(limit))?
    }

    async fn follow(&self, url: &str, budget: &Budget<'_>) -> Result<FetchedMedia, MediaError> {
        let mut url = Url::parse(url).map_err(|_| MediaError::NotAUrl)?;
        for _ in 0..=MAX_REDIRECTS {
            let reach = hosts::check(&url, &self.options.allowed_hosts)?;
            let client = match reach {
                Reach::Public => &self.public,
                Reach::Listed => &self.listed,
            };
            let request = client
                .get(url.clone())
                .header(ACCEPT, WANTED)
                // Contents are compressed by themselves.
                .header(ACCEPT_ENCODING, "identity");
            let answer = request.send().await;
            let answer =
                answer.map_err(|error| MediaError::of_request(error, reach == Reach::Public))?;
            if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return self.read(answer, budget).await;
            }
            let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            url = location
                .and_then(|location| url.join(location).ok())
                .ok_or(MediaError::BadRedirect)?;
        }
        Err(MediaError::TooManyRedirects(MAX_REDIRECTS))
    }

    async fn read(
        &self,
        mut answer: reqwest::Response,
        budget: &Budget<'_>,
    ) -> Result<FetchedMedia, MediaError> {
        if !answer.status().is_success() {
            return Err(MediaError::Status(answer.status().as_u16()));
        }
        let limit = self.options.max_bytes;
        let announced = answer.content_length().unwrap_or(0);
        if usize::try_from(announced).map_or(true, |announced| announced > limit) {
            return Err(MediaError::TooLarge(limit));
        }
        let media_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.and_then(bare_media_type);
        // What was announced need not come: room is made for what does.
        let mut bytes = BytesMut::new();
        let broken = |error: reqwest::Error| MediaError::Broken(error.without_url());
        while let Some(piece) = answer.chunk().await.map_err(broken)? {
            if piece.len() > limit - bytes.len() {
                return Err(MediaError::TooLarge(limit));
            }
            budget.spend(piece.len())?;
            bytes.extend_from_slice(&piece);
        }
        Ok(FetchedMedia { media_type, bytes: bytes.freeze() })
    }
}

/// `image/png` of `Image/PNG; x=y`.
fn bare_media_type(text: &str) -> Option<String> {
    let bare = text.split(';').next().unwrap_or_default().trim();
    (!bare.is_empty()).then(|| bare.to_ascii_lowercase())
}

/// How many bytes the contents of one request may still hold, counted as they come.
struct Budget<'r> {
    total: usize,
    left: AtomicUsize,
    reserve: &'r Reserve<'r>,
}

impl<'r> Budget<'r> {
    fn new(total: usize, reserve: &'r Reserve<'r>) -> Self {
        Self { total, left: AtomicUsize::new(total), reserve }
    }

    fn spend(&self, n_bytes: usize) -> Result<(), MediaError> {
        let spend = |left: usize| left.checked_sub(n_bytes);
        let spent = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend);
        spent.map_err(|_| MediaError::TooLargeTogether(self.total))?;
        if (self.reserve)(n_bytes) { Ok(()) } else { Err(MediaError::NoMemory) }
    }
}
