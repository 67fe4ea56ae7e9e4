//! What whoever runs the server asks of it by signals.

/// What is asked.
pub(super) enum Asked {
    /// To end.
    End,
    /// To read its keys and certificates anew.
    Reload,
}

/// The signals that are caught, from when this is made.
#[cfg(unix)]
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Within a runtime.
    pub(super) fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next of them.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    /// The next that asks to end.
    pub(super) async fn end(&mut self) {
        while let Asked::Reload = self.next().await {}
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Within a runtime.
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    /// The next of them: nothing asks to read anew here.
    pub(super) async fn next(&mut self) -> Asked {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Asked::End
    }

    /// The next that asks to end.
    pub(super) async fn end(&mut self) {
        self.next().await;
    }
}
