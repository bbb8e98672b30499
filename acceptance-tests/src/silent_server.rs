//! A server that takes connections and never says anything, as behind a firewall that drops packets.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

/// A listener. Connections to it stay open until it is dropped.
#[derive(Debug)]
pub struct SilentServer {
    port: u16,
    connections: Arc<Mutex<Vec<std::net::TcpStream>>>,
}

impl SilentServer {
    /// Listens on a port of its own.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let connections = Arc::new(Mutex::new(Vec::new()));
        let open = connections.clone();
        // It ends with the process: nobody waits for it.
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                open.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            }
        });
        Ok(Self { port, connections })
    }

    /// Its address.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// How many connections it has taken.
    pub fn connections(&self) -> usize {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
