//! The server's program, and what a test does where there is none.

use std::path::PathBuf;

use super::error::NatsError;

/// The version that `scripts/setup` installs.
pub const VERSION: &str = "2.15.1";

/// Finds the program: the one that `NATS_SERVER` names, else the one that `scripts/setup` installed.
///
/// # Errors
/// [`NatsError::NoProgram`].
pub fn program() -> Result<PathBuf, NatsError> {
    if let Some(program) = std::env::var_os("NATS_SERVER") {
        return Ok(program.into());
    }
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).ok_or(NatsError::NoProgram)?;
    let program = cache.join(format!("cidgraph/nats-server-{VERSION}/nats-server"));
    if program.exists() { Ok(program) } else { Err(NatsError::NoProgram) }
}

/// Returns what a test has started; `None`, with a printed reason, where this machine has no server: the test is then
/// skipped.
///
/// # Panics
/// Where there is no server and the environment says `CI`; where there is one that does not start.
pub fn or_skip<T>(started: Result<T, NatsError>) -> Option<T> {
    match started {
        Ok(started) => Some(started),
        Err(reason @ NatsError::NoProgram) => {
            assert!(std::env::var_os("CI").is_none(), "{reason}");
            eprintln!("skipped: {reason}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}
