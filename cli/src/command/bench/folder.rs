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
    let folder = tempfile::Builder::new().prefix(".cidgraph-bench-").tempdir_in(beside)?;
    let path = folder.path().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("interruption".to_owned()).spawn(move || {
        runtime.block_on(interrupted());
        remove(&path);
        std::process::exit(INTERRUPTED);
    })?;
    Ok(folder)
}

#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    drop(tokio::signal::ctrl_c().await);
}

fn remove(path: &PathBuf) {
    for _ in 0..TRIES {
        if std::fs::remove_dir_all(path).is_ok() || !path.exists() {
            return;
        }
    }
}
