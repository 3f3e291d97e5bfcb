//! The folder that the bench works in: gone when the bench is, also when it is interrupted.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The exit code of a command that was interrupted.
const INTERRUPTED: i32 = 130;

/// How often removing is tried again while other threads still write.
const TRIES: usize = 20;

/// Makes the folder beside the data folder, on the disk that a store would be on, and removes it when SIGINT or SIGTERM
/// ends the process.
pub(super) fn work_folder(data_dir: &Path) -> io::Result<TempDir> {
    let beside = match data_dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Listening begins before the folder is there: nobody is to be interrupted unheard after that.
    let mut interruption = runtime.block_on(async { Interruption::listen() })?;
    let folder = tempfile::Builder::new().prefix(".cidgraph-bench-").tempdir_in(beside)?;
    let path = folder.path().to_owned();
    std::thread::Builder::new().name("interruption".to_owned()).spawn(move || {
        runtime.block_on(interruption.heard());
        remove(&path);
        std::process::exit(INTERRUPTED);
    })?;
    Ok(folder)
}

/// What ends a run early, listened to from the moment that this is made.
#[cfg(unix)]
pub(in crate::command) struct Interruption {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Interruption {
    pub(in crate::command) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    pub(in crate::command) async fn heard(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
pub(in crate::command) struct Interruption(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Interruption {
    pub(in crate::command) fn listen() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    pub(in crate::command) async fn heard(&mut self) {
        drop(self.0.recv().await);
    }
}

fn remove(path: &PathBuf) {
    for _ in 0..TRIES {
        if std::fs::remove_dir_all(path).is_ok() || !path.exists() {
            return;
        }
    }
}
