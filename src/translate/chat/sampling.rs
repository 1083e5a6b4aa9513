//! `max_tokens`, `max_completion_tokens`, `temperature`, `top_p`, `stop`, `n`.

use super::error::Error;
use crate::bedrock::request::InferenceConfiguration;
use crate::json::string_or::StringOr;

/// The sampling fields of a request, as the client sent them.
pub(super) struct Sampling<'a> {
    pub(super) max_completion_tokens: Option<i64>,
    pub(super) max_tokens: Option<i64>,
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) stop: Option<&'a StringOr<Vec<String>>>,
}

pub(super) fn inference_config<'a>(
    sampling: &Sampling<'a>,
) -> Result<InferenceConfiguration<'a>, Error> {
    let newer = token_limit("max_completion_tokens", sampling.max_completion_tokens)?;
    let older = token_limit("max_tokens", sampling.max_tokens)?;
    Ok(InferenceConfiguration {
        max_tokens: newer.or(older),
        temperature: fraction("temperature", sampling.temperature)?,
        top_p: fraction("top_p", sampling.top_p)?,
        stop_sequences: stop_sequences(sampling.stop),
    })
}

/// Bedrock gives one answer to a request; fewer than asked would be a silent loss.
pub(super) fn only_one_answer(n: Option<i64>) -> Result<(), Error> {
    match n {
        None | Some(1) => Ok(()),
        Some(n) => Err(Error::at(
            "n",
            format!(
                "Bedrock gives exactly one answer to a request, not {n}; leave `n` out or send 1"
            ),
        )),
    }
}

fn token_limit(param: &str, value: Option<i64>) -> Result<Option<u32>, Error> {
    let Some(value) = value else { return Ok(None) };
    match u32::try_from(value) {
        // The service's member is a signed 32-bit integer.
        Ok(limit) if (1..=i32::MAX.cast_unsigned()).contains(&limit) => Ok(Some(limit)),
        Ok(_) | Err(_) => Err(Error::at(
            param,
            format!("`{param}` must be between 1 and {}, not {value}", i32::MAX),
        )),
    }
}

fn fraction(param: &str, value: Option<f64>) -> Result<Option<f64>, Error> {
    match value {
        Some(value) if !(0.0..=1.0).contains(&value) => {
            Err(Error::at(param, format!("Bedrock accepts a `{param}` from 0 to 1, not {value}")))
        }
        value => Ok(value),
    }
}

/// Bedrock refuses sequences of nothing but white space; no model would stop at
/// them usefully, and clients send them by default.
fn stop_sequences(stop: Option<&StringOr<Vec<String>>>) -> Vec<&str> {
    let sequences = match stop {
        None => &[],
        Some(StringOr::String(one)) => std::slice::from_ref(one),
        Some(StringOr::Other(many)) => many.as_slice(),
    };
    sequences.iter().map(String::as_str).filter(|s| !s.trim().is_empty()).collect()
}
