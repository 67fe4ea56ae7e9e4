//! What a receipt says, for people: the member `view` of a receipt file, and an exported predicate.
//!
//! Never a source: it is made from signed bytes and what they commit to, and one that came in a file is compared with
//! it member by member and thrown away. Tokens and messages are not in it, nor is the blind.

use core::fmt;

use canon::sample::Settings;
use commit::{Network, hex};
use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::job::{Job, NonceChooser, StopRule, WorkKind};
use crate::messages::{Messages, Rendered, Renderer};
use crate::opening::Opening;
use crate::refusal::{Refuted, plain};
use crate::statement::{Choice, Receipt};
use crate::stop::Stop;

/// A receipt, and its job where that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    receipt: String,
    network: String,
    worker: String,
    kind: &'static str,
    model: String,
    job: String,
    arithmetic_version: u16,
    sampling_version: u16,
    audit_consent: &'static str,
    anchor_by: u64,
    usage: UsageView,
    choices: Vec<ChoiceView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opened: Option<JobView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct UsageView {
    prompt_tokens: u32,
    output_tokens: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct ChoiceView {
    choice: u32,
    tokens: u32,
    output: String,
    stop: StopView,
    segments: Vec<SegmentView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct SegmentView {
    worker: String,
    start: u32,
    end: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct StopView {
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_string: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    op: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct JobView {
    nonce: String,
    nonce_by: &'static str,
    beacon_height: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    requester: Option<String>,
    prompt_tokens: usize,
    rendered_by: &'static str,
    messages: &'static str,
    choices: u32,
    seed: String,
    parameters: ParametersView,
    stop: StopRuleView,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct ParametersView {
    temperature: String,
    top_k: u32,
    top_p: String,
    min_p: String,
    repetition_penalty: String,
    presence_penalty: String,
    frequency_penalty: String,
    biases: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    grammar: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct StopRuleView {
    tokens_max: u32,
    tokens: Vec<u32>,
    strings: Vec<String>,
}

impl View {
    /// Of a receipt whose signatures hold, and the opening that is its.
    #[must_use]
    pub fn new(receipt: &Receipt, opening: Option<&Opening>, network: Network) -> Self {
        Self {
            receipt: hex(&receipt.id(network)),
            network: hex(&network.0),
            worker: receipt.worker.hex(),
            kind: match receipt.kind {
                WorkKind::Generate => "generate",
                WorkKind::Embed => "embed",
            },
            model: hex(&receipt.model),
            job: hex(&receipt.job),
            arithmetic_version: receipt.arithmetic,
            sampling_version: receipt.sampling,
            audit_consent: match receipt.consent {
                0 => "self",
                1 => "named",
                _ => "open",
            },
            anchor_by: receipt.anchor_by,
            usage: UsageView {
                prompt_tokens: receipt.usage.prompt,
                output_tokens: receipt.usage.output,
            },
            choices: receipt.choices.iter().map(ChoiceView::new).collect(),
            opened: opening.map(|opening| JobView::new(&opening.job)),
        }
    }

    /// Compares what a file shows with this, member by member.
    pub(crate) fn check(&self, shown: &RawValue) -> Result<(), Refuted> {
        let expected = serde_json::to_value(self).expect("our structs have string keys");
        let mut json = serde_json::Deserializer::from_str(shown.get());
        let same = Same { expected: &expected, path: "view".to_owned() }.deserialize(&mut json);
        same.map_err(|error| {
            let text = error.to_string();
            // Places are counted from where the view begins, which helps nobody.
            let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
            Refuted::View { reason: plain(reason) }
        })
    }
}

impl ChoiceView {
    fn new(choice: &Choice) -> Self {
        let segment = |segment: &crate::SignedHead| SegmentView {
            worker: segment.worker.hex(),
            start: segment.head.start,
            end: segment.head.count,
        };
        Self {
            choice: choice.index,
            tokens: choice.count(),
            output: hex(&choice.root()),
            stop: StopView::new(&choice.stop),
            segments: choice.segments.iter().map(segment).collect(),
        }
    }
}

impl StopView {
    fn new(stop: &Stop) -> Self {
        let bare = Self {
            reason: stop.name(),
            stop_string: None,
            at_tokens: None,
            position: None,
            op: None,
        };
        match *stop {
            Stop::Token | Stop::Length | Stop::Unfinished => bare,
            Stop::String { index } => Self { stop_string: Some(index), ..bare },
            Stop::Cancelled { count, .. } => Self { at_tokens: Some(count), ..bare },
            Stop::Fault { position, op } => Self { position: Some(position), op: Some(op), ..bare },
        }
    }
}

impl JobView {
    fn new(job: &Job) -> Self {
        let fields = job.fields();
        let requester = fields.terms.requester;
        Self {
            nonce: hex(&fields.nonce),
            nonce_by: match fields.terms.nonce_by {
                NonceChooser::Client => "client",
                NonceChooser::Gateway => "gateway",
            },
            beacon_height: fields.terms.beacon_height,
            requester: (requester != crate::PublicKey::NONE).then(|| requester.hex()),
            prompt_tokens: fields.prompt.len(),
            rendered_by: match &fields.rendered {
                Rendered::Nobody => "nobody",
                Rendered::Worker(_) => "worker",
                Rendered::Before { by: Renderer::Client, .. } => "client",
                Rendered::Before { by: Renderer::Gateway, .. } => "gateway",
            },
            messages: match fields.rendered.messages() {
                None => "none",
                Some(Messages::Hidden(_)) => "hidden",
                Some(Messages::Shown(_)) => "shown",
            },
            choices: fields.choices,
            seed: hex(&job.seed()),
            parameters: ParametersView::new(fields.parameters.settings()),
            stop: StopRuleView::new(&fields.stop),
        }
    }
}

impl ParametersView {
    fn new(settings: &Settings) -> Self {
        Self {
            temperature: settings.temperature.to_string(),
            top_k: settings.top_k,
            top_p: settings.top_p.to_string(),
            min_p: settings.min_p.to_string(),
            repetition_penalty: settings.repetition.to_string(),
            presence_penalty: settings.presence.to_string(),
            frequency_penalty: settings.frequency.to_string(),
            biases: settings.bias.len(),
            grammar: settings.grammar.map(|hash| hex(&hash)),
        }
    }
}

impl StopRuleView {
    fn new(stop: &StopRule) -> Self {
        Self {
            tokens_max: stop.tokens_max,
            tokens: stop.tokens.clone(),
            strings: stop.strings.clone(),
        }
    }
}

/// Reads JSON that must say exactly what is expected: nothing is kept of it.
struct Same<'a> {
    expected: &'a Value,
    path: String,
}

impl Same<'_> {
    fn check<E: Error>(&self, same: bool) -> Result<(), E> {
        if same { Ok(()) } else { Err(E::custom(format_args!("{} differs", self.path))) }
    }
}

impl<'de> DeserializeSeed<'de> for Same<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Same<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "another kind of value at {}", self.path)
    }

    fn visit_u64<E: Error>(self, shown: u64) -> Result<(), E> {
        self.check(self.expected.as_u64() == Some(shown))
    }

    fn visit_str<E: Error>(self, shown: &str) -> Result<(), E> {
        self.check(self.expected.as_str() == Some(shown))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut shown: A) -> Result<(), A::Error> {
        self.check(self.expected.is_array())?;
        for (at, expected) in self.expected.as_array().into_iter().flatten().enumerate() {
            let item = Same { expected, path: format!("{}[{at}]", self.path) };
            let there = shown.next_element_seed(item)?.is_some();
            self.check(there)?;
        }
        let more = shown.next_element::<IgnoredAny>()?.is_some();
        self.check(!more)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut shown: A) -> Result<(), A::Error> {
        let Some(members) = self.expected.as_object() else { return self.check(false) };
        let mut missing: Vec<&String> = members.keys().collect();
        while let Some(name) = shown.next_key::<String>()? {
            let Some(at) = missing.iter().position(|member| **member == name) else {
                let path = &self.path;
                if path == "view" && name == "opened" && !members.contains_key(&name) {
                    return Err(A::Error::custom(
                        "it shows what an opening says (view.opened), and the file has no `opening`",
                    ));
                }
                return Err(A::Error::custom(format_args!(
                    "{path}.{name} stands twice or is unknown"
                )));
            };
            let name = missing.swap_remove(at);
            let path = format!("{}.{name}", self.path);
            shown.next_value_seed(Same { expected: &members[name], path })?;
        }
        match missing.first() {
            Some(name) => Err(A::Error::custom(format_args!("{}.{name} is missing", self.path))),
            None => Ok(()),
        }
    }
}
