//! `thinking`, `reasoning_effort` and `reasoning`: how much to think.
//!
//! Each family is asked in its own way ([`ReasoningForm`]). A budget always fits
//! the request's token limit; what cannot be asked for is reported.
//!
//! Sources: <https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html>,
//! <https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html>.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::error::{Error, quoted};
use super::report::Report;
use crate::bedrock::request::{ContentBlock, Message, Role};
use crate::json::raw_object::RawObject;
use crate::models::{Effort, Efforts, ModelProfile, ReasoningForm, Unasked, word_for};
use crate::openai::chat;

/// The least that Claude takes as a budget, in tokens.
const MIN_BUDGET: i64 = 1024;

/// The budget of an effort: tokens, and the share of the token limit in percent
/// that it may take, so that something is left for the answer.
fn budget_of(effort: Effort) -> (i64, i64) {
    match effort {
        Effort::None | Effort::Minimal => (1024, 50),
        Effort::Low => (2048, 50),
        Effort::Medium => (8192, 60),
        Effort::High => (16_384, 80),
        // All of Claude Opus 4 is 32,000.
        Effort::XHigh => (24_576, 90),
    }
}

/// What the client says about thinking.
pub(super) struct Wish<'a> {
    thinking: Option<Thinking<'a>>,
    effort: Option<(Effort, &'static str)>,
    /// `reasoning.max_tokens`.
    budget: Option<i64>,
    /// Whether `thinking` stands among the caller's own fields for the model,
    is_in_fields: bool,
    /// and nowhere else.
    is_only_in_fields: bool,
}

struct Thinking<'a> {
    raw: &'a RawValue,
    kind: String,
    budget: Option<i64>,
}

impl Thinking<'_> {
    fn is_known(&self) -> bool {
        matches!(self.kind.as_str(), "enabled" | "adaptive" | "disabled")
    }
}

impl<'a> Wish<'a> {
    /// Reads `thinking`, and `reasoning_effort` or `reasoning`.
    pub(super) fn read(request: &'a chat::Request) -> Result<Self, Error> {
        let of_fields = request.additional_model_request_fields.as_ref().and_then(of_fields);
        let is_in_fields = of_fields.is_some();
        let thinking = match &request.thinking {
            Some(thinking) => Some(read_thinking(thinking.as_raw())?),
            None => of_fields,
        };
        let is_only_in_fields = is_in_fields && request.thinking.is_none();
        let mut effort = request
            .reasoning_effort
            .as_deref()
            .map(|word| read_effort(word, "reasoning_effort"))
            .transpose()?;
        let mut budget = None;
        if let (Some(reasoning), None) = (&request.reasoning, &effort) {
            effort = match (&reasoning.effort, reasoning.max_tokens, reasoning.enabled) {
                (Some(word), ..) => Some(read_effort(word, "reasoning.effort")?),
                (None, Some(tokens), _) => {
                    budget = Some(tokens);
                    Some((effort_of(tokens), "reasoning.max_tokens"))
                }
                (None, None, Some(true)) => Some((Effort::Medium, "reasoning.enabled")),
                (None, None, Some(false)) => Some((Effort::None, "reasoning.enabled")),
                (None, None, None) => None,
            };
        }
        Ok(Self { thinking, effort, budget, is_in_fields, is_only_in_fields })
    }

    /// Where the wish was said.
    fn place(&self) -> &'static str {
        match (&self.thinking, self.effort) {
            (None, Some((_, place))) => place,
            _ if self.is_only_in_fields => "additional_model_request_fields.thinking",
            _ => "thinking",
        }
    }

    /// How much to think, whatever way it was said; `None` if nothing was.
    fn as_effort(&self) -> Option<Effort> {
        let of_thinking = self.thinking.as_ref().map(|thinking| match thinking.kind.as_str() {
            "disabled" => Effort::None,
            _ => thinking.budget.map_or(Effort::Medium, effort_of),
        });
        match (of_thinking, self.effort) {
            (Some(Effort::None), _) => Some(Effort::None),
            // What is said in more detail counts.
            (Some(of_thinking), Some((Effort::None, _))) => Some(of_thinking),
            (_, Some((effort, _))) => Some(effort),
            (of_thinking, None) => of_thinking,
        }
    }
}

/// What the caller's own fields for the model say; what cannot be read there is
/// theirs to know.
fn of_fields(fields: &RawObject) -> Option<Thinking<'_>> {
    read_thinking(fields.members().remove("thinking")?).ok()
}

fn read_thinking(raw: &RawValue) -> Result<Thinking<'_>, Error> {
    #[derive(Deserialize)]
    struct Members {
        #[serde(rename = "type")]
        kind: String,
        budget_tokens: Option<i64>,
    }
    let Members { kind, budget_tokens: budget } =
        serde_json::from_str(raw.get()).map_err(|_| {
            Error::at(
                "thinking",
                "must be of the form {\"type\": \"enabled\", \"budget_tokens\": 2048}, {\"type\": \"adaptive\"} or {\"type\": \"disabled\"}",
            )
        })?;
    Ok(Thinking { raw, kind, budget })
}

fn read_effort(word: &str, place: &'static str) -> Result<(Effort, &'static str), Error> {
    // Anthropic's `max` is what OpenAI calls `xhigh`.
    let word = if word == "max" { "xhigh" } else { word };
    let effort = Effort::parse(word).ok_or_else(|| {
        Error::at(
            place,
            format!(
                "`{}` is none of `none`, `minimal`, `low`, `medium`, `high` and `xhigh`",
                quoted(word)
            ),
        )
    })?;
    Ok((effort, place))
}

/// The effort whose budget comes nearest.
fn effort_of(tokens: i64) -> Effort {
    match tokens {
        ..=1024 => Effort::Minimal,
        1025..=4096 => Effort::Low,
        4097..=12_288 => Effort::Medium,
        12_289..=20_480 => Effort::High,
        20_481.. => Effort::XHigh,
    }
}

/// What goes into `additionalModelRequestFields` about thinking, and what follows
/// from it for the rest of the request.
#[derive(Default)]
pub(super) struct ReasoningPlan {
    /// Members, each an object or a text.
    pub(super) fields: Vec<(&'static str, Value)>,
    /// Claude thinks: sampling and forced calls are restricted.
    pub(super) is_claude_thinking: bool,
    /// The model leaves no choice of limits and sampling.
    pub(super) owns_limits: bool,
    /// What the caller's own fields say of it has been read, and is said here or
    /// left out.
    pub(super) replaces_fields: bool,
}

/// Facts about the rest of the request.
pub(super) struct Circumstances<'r, 'a> {
    pub(super) max_tokens: Option<i64>,
    pub(super) messages: &'r [Message<'a>],
    /// The beta flag under which a budget may exceed the token limit.
    pub(super) is_interleaved: bool,
}

/// How the family is asked.
pub(super) fn plan(
    wish: &Wish<'_>,
    profile: &ModelProfile,
    circumstances: &Circumstances<'_, '_>,
    report: &mut Report,
) -> Result<ReasoningPlan, Error> {
    let is_known = !matches!(profile.reasoning, ReasoningForm::None | ReasoningForm::Unknown);
    if wish.is_only_in_fields && !is_known && wish.effort.is_none() {
        // The caller's own words, for a model that the caller knows better.
        return Ok(ReasoningPlan::default());
    }
    let plan = plan_of_family(wish, profile, circumstances, report)?;
    Ok(ReasoningPlan { replaces_fields: is_known && wish.is_in_fields, ..plan })
}

fn plan_of_family(
    wish: &Wish<'_>,
    profile: &ModelProfile,
    circumstances: &Circumstances<'_, '_>,
    report: &mut Report,
) -> Result<ReasoningPlan, Error> {
    let Some(effort) = wish.as_effort() else { return Ok(ReasoningPlan::default()) };
    if effort == Effort::None {
        return switched_off(wish, profile, report);
    }
    match profile.reasoning {
        // A way that came after this was written: Claude knows it or says so.
        ReasoningForm::Budget | ReasoningForm::BudgetOrAdaptive(_) | ReasoningForm::Adaptive(_)
            if wish.thinking.as_ref().is_some_and(|thinking| !thinking.is_known()) =>
        {
            let fields = wish.thinking.iter().map(|thinking| ("thinking", as_value(thinking.raw)));
            let fields = fields.collect();
            Ok(ReasoningPlan { fields, is_claude_thinking: true, ..ReasoningPlan::default() })
        }
        ReasoningForm::Budget => budget(wish, effort, profile, circumstances, report),
        ReasoningForm::BudgetOrAdaptive(efforts) => match &wish.thinking {
            Some(thinking) if thinking.kind == "enabled" => {
                budget(wish, effort, profile, circumstances, report)
            }
            _ => adaptive(wish, effort, efforts, report),
        },
        ReasoningForm::Adaptive(efforts) => adaptive(wish, effort, efforts, report),
        ReasoningForm::ReasoningConfig(efforts) => Ok(reasoning_config(effort, efforts)),
        ReasoningForm::Member(name, efforts) => Ok(member(name, effort, efforts, Value::from)),
        ReasoningForm::Nested(efforts) => {
            Ok(member("reasoning", effort, efforts, |word| json!({ "effort": word })))
        }
        ReasoningForm::None => {
            let why = format!("how much {} thinks cannot be chosen", profile.name);
            report.ignore(wish.place(), &why).map(|()| ReasoningPlan::default())
        }
        ReasoningForm::Unknown => unknown(wish, report),
    }
}

/// What this model takes is not known: a wish in Anthropic's words is passed on
/// as it is, one in OpenAI's could be said in too many ways.
fn unknown(wish: &Wish<'_>, report: &mut Report) -> Result<ReasoningPlan, Error> {
    let mut plan = ReasoningPlan::default();
    if let Some(thinking) = &wish.thinking {
        plan.fields.push(("thinking", as_value(thinking.raw)));
    }
    if let Some((_, place)) = wish.effort {
        report.ignore(
            place,
            "the family of this model is not known; the header `x-portkey-model-family` can tell it",
        )?;
    }
    Ok(plan)
}

fn budget(
    wish: &Wish<'_>,
    effort: Effort,
    profile: &ModelProfile,
    circumstances: &Circumstances<'_, '_>,
    report: &mut Report,
) -> Result<ReasoningPlan, Error> {
    let given = wish.thinking.as_ref();
    let said = given.and_then(|thinking| thinking.budget).or(wish.budget);
    let wanted = match said {
        Some(tokens) => tokens.max(MIN_BUDGET),
        None => {
            let (tokens, share) = budget_of(effort);
            let limit = circumstances.max_tokens.map(|max| max.saturating_mul(share) / 100);
            limit.map_or(tokens, |limit| tokens.min(limit)).max(MIN_BUDGET)
        }
    };
    let fitting = match circumstances.max_tokens {
        Some(max) if !circumstances.is_interleaved => wanted.min(max - 1),
        _ => wanted,
    };
    if fitting < MIN_BUDGET {
        let why = format!(
            "{} thinks with {MIN_BUDGET} tokens or more, and `max_tokens` leaves less",
            profile.name
        );
        report.ignore(wish.place(), &why)?;
        return Ok(ReasoningPlan::default());
    }
    if !begins_with_reasoning(circumstances.messages) {
        report.ignore(
            wish.place(),
            "the assistant's last tool calls came without their reasoning (`content_blocks`), so the model cannot go on thinking",
        )?;
        return Ok(ReasoningPlan::default());
    }
    let mut thinking = given.map_or_else(Map::new, |thinking| as_object(thinking.raw));
    if said.is_some_and(|said| said != fitting) {
        let why = format!("the budget must be {MIN_BUDGET} or more and less than `max_tokens`");
        let place = if given.is_some() { "thinking.budget_tokens" } else { "reasoning.max_tokens" };
        report.ignore(place, &why)?;
    }
    thinking.insert("type".to_owned(), "enabled".into());
    thinking.insert("budget_tokens".to_owned(), fitting.into());
    Ok(ReasoningPlan {
        fields: vec![("thinking", thinking.into())],
        is_claude_thinking: true,
        ..ReasoningPlan::default()
    })
}

/// When the last word is a tool's, Claude wants the turn that called it to begin
/// with reasoning, if it is to think by budget.
fn begins_with_reasoning(messages: &[Message<'_>]) -> bool {
    let last_is_result = messages.last().is_some_and(|last| {
        last.content.iter().any(|block| matches!(block, ContentBlock::ToolResult(_)))
    });
    let assistant = messages.iter().rev().find(|message| message.role == Role::Assistant);
    !last_is_result
        || assistant.is_none_or(|turn| {
            matches!(turn.content.first(), Some(ContentBlock::ReasoningContent(_)))
        })
}

fn adaptive(
    wish: &Wish<'_>,
    effort: Effort,
    efforts: Efforts,
    report: &mut Report,
) -> Result<ReasoningPlan, Error> {
    let given = wish.thinking.as_ref();
    let mut thinking = given.map_or_else(Map::new, |thinking| as_object(thinking.raw));
    let budget = thinking.shift_remove("budget_tokens");
    if budget.is_some() {
        report.ignore(
            "thinking.budget_tokens",
            "this model decides itself how long it thinks; `reasoning_effort` says how much it should",
        )?;
    }
    thinking.insert("type".to_owned(), "adaptive".into());
    let mut fields = vec![("thinking", thinking.into())];
    // A budget is as good as an effort; without either, the model has its own.
    let said = wish.effort.map(|(effort, _)| effort).filter(|effort| *effort != Effort::None);
    let effort = said.or(budget.map(|_| effort));
    if let Some(word) = effort.and_then(|effort| word_for(effort, efforts)) {
        fields.push(("output_config", json!({ "effort": word })));
    }
    Ok(ReasoningPlan { fields, is_claude_thinking: true, ..ReasoningPlan::default() })
}

/// Nothing need be said to a family that does not think unasked.
fn switched_off(
    wish: &Wish<'_>,
    profile: &ModelProfile,
    report: &mut Report,
) -> Result<ReasoningPlan, Error> {
    let disabled = || match &wish.thinking {
        Some(thinking) => as_value(thinking.raw),
        None => json!({ "type": "disabled" }),
    };
    let is_said = wish.thinking.is_some();
    let field = match (profile.reasoning, profile.thinks_unasked) {
        (ReasoningForm::Member(name, efforts), _) => {
            word_for(Effort::None, efforts).map(|word| (name, Value::from(word)))
        }
        (ReasoningForm::Nested(efforts), _) => {
            word_for(Effort::None, efforts).map(|word| ("reasoning", json!({ "effort": word })))
        }
        (ReasoningForm::None | ReasoningForm::ReasoningConfig(_), _) => None,
        (_, Unasked::Always) => None,
        (_, Unasked::Yes) => Some(("thinking", disabled())),
        (_, Unasked::No) => is_said.then(|| ("thinking", disabled())),
    };
    if field.is_none() && profile.thinks_unasked != Unasked::No {
        let why = format!("{} cannot be kept from thinking", profile.name);
        report.ignore(wish.place(), &why)?;
    }
    let fields = field.into_iter().collect();
    Ok(ReasoningPlan { fields, ..ReasoningPlan::default() })
}

fn reasoning_config(effort: Effort, efforts: Efforts) -> ReasoningPlan {
    let Some(word) = word_for(effort, efforts) else {
        return ReasoningPlan::default();
    };
    let config = json!({ "type": "enabled", "maxReasoningEffort": word });
    let is_highest = efforts.last().is_some_and(|(_, highest)| *highest == word);
    ReasoningPlan {
        fields: vec![("reasoningConfig", config)],
        owns_limits: is_highest,
        ..ReasoningPlan::default()
    }
}

fn member(
    name: &'static str,
    effort: Effort,
    efforts: Efforts,
    value: impl Fn(&'static str) -> Value,
) -> ReasoningPlan {
    let fields = word_for(effort, efforts).map(|word| (name, value(word))).into_iter().collect();
    ReasoningPlan { fields, ..ReasoningPlan::default() }
}

fn as_value(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

fn as_object(raw: &RawValue) -> Map<String, Value> {
    serde_json::from_str(raw.get()).unwrap_or_default()
}
