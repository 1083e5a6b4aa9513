//! Why a URL's content could not be had.

use std::time::Duration;

/// Why a URL's content could not be had. The texts are for the caller; none
/// holds anything of the URL, whose query may be a signature.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The operator does not want it.
    #[error(
        "this gateway does not fetch URLs (its setting `media.fetch`); send the content itself, as base64"
    )]
    Disabled,
    /// Not a URL, or one with more than a place to fetch from.
    #[error("must be an https URL of a host, without user name or password")]
    NotAUrl,
    /// Not https.
    #[error(
        "must be an https URL; http is for hosts only that the gateway's setting `media.allowed_hosts` lists"
    )]
    NotHttps,
    /// A port that is not https's own.
    #[error(
        "must be without a port, which is for hosts only that the gateway's setting `media.allowed_hosts` lists with theirs"
    )]
    Port,
    /// This machine, a private network, a cloud's inside; or a name that leads to
    /// nothing else. A name that leads nowhere is not told from these: who asks
    /// would learn which names there are.
    #[error(
        "the host has no public address; send the content itself, as base64, or have the host listed in the gateway's setting `media.allowed_hosts`"
    )]
    NotPublic,
    /// No connection, or none that could be trusted.
    #[error("the host cannot be reached, or not by a TLS connection that can be trusted")]
    Unreachable(#[source] reqwest::Error),
    /// The connection broke, or held something else than HTTP.
    #[error("the connection to the host broke; try again, or send the content itself, as base64")]
    Broken(#[source] reqwest::Error),
    /// Not there in time.
    #[error(
        "the host did not send the content within {} ms; send the content itself, as base64",
        .0.as_millis()
    )]
    Timeout(Duration),
    /// An answer that is no success.
    #[error("the host answered with status {0}; the URL must be readable by anyone who has it")]
    Status(u16),
    /// A redirect without a place to go to.
    #[error("the host redirects to what is no URL")]
    BadRedirect,
    /// A redirect too many.
    #[error("the host redirects more than {0} times; use the URL that it ends at")]
    TooManyRedirects(usize),
    /// More than the operator wants, or than a model takes.
    #[error("the content is larger than {0} bytes, the most that this gateway fetches")]
    TooLarge(usize),
    /// More than one request may have.
    #[error("the contents are together larger than {0} bytes, the most that one request may have")]
    TooLargeTogether(usize),
    /// The caller of [`fetch_all`](super::MediaFetcher::fetch_all) has no memory for more.
    #[error("there is no memory for it at the moment")]
    NoMemory,
    /// More URLs than one request may have.
    #[error("there are more than {0} different URLs, the most that one request may have")]
    TooMany(usize),
}

impl MediaError {
    /// What a request that failed is called; `of_public_host` if its name was
    /// allowed to lead to public addresses only.
    pub(super) fn of_request(error: reqwest::Error, of_public_host: bool) -> Self {
        let error = error.without_url();
        if of_public_host && error.is_dns() {
            Self::NotPublic
        } else if error.is_connect() {
            Self::Unreachable(error)
        } else {
            Self::Broken(error)
        }
    }
}

/// One of several URLs whose content could not be had.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct FetchAllError {
    /// Its place among those that were asked for.
    pub index: usize,
    /// Why.
    #[source]
    pub error: MediaError,
}
