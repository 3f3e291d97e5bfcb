//! Free ports that stay free while a server is down.
//!
//! They lie below the range that systems give to whoever asks for any port (from 32,768 on Linux, from 49,152
//! elsewhere): while a server is being started again, no connection of another process takes its place.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::TcpListener;

use super::error::NatsError;
use crate::random::Random;

/// The first port and how many there are.
const RANGE: (u16, u16) = (16_384, 16_384);

/// Ports that are tried for one.
const TRIES: usize = 1000;

/// Returns different ports of the loopback interface on which nobody listens now.
pub(super) fn free_ports<const N: usize>() -> Result<[u16; N], NatsError> {
    let mut random = Random::new(RandomState::new().hash_one(std::process::id()));
    let mut listeners = Vec::with_capacity(N);
    while listeners.len() < N {
        listeners.push(listen(&mut random).map_err(|source| NatsError::NoPort { source })?);
    }
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr().map_err(|source| NatsError::NoPort { source })?.port();
    }
    Ok(ports)
}

fn listen(random: &mut Random) -> io::Result<TcpListener> {
    let mut tries = 0;
    loop {
        let offset = u16::try_from(random.below(RANGE.1.into())).expect("it is below the range's length");
        tries += 1;
        match TcpListener::bind(("127.0.0.1", RANGE.0 + offset)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries < TRIES => {}
            bound => return bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_different_and_free() {
        let ports = free_ports::<9>().expect("there are free ports");
        let listeners: Vec<_> = ports.iter().map(|port| TcpListener::bind(("127.0.0.1", *port))).collect();
        let bound = listeners.iter().filter(|listener| listener.is_ok()).count();
        // Another process may have been faster with one of them.
        assert!(bound >= 8, "{bound} of 9");
    }
}
