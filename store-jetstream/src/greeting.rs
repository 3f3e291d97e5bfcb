//! Which of several servers is there: all are asked at once, and the first that greets is connected to.
//!
//! A server that is stopped takes connections and says nothing: to try one server after another takes as long as it is
//! waited for.

use std::time::Duration;

use async_nats::{ReconnectToServer, Server, ServerAddr};
use futures::future::select_ok;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a greeting is waited for.
const GREETING: Duration = Duration::from_secs(2);

/// What a server says first.
const INFO: &[u8; 5] = b"INFO ";

/// Returns the server to connect to; `None` where there is no choice, or nobody greets: then all are tried in turn.
pub(crate) async fn first_to_greet(servers: Vec<Server>) -> Option<ReconnectToServer> {
    if servers.len() < 2 {
        return None;
    }
    // One that greets and then fails is not picked again before the others.
    let least = servers.iter().map(|server| server.failed_attempts).min();
    let fresh = servers.into_iter().filter(|server| Some(server.failed_attempts) == least);
    let greetings = fresh.map(|server| Box::pin(greeted(server.addr)));
    let (addr, _) = timeout(GREETING, select_ok(greetings)).await.ok()?.ok()?;
    Some(ReconnectToServer { addr, delay: None })
}

async fn greeted(server: ServerAddr) -> std::io::Result<ServerAddr> {
    let mut connection = TcpStream::connect((server.host(), server.port())).await?;
    let mut said = [0; INFO.len()];
    connection.read_exact(&mut said).await?;
    if said == *INFO { Ok(server) } else { Err(std::io::ErrorKind::InvalidData.into()) }
}
