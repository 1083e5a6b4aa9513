//! `max_tokens`, `max_completion_tokens`, `temperature`, `top_p`, `top_k`, `stop`.

use super::error::Error;
use super::reasoning::ReasoningPlan;
use super::report::Report;
use crate::bedrock::request::InferenceConfiguration;
use crate::json::string_or::StringOr;
use crate::models::{ModelProfile, Sampling, TopK};
use crate::openai::chat;

/// The upper bound of generated tokens: the newer field, else the older one.
pub(super) fn token_limit(request: &chat::Request) -> Result<Option<u32>, Error> {
    let newer = checked_limit("max_completion_tokens", request.max_completion_tokens)?;
    let older = checked_limit("max_tokens", request.max_tokens)?;
    Ok(newer.or(older))
}

/// What the family, and the way it is asked to think, leave of the client's choice.
pub(super) fn inference_config<'a>(
    request: &'a chat::Request,
    max_tokens: Option<u32>,
    profile: &ModelProfile,
    reasoning: &ReasoningPlan,
    report: &mut Report,
) -> Result<InferenceConfiguration<'a>, Error> {
    let mut config = InferenceConfiguration {
        max_tokens,
        temperature: fraction("temperature", request.temperature)?,
        top_p: fraction("top_p", request.top_p)?,
        stop_sequences: stop_sequences(request.stop.as_ref(), report)?,
    };
    if config.stop_sequences.len() > MAX_STOP_SEQUENCES {
        return Err(Error::at("stop", format!("Bedrock takes at most {MAX_STOP_SEQUENCES}")));
    }
    let name = profile.name;
    if let Some(limit) = config.max_tokens.as_mut().filter(|n| **n < profile.least_max_tokens) {
        *limit = profile.least_max_tokens;
        let why = format!("{name} takes no limit below {}", profile.least_max_tokens);
        report.ignore(limit_place(request), &why)?;
    }
    if reasoning.owns_limits {
        let why = format!("{name} leaves no choice of it when it thinks this hard");
        unset(&mut config.max_tokens, limit_place(request), &why, report)?;
        unset(&mut config.temperature, "temperature", &why, report)?;
        unset(&mut config.top_p, "top_p", &why, report)?;
    }
    if reasoning.is_claude_thinking {
        let why = format!("{name} leaves no choice of it while it thinks");
        // What thinking itself means by default may be said.
        if config.temperature.is_some_and(|temperature| temperature < 1.0) {
            unset(&mut config.temperature, "temperature", &why, report)?;
        }
        if config.top_p.is_some_and(|top_p| top_p < LEAST_TOP_P_OF_THINKING) {
            unset(&mut config.top_p, "top_p", &why, report)?;
        }
    }
    match profile.sampling {
        Sampling::Both => {}
        Sampling::One => {
            if config.temperature.is_some() {
                let why = format!("{name} takes `temperature` or `top_p`, not both");
                unset(&mut config.top_p, "top_p", &why, report)?;
            }
        }
        Sampling::None => {
            let why = format!("{name} leaves no choice of it");
            unset(&mut config.temperature, "temperature", &why, report)?;
            unset(&mut config.top_p, "top_p", &why, report)?;
        }
    }
    if !profile.stop_sequences && !config.stop_sequences.is_empty() {
        let why = format!("{name} does not take stop sequences; leave `stop` out");
        report.refuse("stop", &why)?;
        config.stop_sequences.clear();
    }
    Ok(config)
}

/// Which field says how many tokens there may be.
fn limit_place(request: &chat::Request) -> &'static str {
    if request.max_completion_tokens.is_some() { "max_completion_tokens" } else { "max_tokens" }
}

/// Claude's bound while it thinks.
const LEAST_TOP_P_OF_THINKING: f64 = 0.95;
/// How many stop sequences Converse takes.
const MAX_STOP_SEQUENCES: usize = 2500;

/// Where `top_k` goes, if the client chose one and the model takes it.
pub(super) fn top_k(
    request: &chat::Request,
    profile: &ModelProfile,
    reasoning: &ReasoningPlan,
    report: &mut Report,
) -> Result<Option<(TopK, i64)>, Error> {
    let Some(top_k) = request.top_k else { return Ok(None) };
    if top_k < 0 {
        return Err(Error::at("top_k", format!("`top_k` must be 0 or more, not {top_k}")));
    }
    if profile.top_k == TopK::None || reasoning.is_claude_thinking || reasoning.owns_limits {
        let why = format!("{} leaves no choice of it", profile.name);
        return report.ignore("top_k", &why).map(|()| None);
    }
    Ok(Some((profile.top_k, top_k)))
}

fn unset<T>(
    value: &mut Option<T>,
    place: &str,
    why: &str,
    report: &mut Report,
) -> Result<(), Error> {
    match value.take() {
        None => Ok(()),
        Some(_) => report.ignore(place, why),
    }
}

fn checked_limit(param: &str, value: Option<i64>) -> Result<Option<u32>, Error> {
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

/// Claude refuses sequences of nothing but white space, and what the others make of
/// them is not known. An empty one asks for nothing.
fn stop_sequences<'a>(
    stop: Option<&'a StringOr<Box<[Box<str>]>>>,
    report: &mut Report,
) -> Result<Vec<&'a str>, Error> {
    let sequences = match stop {
        None => &[],
        Some(StringOr::String(one)) => std::slice::from_ref(one),
        Some(StringOr::Other(many)) => many,
    };
    if sequences.iter().any(|sequence| !sequence.is_empty() && sequence.trim().is_empty()) {
        report.ignore("stop", "Bedrock does not stop at white space")?;
    }
    let sequences = sequences.iter().map(|sequence| &**sequence);
    Ok(sequences.filter(|sequence| !sequence.trim().is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models;

    #[test]
    fn as_many_stop_sequences_as_converse_takes() {
        let param = |count: usize| {
            let stop = Some(StringOr::Other(vec!["x".into(); count].into()));
            let request = chat::Request { stop, ..chat::Request::default() };
            let (profile, mut report) = (models::profile(""), Report::default());
            let plan = ReasoningPlan::default();
            let config = inference_config(&request, None, profile, &plan, &mut report);
            config.map_err(|error| error.param).map(|config| config.stop_sequences.len())
        };
        assert_eq!(param(2500), Ok(2500));
        assert_eq!(param(2501), Err("stop".into()));
    }
}
