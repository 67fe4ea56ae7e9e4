//! One answer on its way through: what holds is let out, in order, and an end only where all of it did.
//!
//! Never lets anything out before it holds, and never waits for a reader longer than its limit. A reader that goes ends
//! the request to the upstream with it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use commit::Network;
use receipt::{PublicKey, ReceiptFile};
use tokio::sync::mpsc::{self, OwnedPermit};
use tokio::sync::watch;
use tokio::task::block_in_place;
use tokio::time::{sleep_until, timeout};
use verify::{Kind, NotEstablished, Replay as Replayed, examine};

use super::checking::{Checked, Checking, Covered};
use super::evidence::{Record, receipt_of, refuse};
use super::failure::Failure;
use super::files::write_new;
use super::keeping;
use super::replaying::Following;
use super::server::{Admitted, Proxy};
use super::settings::Requirement;
use super::source::Source;
use super::wire::Said;
use crate::core::{End, Event, Part, Sealed};

/// Parts of a choice that replay has still to bear out.
#[derive(Default)]
struct Waiting {
    parts: VecDeque<Part>,
    /// How many of its tokens were let out.
    given: usize,
}

/// What an answer that has begun is made of.
pub(super) struct Parts {
    pub(super) proxy: Arc<Proxy>,
    /// The model's name.
    pub(super) model: String,
    /// The body that was sent.
    pub(super) request: String,
    pub(super) source: Source,
    pub(super) checking: Checking,
    /// Where replay is required.
    pub(super) following: Option<Following>,
}

/// One answer on its way through.
pub(super) struct Passing {
    parts: Parts,
    waiting: Vec<Waiting>,
    checked: Option<Checked>,
    /// The receipt file, where one could be made: for evidence.
    receipt: Option<String>,
    /// Whether its worker's key is one that is kept to.
    settled: bool,
    to: mpsc::Sender<Event>,
    /// A place for the last event, whether its reader reads or not.
    last: Option<OwnedPermit<Event>>,
    admitted: Admitted,
}

/// Why it goes no further.
enum Halt {
    Failed(Failure),
    /// Nobody reads any more.
    Gone,
}

impl<F: Into<Failure>> From<F> for Halt {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

/// What happens next.
enum Next {
    Said(Result<Said, Failure>),
    /// Replay found something.
    Found,
    /// The thread that replays has ended.
    Lost,
    Gone,
    /// Replay takes longer than an answer may.
    Late,
    Stopping,
}

impl Passing {
    pub(super) fn new(parts: Parts, to: mpsc::Sender<Event>, admitted: Admitted) -> Self {
        let last = to.clone().try_reserve_owned().ok();
        let choices = parts.checking.job().fields().choices;
        let waiting = (0..choices).map(|_| Waiting::default()).collect();
        let (checked, receipt) = (None, None);
        Self { parts, waiting, checked, receipt, settled: false, to, last, admitted }
    }

    pub(super) async fn run(mut self) {
        match self.answer().await {
            Ok(end) => self.close(Event::End(Box::new(end))),
            Err(Halt::Gone) => {
                let job = commit::hex(&self.parts.source.job[..8]);
                self.parts
                    .proxy
                    .log
                    .notice(&format!("answer {job} of {}: its reader has gone", self.parts.model));
            }
            Err(Halt::Failed(failure)) => self.fail(failure).await,
        }
        drop(self.admitted);
    }

    /// Says the last there is to say.
    fn close(&mut self, event: Event) {
        if let Some(last) = self.last.take() {
            last.send(event);
        }
    }

    async fn answer(&mut self) -> Result<End, Halt> {
        loop {
            if self.is_whole() {
                return self.finish().await;
            }
            match self.next().await {
                Next::Said(said) => self.take(said?).await?,
                Next::Found => self.replayed().await?,
                Next::Lost => {
                    return Err(Failure::Ours("the model's thread has ended".into()).into());
                }
                Next::Late => return Err(Failure::Limit("replay takes too long".into()).into()),
                Next::Stopping => return Err(Failure::Ours("the proxy is stopping".into()).into()),
                Next::Gone => return Err(Halt::Gone),
            }
        }
    }

    async fn next(&mut self) -> Next {
        let mut cancelled = self.parts.proxy.cancelled.subscribe();
        let (deadline, whole) = (self.parts.source.deadline, self.checked.is_some());
        let following = self.parts.following.as_mut();
        tokio::select! {
            biased;
            () = self.to.closed() => Next::Gone,
            _ = cancelled.wait_for(|cancelled| *cancelled) => Next::Stopping,
            found = found(following) => if found { Next::Found } else { Next::Lost },
            said = self.parts.source.next(), if !whole => Next::Said(said),
            () = sleep_until(deadline), if whole => Next::Late,
        }
    }

    async fn take(&mut self, said: Said) -> Result<(), Halt> {
        match said {
            Said::Part { choice, tokens, head } => {
                match self.parts.checking.part(choice, &tokens, head.as_deref())? {
                    Some(covered) => self.cover(covered).await,
                    None => Ok(()),
                }
            }
            Said::End { envelope } => {
                let checking = &mut self.parts.checking;
                // It hashes all of a long answer.
                let (file, checked) =
                    block_in_place(|| (checking.file(&envelope), checking.end(&envelope)));
                self.receipt = file;
                let mut checked = checked?;
                for covered in std::mem::take(&mut checked.covered) {
                    self.cover(covered).await?;
                }
                if let Some(following) = &self.parts.following {
                    following.end(checked.stops.clone());
                }
                self.checked = Some(checked);
                Ok(())
            }
            Said::Begun(_) => Err(Failure::Malformed("it begins twice".into()).into()),
            Said::Failed(what) => Err(Failure::Said(what).into()),
            Said::Done => Err(Failure::NoReceipt.into()),
            Said::Nothing => Ok(()),
        }
    }

    /// A head covers these: they may go, or have to be replayed first.
    async fn cover(&mut self, covered: Covered) -> Result<(), Halt> {
        let Covered { choice, tokens, parts } = covered;
        if let Some(following) = &self.parts.following {
            following.tokens(choice, tokens);
            let index = usize::try_from(choice).unwrap_or(usize::MAX);
            if let Some(waiting) = self.waiting.get_mut(index) {
                waiting.parts.extend(parts);
            }
            return Ok(());
        }
        for part in parts {
            self.send(part).await?;
        }
        Ok(())
    }

    /// Lets out what replay has borne out.
    async fn replayed(&mut self) -> Result<(), Halt> {
        let Some(following) = &mut self.parts.following else {
            return Ok(());
        };
        let found = following.found.borrow_and_update().clone();
        for outcome in found.outcomes.iter().flatten() {
            match outcome {
                Replayed::Same | Replayed::NotTried => {}
                Replayed::Differs(refutation) => {
                    return Err(Failure::Refuted(refutation.clone()).into());
                }
                Replayed::Impossible(missing) => {
                    return Err(Failure::Unjudged(missing.clone()).into());
                }
            }
        }
        for (choice, tokens) in found.tokens.into_iter().enumerate() {
            let same = found.outcomes.get(choice) == Some(&Some(Replayed::Same));
            while let Some(part) = self.waiting.get_mut(choice).and_then(|waiting| {
                let part = waiting.parts.pop_front_if(|_| same || waiting.given < tokens);
                waiting.given += usize::from(part.is_some());
                part
            }) {
                self.send(part).await?;
            }
        }
        Ok(())
    }

    /// Whether all of it came and holds.
    fn is_whole(&self) -> bool {
        let replayed = self.parts.following.as_ref().is_none_or(|following| {
            let found = following.found.borrow();
            let all = found.outcomes.iter().all(|one| *one == Some(Replayed::Same));
            all && found.outcomes.len() == self.waiting.len()
        });
        let given = self.waiting.iter().all(|waiting| waiting.parts.is_empty());
        self.checked.is_some() && replayed && given
    }

    async fn finish(&mut self) -> Result<End, Halt> {
        let Some(checked) = self.checked.take() else {
            return Err(Failure::NoReceipt.into());
        };
        for tail in checked.tails {
            self.send(tail).await?;
        }
        self.settle(checked.file.receipt().worker)?;
        let (file, proxy) = (&checked.file, &self.parts.proxy);
        if let Some(folder) = &proxy.receipts {
            let other = block_in_place(|| keeping::keep(folder, file)).map_err(Failure::Ours)?;
            if let Some(loud) = other {
                proxy.log.notice(&loud);
            }
        }
        if !proxy.quiet {
            proxy.log.notice(&told(proxy, &self.parts.model, file));
        }
        let usage = file.receipt().usage;
        let (id, envelope) = (file.receipt().id(Network::OFFLINE), file.envelope().to_json());
        Ok(End {
            choices: checked.ended,
            prompt_tokens: usage.prompt.into(),
            // No receipt says how many were: none is claimed.
            cached_tokens: 0,
            completion_tokens: usage.output.into(),
            receipt: Sealed { id, envelope },
        })
    }

    async fn send(&mut self, part: Part) -> Result<(), Halt> {
        if part.token.is_none() && part.head.is_none() && part.text.is_empty() {
            return Ok(());
        }
        self.settle(self.parts.checking.worker())?;
        let cancelled = self.parts.proxy.cancelled.subscribe();
        let patience = self.parts.proxy.upstream.limits().reader_time;
        offer(&self.to, Event::Part(Box::new(part)), patience, cancelled).await
    }

    /// Keeps to the key from here on, where it is the first: before anything of it goes out.
    fn settle(&mut self, worker: PublicKey) -> Result<(), Failure> {
        let proxy = &self.parts.proxy;
        if !self.settled && proxy.pins.settle(worker)? {
            let at = proxy.pins.file().display();
            proxy
                .log
                .notice(&format!("the first worker here is {worker}: kept to from now on ({at})"));
        }
        self.settled = true;
        Ok(())
    }

    /// Ends it with an error. What a replay refuted may still get its receipt: the upstream has nothing to lose by it.
    async fn fail(&mut self, failure: Failure) {
        // Its keys and values go to others.
        self.parts.following = None;
        let late = matches!(failure, Failure::Refuted(_)) && self.receipt.is_none();
        let Parts { proxy, model, request, source, .. } = &mut self.parts;
        let record = Record {
            model: model.clone(),
            job: source.job,
            request: std::mem::take(request),
            events: std::mem::take(&mut source.kept),
            receipt: self.receipt.take(),
        };
        let refused = refuse(proxy, &failure, record).await;
        self.close(Event::Failed(refused.refusal));
        let Some(path) = refused.path.filter(|_| late).map(|path| receipt_of(&path)) else {
            return;
        };
        if let Some(receipt) = self.receipt_after_all().await {
            let kept = match block_in_place(|| write_new(&path, &receipt)) {
                Ok(_) => format!("the refuted answer's receipt came: {}", path.display()),
                Err(error) => format!("the refuted answer's receipt can't be kept: {error}"),
            };
            self.parts.proxy.log.notice(&kept);
        }
    }

    /// The receipt file of an answer that nobody waits for.
    async fn receipt_after_all(&mut self) -> Option<String> {
        let within = self.parts.source.silence;
        let read = async {
            loop {
                match self.parts.source.next().await.ok()? {
                    Said::Part { choice, tokens, head } => {
                        self.parts.checking.part(choice, &tokens, head.as_deref()).ok()?;
                    }
                    Said::End { envelope } => return self.parts.checking.file(&envelope),
                    Said::Begun(_) | Said::Failed(_) | Said::Done | Said::Nothing => return None,
                }
            }
        };
        timeout(within, read).await.ok()?
    }
}

/// Gives an event to a reader, who may take a while for those before it, but no longer.
async fn offer(
    to: &mpsc::Sender<Event>,
    event: Event,
    patience: Duration,
    mut cancelled: watch::Receiver<bool>,
) -> Result<(), Halt> {
    tokio::select! {
        biased;
        sent = timeout(patience, to.send(event)) => match sent {
            Ok(sent) => sent.map_err(|_| Halt::Gone),
            Err(_) => Err(Failure::Limit("its reader takes too long".into()).into()),
        },
        _ = cancelled.wait_for(|cancelled| *cancelled) => {
            Err(Failure::Ours("the proxy is stopping".into()).into())
        }
    }
}

/// Waits for what replay finds: true; false where it ended.
async fn found(following: Option<&mut Following>) -> bool {
    match following {
        Some(following) => following.found.changed().await.is_ok(),
        None => std::future::pending().await,
    }
}

/// What is said of an answer that holds: what is established, and what is not.
fn told(proxy: &Proxy, model: &str, file: &ReceiptFile) -> String {
    let replay = match proxy.requirement {
        Requirement::Signature => Replayed::NotTried,
        Requirement::Replay => Replayed::Same,
    };
    let kinds = [Kind::Signature, Kind::Replay];
    let report = examine(file.receipt(), file.opening(), Network::OFFLINE, &[], &replay);
    let report = if proxy.pins.named().is_empty() {
        report
    } else {
        // It is one of the keys that were asked for.
        report.signed_by(file.receipt(), file.receipt().worker)
    };
    let holds: Vec<&str> =
        kinds.into_iter().filter(|kind| report.holds(*kind)).map(Kind::name).collect();
    let open = report.not_established.iter();
    // The prompt was rendered here, of what the caller sent.
    let open = open.filter(|what| **what != NotEstablished::PromptOfMessages);
    let open: Vec<&str> = open.map(|what| what.short()).collect();
    let job = commit::hex(&file.receipt().job[..8]);
    let (holds, open) = (holds.join(", "), open.join(", "));
    format!("answer {job} of {model} holds: {holds}; not established: {open}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn part() -> Event {
        let text = String::from("a");
        Event::Part(Box::new(Part { choice: 0, text, token: None, logprob: None, head: None }))
    }

    #[tokio::test]
    async fn a_reader_that_does_not_read_is_given_up_and_told_the_last_event() {
        let (to, mut events) = mpsc::channel(2);
        let last = to.clone().try_reserve_owned().unwrap();
        let cancel = watch::Sender::new(false);
        let short = Duration::from_millis(1);
        assert!(offer(&to, part(), short, cancel.subscribe()).await.is_ok());
        let full = offer(&to, part(), short, cancel.subscribe()).await;
        assert!(matches!(full, Err(Halt::Failed(Failure::Limit(_)))));
        cancel.send_replace(true);
        let long = Duration::from_secs(3600);
        let stopped = offer(&to, part(), long, cancel.subscribe()).await;
        assert!(matches!(stopped, Err(Halt::Failed(Failure::Ours(_)))));
        last.send(Event::Failed(crate::core::Refusal::Unverified("b".into())));
        assert!(matches!(events.recv().await, Some(Event::Part(_))));
        assert!(matches!(events.recv().await, Some(Event::Failed(_))));
    }
}
