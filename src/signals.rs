//! SIGTERM and SIGINT: the first asks to finish, the second to stop at once.

use std::io;

use tokio::sync::watch;

/// Counts the signals that have come.
#[derive(Debug, Clone)]
pub struct Signals(watch::Receiver<usize>);

impl Signals {
    /// Takes the signals over from the system, for as long as the runtime lives.
    ///
    /// # Errors
    /// The system does not let them be taken.
    pub fn listen() -> io::Result<Self> {
        let (sender, receiver) = watch::channel(0);
        #[cfg(unix)]
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::spawn(async move {
            loop {
                #[cfg(unix)]
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = tokio::signal::ctrl_c() => {}
                }
                #[cfg(not(unix))]
                let _ = tokio::signal::ctrl_c().await;
                sender.send_modify(|count| *count += 1);
            }
        });
        Ok(Self(receiver))
    }

    /// Waits until so many signals have come in all.
    pub async fn count(mut self, wanted: usize) {
        // The sender lives as long as the runtime; were it gone, stopping is right too.
        let _ = self.0.wait_for(|count| *count >= wanted).await;
    }
}
