//! Draws the progress of downloads and loading on standard error.

use std::cell::RefCell;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use store::Progress;

use crate::interrupt::{self, Meaning};
use crate::output::{harmless, size, tell};

/// How often a bar is drawn anew, so that a stalled download shows.
const TICK: Duration = Duration::from_millis(200);

/// A bar for downloads; silent where standard error is no terminal, but for lines that matter.
///
/// A source's failure is told when the next one is tried; that of the last is the download's own and
/// comes with its error. While there is a bar, Ctrl-C says that what has arrived is kept.
pub(crate) struct Download {
    bar: ProgressBar,
    failed: RefCell<Option<String>>,
}

impl Download {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::no_length();
        let template = "{spinner} {bar:30} {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(template).expect("a constant template"));
        // Without a handler Ctrl-C ends the program all the same, without a word.
        let _ = interrupt::means(Meaning::EndDownload);
        Self { bar, failed: RefCell::new(None) }
    }

    /// Takes an event of a pull.
    pub(crate) fn show(&self, event: &Progress<'_>) {
        match event {
            Progress::Bytes { done, total } => {
                if self.bar.length().is_none() {
                    // What an earlier attempt brought does not count as speed.
                    self.bar.set_position(*done);
                    self.bar.reset_eta();
                    self.bar.enable_steady_tick(TICK);
                }
                self.bar.set_length(*total);
                self.bar.set_position(*done);
            }
            Progress::Waiting { reference } => {
                self.line(format!("waiting: another process is pulling {reference}"));
            }
            Progress::Trying { source } => match self.failed.take() {
                Some(failed) => {
                    self.line(format!("{failed}; going on to the next source: {source}"));
                }
                None => self.line(format!("trying {source}")),
            },
            Progress::Resuming { source, at, total } => {
                let (at, total) = (size(*at), size(*total));
                self.line(format!("going on at {at} of {total} from {source}"));
            }
            Progress::Restarting { source, why } => {
                self.line(format!("starting again from {source}: {why}"));
            }
            Progress::Retrying { source, why, after } => {
                self.line(format!("{source}: {why}; again in {} s", after.as_secs()));
            }
            Progress::Extracting { source, member } => {
                // The bar begins anew, for what comes out.
                self.bar.unset_length();
                self.line(format!("taking {member} out of {source}"));
            }
            Progress::Verifying { hashed: true, .. } => {
                self.line("checking every byte".to_owned());
            }
            Progress::Verifying { hashed: false, source } => {
                self.line(format!("{source} promises no hash: only the size can be checked"));
            }
            Progress::Discarded { source, why } => {
                self.source_failed(format!("discarded what {source} gave ({why})"));
            }
            Progress::SourceFailed { source, why } => {
                self.source_failed(format!("{source} failed ({why})"));
            }
            Progress::Stored { size: bytes, .. } => {
                self.bar.finish_and_clear();
                self.line(format!("stored {}", size(*bytes)));
                // A file of a folder may follow.
                self.bar.reset();
                self.bar.unset_length();
            }
        }
    }

    fn source_failed(&self, text: String) {
        if let Some(before) = self.failed.replace(Some(text)) {
            self.line(before);
        }
    }

    fn line(&self, text: String) {
        if self.bar.is_hidden() {
            tell(text);
        } else {
            self.bar.println(harmless(&text));
        }
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        // A failure is told below the bar's place, not through it.
        self.bar.finish_and_clear();
        let _ = interrupt::means(Meaning::End);
    }
}

/// A spinner with a word, while something takes its time.
pub(crate) fn spinner(text: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    spinner.set_message(text);
    spinner.enable_steady_tick(TICK);
    spinner
}
