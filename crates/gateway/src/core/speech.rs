//! Text and calls of tools in one choice of an answer, told from each other as they come.
//!
//! Never writes either: a dialect does.

use text::tool_calls::{CallEvent, CallParser, call_id};

use super::event::{Part, Started};

/// Tells calls from text in one choice.
pub(crate) struct Speech {
    /// `None` where no tools were given: all is text.
    parser: Option<CallParser>,
    /// What the ids of calls are made of.
    answer: Vec<u8>,
}

/// What was said, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Text(String),
    /// A call; its arguments are JSON text, unless the answer was cut off in them.
    Call {
        id: String,
        name: String,
        arguments: String,
    },
}

impl Speech {
    pub(crate) fn new(started: &Started, choice: u32) -> Self {
        let answer = [&started.job[..], &choice.to_le_bytes()].concat();
        Self { parser: started.calls.as_ref().map(|calls| calls.parser()), answer }
    }

    /// What a part says.
    pub(crate) fn part(&mut self, part: &Part) -> Vec<CallEvent> {
        match &mut self.parser {
            None if part.text.is_empty() => Vec::new(),
            None => vec![CallEvent::Text(part.text.clone())],
            Some(parser) => parser.push(part.token, &part.text),
        }
    }

    /// What was held back until the end.
    pub(crate) fn end(&mut self) -> Vec<CallEvent> {
        self.parser.as_mut().map(CallParser::end).unwrap_or_default()
    }

    /// Whether it called a tool.
    pub(crate) fn has_called(&self) -> bool {
        self.parser.as_ref().is_some_and(|parser| parser.calls() > 0)
    }

    /// The id of a call of it.
    pub(crate) fn call_id(&self, index: usize) -> String {
        call_id(&self.answer, index)
    }

    /// All that the parts of a choice say.
    pub(crate) fn whole(&mut self, parts: &[Part]) -> Vec<Said> {
        let mut events: Vec<CallEvent> = parts.iter().flat_map(|part| self.part(part)).collect();
        events.extend(self.end());
        let mut said = Vec::new();
        for event in events {
            match (event, said.last_mut()) {
                (CallEvent::Text(more), Some(Said::Text(text))) => text.push_str(&more),
                (CallEvent::Text(text), _) => said.push(Said::Text(text)),
                (CallEvent::Begin { index, name }, _) => {
                    let id = self.call_id(index);
                    said.push(Said::Call { id, name, arguments: String::new() });
                }
                (CallEvent::Arguments { text, .. }, Some(Said::Call { arguments, .. })) => {
                    arguments.push_str(&text);
                }
                (CallEvent::Arguments { .. } | CallEvent::End { .. }, _) => {}
            }
        }
        said
    }
}
