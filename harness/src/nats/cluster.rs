//! Three servers that replicate.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::error::NatsError;
use super::monitor::StreamState;
use super::ports::free_ports;
use super::server::{STARTS_MAX, Server, SyncInterval};

/// Servers of a cluster.
pub const SERVERS: usize = 3;

/// Time between two looks at a stream.
const LOOK: Duration = Duration::from_millis(20);

/// Three servers that replicate, named `n1` to `n3`; they end with this.
#[derive(Debug)]
pub struct Cluster {
    /// The servers.
    pub servers: Vec<Server>,
}

impl Cluster {
    /// Starts three servers, with other ports where one of the first is taken.
    ///
    /// # Errors
    /// [`NatsError::NoProgram`] where this machine has none; others where one does not start.
    pub fn start(sync: SyncInterval) -> Result<Self, NatsError> {
        let mut tries = 1;
        loop {
            match Self::start_once(sync) {
                Err(NatsError::PortTaken) if tries < STARTS_MAX => tries += 1,
                started => return started,
            }
        }
    }

    fn start_once(sync: SyncInterval) -> Result<Self, NatsError> {
        let ports: [u16; 3 * SERVERS] = free_ports()?;
        let (routes, ports) = ports.split_at(SERVERS);
        let peers: Vec<_> = routes.iter().map(|route| format!("nats://127.0.0.1:{route}")).collect();
        let peers = peers.join(", ");
        let mut servers = Vec::with_capacity(SERVERS);
        for ((number, route), ports) in (1..).zip(routes).zip(ports.chunks_exact(2)) {
            let lines = format!("cluster {{ name: c, listen: \"127.0.0.1:{route}\", routes: [{peers}] }}");
            servers.push(Server::spawn(&format!("n{number}"), [ports[0], ports[1]], sync, &lines)?);
        }
        servers.iter_mut().try_for_each(Server::wait)?;
        Ok(Self { servers })
    }

    /// Returns the addresses for clients.
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.url.clone()).collect()
    }

    /// Returns the addresses of the monitors.
    pub fn monitor_urls(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.monitor_url.clone()).collect()
    }

    /// Waits until a server says that it leads the stream, and returns its place among the servers.
    ///
    /// # Errors
    /// [`NatsError::Waited`].
    pub fn wait_for_leader(&self, stream: &str, patience: Duration) -> Result<usize, NatsError> {
        self.wait_for(stream, patience, "leads", |_| true)
    }

    /// Waits until a server leads the stream and all others have all of it, and returns the leader's place.
    ///
    /// # Errors
    /// [`NatsError::Waited`].
    pub fn wait_until_whole(&self, stream: &str, patience: Duration) -> Result<usize, NatsError> {
        self.wait_for(stream, patience, "has sent to all others", |state| state.is_whole)
    }

    fn wait_for(
        &self,
        stream: &str,
        patience: Duration,
        does: &str,
        suffices: impl Fn(&StreamState) -> bool,
    ) -> Result<usize, NatsError> {
        let until = Instant::now() + patience;
        loop {
            for (place, server) in self.servers.iter().enumerate().filter(|(_, server)| server.is_running()) {
                // A server that is paused or electing is asked again.
                if let Ok(Some(state)) = server.stream_state(stream)
                    && state.leader.as_deref() == Some(&server.name)
                    && suffices(&state)
                {
                    return Ok(place);
                }
            }
            if Instant::now() > until {
                return Err(NatsError::Waited { what: format!("there is no server that {does} the stream {stream}") });
            }
            sleep(LOOK);
        }
    }
}
