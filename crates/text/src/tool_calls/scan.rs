//! One call, read as it comes: a JSON object with a name and arguments, character by character.
//!
//! Gives out the arguments' text as it stands, as soon as the name is known. Checks no more of it than where it ends.
//! Never holds more than [`HELD_BYTES_MAX`]. Failure: what is no such object is [`Scanned::Malformed`], whatever it is.

/// Most bytes of a name, or of arguments that come before it.
const HELD_BYTES_MAX: usize = 64 << 10;

/// What a character led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// Nothing yet.
    More,
    /// The name, and what is known of the arguments.
    Name(String, String),
    /// More of the arguments.
    Arguments(char),
    /// The object is whole.
    End,
    /// This is no call.
    Malformed,
}

/// What the value of a member is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Member {
    Name,
    Arguments,
    Other,
}

enum State {
    /// Before the object.
    Open,
    /// Before a member, or the end where there was none yet.
    Member,
    /// In a member's name.
    Key(String),
    /// Behind it.
    Colon(Member),
    /// Before its value.
    Before(Member),
    /// In its value, and how deep.
    Value(Member, Value),
    /// Behind it.
    After,
}

#[derive(Default)]
struct Value {
    depth: usize,
    in_string: bool,
    escaped: bool,
    scalar: bool,
}

pub(super) struct Scan {
    state: State,
    arguments: &'static str,
    name: Option<String>,
    /// The name's text, or arguments that came before it.
    held: String,
    early: String,
}

impl Scan {
    /// Of a call whose arguments are in the member `arguments`.
    pub(super) fn new(arguments: &'static str) -> Self {
        Self {
            state: State::Open,
            arguments,
            name: None,
            held: String::new(),
            early: String::new(),
        }
    }

    pub(super) fn push(&mut self, next: char) -> Scanned {
        let white = matches!(next, ' ' | '\n' | '\r' | '\t');
        match &mut self.state {
            State::Open | State::Member | State::Colon(_) | State::Before(_) | State::After
                if white =>
            {
                Scanned::More
            }
            State::Open => self.step(next == '{', State::Member),
            State::Member => self.step(next == '"', State::Key(String::new())),
            State::Key(key) if next == '"' => {
                let member = match key.as_str() {
                    "name" => Member::Name,
                    key if key == self.arguments => Member::Arguments,
                    _ => Member::Other,
                };
                self.step(true, State::Colon(member))
            }
            State::Key(key) => {
                key.push(next);
                // A name with an escape is not one of ours.
                if next == '\\' || key.len() > HELD_BYTES_MAX {
                    Scanned::Malformed
                } else {
                    Scanned::More
                }
            }
            State::Colon(member) => {
                let member = *member;
                self.step(next == ':', State::Before(member))
            }
            State::Before(member) => {
                let member = *member;
                self.state = State::Value(member, Value::default());
                self.value(next)
            }
            State::Value(..) => self.value(next),
            State::After => match next {
                ',' => self.step(true, State::Member),
                '}' if self.name.is_some() => Scanned::End,
                _ => Scanned::Malformed,
            },
        }
    }

    fn step(&mut self, fits: bool, state: State) -> Scanned {
        self.state = state;
        if fits { Scanned::More } else { Scanned::Malformed }
    }

    fn value(&mut self, next: char) -> Scanned {
        let State::Value(member, value) = &mut self.state else { return Scanned::Malformed };
        let member = *member;
        if value.scalar && matches!(next, ',' | '}' | ' ' | '\n' | '\r' | '\t') {
            self.state = State::After;
            let ended = self.ended(member);
            return if ended == Scanned::More { self.push(next) } else { Scanned::Malformed };
        }
        let Some(ends) = value.push(next) else { return Scanned::Malformed };
        let taken = self.taken(member, next);
        if !ends || taken == Scanned::Malformed {
            return taken;
        }
        self.state = State::After;
        let ended = self.ended(member);
        if ended == Scanned::More { taken } else { ended }
    }

    /// Takes a character of a value.
    fn taken(&mut self, member: Member, next: char) -> Scanned {
        match (member, &self.name) {
            (Member::Arguments, Some(_)) => return Scanned::Arguments(next),
            (Member::Arguments, None) => self.early.push(next),
            (Member::Name, _) => self.held.push(next),
            (Member::Other, _) => {}
        }
        let held = self.held.len().max(self.early.len());
        if held > HELD_BYTES_MAX { Scanned::Malformed } else { Scanned::More }
    }

    /// A value is whole.
    fn ended(&mut self, member: Member) -> Scanned {
        if member != Member::Name {
            return Scanned::More;
        }
        match serde_json::from_str::<String>(&self.held) {
            Ok(name) if self.name.is_none() => {
                self.name = Some(name.clone());
                Scanned::Name(name, std::mem::take(&mut self.early))
            }
            Ok(_) | Err(_) => Scanned::Malformed,
        }
    }
}

impl Value {
    /// Takes a character; says whether the value ends with it, and nothing where it can't stand there.
    fn push(&mut self, next: char) -> Option<bool> {
        if self.in_string {
            let closes = next == '"' && !self.escaped;
            self.escaped = next == '\\' && !self.escaped;
            self.in_string = !closes;
            return Some(closes && self.depth == 0);
        }
        match next {
            '"' if !self.scalar || self.depth > 0 => self.in_string = true,
            '{' | '[' if !self.scalar || self.depth > 0 => self.depth += 1,
            '}' | ']' if self.depth > 0 => {
                self.depth -= 1;
                return Some(self.depth == 0);
            }
            '}' | ']' | '"' | '{' | '[' => return None,
            _ => self.scalar |= self.depth == 0,
        }
        Some(false)
    }
}
