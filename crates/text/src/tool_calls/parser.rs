//! An answer's text and the calls in it, as they come.
//!
//! Text that may be the beginning of a call is held back, a bounded amount of it. What turns out to be none, or calls a
//! tool that was not given, is given out as text, in order. What is lost is white space around calls, the marks of calls
//! that were found, and a call that the answer ended in before its tool was known: marks are no text, and half a name
//! says nothing. Never fails, whatever the model says.

use super::scan::{Scan, Scanned};
use super::{CALLS_MAX, ToolCalls, ToolChoice, ToolStyle};

/// What closes a call.
const END_TAG: &str = "</tool_call>";
/// Most bytes that are held back before a call has its name.
const HELD_BYTES_MAX: usize = 64 << 10;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallEvent {
    /// Text of the answer.
    Text(String),
    /// A call begins.
    Begin {
        /// Which of the answer's calls, from 0.
        index: usize,
        /// The tool's name.
        name: String,
    },
    /// More of a call's arguments: JSON text.
    Arguments {
        /// Which call.
        index: usize,
        /// The next piece of it.
        text: String,
    },
    /// A call is whole, or as far as the answer came.
    End {
        /// Which call.
        index: usize,
    },
}

enum State {
    /// Before anything, where the whole answer may be a call.
    Start,
    /// In text.
    Free,
    /// Before the list of calls, or the next of it.
    List,
    /// In a call: what was read of it, until its name is known; whether it is.
    Call(Box<Scan>, String, bool),
    /// Behind one.
    Close,
    /// Behind all of them.
    Done,
}

/// Tells calls from text.
pub struct CallParser {
    style: ToolStyle,
    names: Vec<String>,
    begin_token: Option<u32>,
    calls_max: usize,
    /// Whether there is nothing but calls.
    forced: bool,
    state: State,
    held: String,
    calls: usize,
    /// Whether nothing came since a call but white space.
    behind: bool,
    arguments: bool,
    events: Vec<CallEvent>,
}

impl CallParser {
    pub(super) fn new(calls: &ToolCalls) -> Self {
        let start = calls.style == ToolStyle::Llama;
        Self {
            style: calls.style,
            names: calls.callable().map(|tool| tool.name.clone()).collect(),
            begin_token: calls.begin,
            calls_max: if calls.is_parallel() { CALLS_MAX } else { 1 },
            forced: calls.choice != ToolChoice::Auto,
            state: if start { State::Start } else { State::Free },
            held: String::new(),
            calls: 0,
            behind: false,
            arguments: false,
            events: Vec::new(),
        }
    }

    /// Takes the next token and the text that is certain with it.
    pub fn push(&mut self, token: Option<u32>, text: &str) -> Vec<CallEvent> {
        if token.is_some() && token == self.begin_token && matches!(self.state, State::Free) {
            // The mark has no text of its own, and what is held before it is no part of a call.
            self.text_of_held();
            if self.calls < self.calls_max {
                self.begin(String::new());
            }
        }
        self.held.push_str(text);
        while self.step() {}
        std::mem::take(&mut self.events)
    }

    /// What is left when the answer has ended.
    pub fn end(&mut self) -> Vec<CallEvent> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Call(_, _, true) => self.end_call(),
            // No mark says that it is a call: it may be an answer in JSON.
            State::Call(_, read, false) if self.style == ToolStyle::Llama && !self.forced => {
                let held = std::mem::take(&mut self.held);
                self.text(read + &held);
            }
            State::Call(_, _, false) | State::List => self.held.clear(),
            // What is held is the beginning of the mark that closes a call that was found.
            State::Close => self.held.clear(),
            State::Start | State::Free if self.forced => self.held.clear(),
            State::Start | State::Free | State::Done => self.text_of_held(),
        }
        std::mem::take(&mut self.events)
    }

    /// How many calls there are so far.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// Goes on with what is held; whether more may come of it.
    fn step(&mut self) -> bool {
        match &self.state {
            State::Start => self.start(),
            State::Free => self.free(),
            State::List => self.list(),
            State::Call(..) => self.call(),
            State::Close => self.close(),
            State::Done => {
                self.text_of_held();
                false
            }
        }
    }

    fn start(&mut self) -> bool {
        match self.held.trim_start().chars().next() {
            None => return self.held.len() > HELD_BYTES_MAX && self.give_up(),
            Some('{') => self.state = self.new_call(String::new()),
            Some(_) => self.state = State::Done,
        }
        true
    }

    fn give_up(&mut self) -> bool {
        self.state = State::Done;
        true
    }

    fn free(&mut self) -> bool {
        let mark = self.style.begin().filter(|_| self.begin_token.is_none());
        let Some(mark) = mark.filter(|_| self.calls < self.calls_max) else {
            self.text_of_held();
            return false;
        };
        if let Some(at) = self.held.find(mark) {
            let rest = self.held.split_off(at + mark.len());
            self.held.truncate(at);
            self.text_of_held();
            self.held = rest;
            self.begin(mark.to_owned());
            return true;
        }
        let kept = (1..mark.len()).rev().find(|kept| self.held.ends_with(&mark[..*kept]));
        let tail = self.held.split_off(self.held.len() - kept.unwrap_or(0));
        self.text_of_held();
        self.held = tail;
        false
    }

    fn begin(&mut self, mark: String) {
        self.state = match self.style {
            ToolStyle::Mistral => State::List,
            ToolStyle::Hermes | ToolStyle::Generic | ToolStyle::Llama => self.new_call(mark),
        };
    }

    fn new_call(&self, read: String) -> State {
        State::Call(Box::new(Scan::new(self.style.arguments())), read, false)
    }

    /// Before a call of a list.
    fn list(&mut self) -> bool {
        let rest = self.held.trim_start();
        let opens = if self.calls == 0 { '[' } else { ',' };
        match rest.chars().next() {
            None => return false,
            Some(first) if first == opens && self.calls < self.calls_max => {
                self.held = rest[1..].to_owned();
                self.state = self.new_call(format!("{}{opens}", self.unopened()));
            }
            Some(']') if self.calls > 0 => {
                self.held = rest[1..].to_owned();
                self.state = State::Done;
            }
            Some(_) => {
                self.held.insert_str(0, self.unopened());
                self.state = State::Done;
            }
        }
        true
    }

    /// The text of a mark behind which no call was found yet.
    fn unopened(&self) -> &'static str {
        let written = self.calls == 0 && self.begin_token.is_none();
        self.style.begin().filter(|_| written).unwrap_or_default()
    }

    fn call(&mut self) -> bool {
        let held = std::mem::take(&mut self.held);
        for (at, next) in held.char_indices() {
            let State::Call(scan, read, known) = &mut self.state else { break };
            let mut scanned = scan.push(next);
            if !*known {
                read.push(next);
                let too_long = read.len() > HELD_BYTES_MAX;
                let stranger =
                    matches!(&scanned, Scanned::Name(name, _) if !self.names.contains(name));
                if too_long || stranger {
                    scanned = Scanned::Malformed;
                }
            }
            let after = at + next.len_utf8();
            match scanned {
                Scanned::More => {}
                Scanned::Name(name, early) => {
                    *known = true;
                    self.begin_call(name, early);
                }
                Scanned::Arguments(next) => self.more_arguments(next),
                Scanned::End => {
                    self.end_call();
                    self.state = State::Close;
                    self.held = held[after..].to_owned();
                    return true;
                }
                Scanned::Malformed => {
                    self.spoilt(&held[at..], &held[after..]);
                    return true;
                }
            }
        }
        false
    }

    /// What was taken for a call is none, from this text on.
    fn spoilt(&mut self, from: &str, after: &str) {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Call(_, _, true) => {
                self.end_call();
                self.held = from.to_owned();
            }
            State::Call(_, read, false) => {
                self.text(read);
                self.held = after.to_owned();
            }
            State::Start | State::Free | State::List | State::Close | State::Done => {}
        }
        self.state = match self.style {
            ToolStyle::Hermes | ToolStyle::Generic => State::Free,
            ToolStyle::Llama | ToolStyle::Mistral => State::Done,
        };
    }

    fn close(&mut self) -> bool {
        let tag = match self.style {
            ToolStyle::Hermes | ToolStyle::Generic => END_TAG,
            ToolStyle::Mistral => {
                self.state = State::List;
                return true;
            }
            ToolStyle::Llama => {
                self.state = State::Done;
                return true;
            }
        };
        let rest = self.held.trim_start();
        if let Some(after) = rest.strip_prefix(tag) {
            self.held = after.to_owned();
        } else if tag.starts_with(rest) {
            return false;
        }
        self.state = State::Free;
        true
    }

    fn begin_call(&mut self, name: String, early: String) {
        let index = self.calls;
        self.calls += 1;
        self.events.push(CallEvent::Begin { index, name });
        self.arguments = !early.is_empty();
        if self.arguments {
            self.events.push(CallEvent::Arguments { index, text: early });
        }
    }

    fn more_arguments(&mut self, next: char) {
        self.arguments = true;
        let index = self.calls - 1;
        match self.events.last_mut() {
            Some(CallEvent::Arguments { text, .. }) => text.push(next),
            _ => self.events.push(CallEvent::Arguments { index, text: next.into() }),
        }
    }

    fn end_call(&mut self) {
        let index = self.calls - 1;
        if !self.arguments {
            self.events.push(CallEvent::Arguments { index, text: "{}".into() });
        }
        self.events.push(CallEvent::End { index });
        self.behind = true;
    }

    fn text_of_held(&mut self) {
        let held = std::mem::take(&mut self.held);
        self.text(held);
    }

    /// Gives out text; white space behind a call is none, however it is cut.
    fn text(&mut self, mut text: String) {
        if self.behind {
            text.drain(..text.len() - text.trim_start().len());
        }
        if text.is_empty() {
            return;
        }
        self.behind = false;
        match self.events.last_mut() {
            Some(CallEvent::Text(before)) => before.push_str(&text),
            _ => self.events.push(CallEvent::Text(text)),
        }
    }
}
