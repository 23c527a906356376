//! Listening sockets that a service manager opened before this process began, and keeps when it ends: clients that
//! come while byway is started anew wait in them instead of being refused (systemd.socket(5), sd_listen_fds(3)). It
//! serves nothing of its own accord: who asks for an address gets the socket that stands there, or a new one. What this
//! process itself opened early, for clients that come while it still starts, is waiting here too.

use super::listen::{BindError, Listener};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The sockets of this process that were open when it began, and those that it opened first of all.
#[derive(Clone, Debug, Default)]
pub struct Handed {
    standing: Arc<Vec<(SocketAddr, TcpListener)>>,
    /// By the address that was asked for. Each is taken once: a door that is opened anew is a new socket.
    early: Arc<Mutex<Vec<(SocketAddr, Listener)>>>,
}

impl Handed {
    /// Takes what was handed to this process. To be called once, before there are other threads: the variables that
    /// tell of the sockets are taken out of the environment, so that no program that byway runs believes them its own.
    #[cfg(unix)]
    pub fn to_this_process() -> Self {
        let mut sockets = listenfd::ListenFd::from_env();
        let found = (0..sockets.len()).filter_map(|index| {
            let taken = sockets.take_tcp_listener(index).and_then(|listener| {
                let Some(listener) = listener else { return Ok(None) };
                listener.set_nonblocking(true)?;
                Ok(Some((listener.local_addr()?, listener)))
            });
            taken
                .inspect_err(
                    |error| tracing::warn!(number = index + 1, %error, "a socket that was handed over is no TCP port"),
                )
                .ok()
                .flatten()
        });
        Self { standing: Arc::new(found.collect()), early: Arc::default() }
    }

    /// Nobody hands sockets over here.
    #[cfg(not(unix))]
    pub fn to_this_process() -> Self {
        Self::default()
    }

    /// Opens sockets for `addresses` that are to be asked for soon: who comes meanwhile waits in them. All, or none. Must
    /// be called inside a runtime.
    pub fn open_early(&self, addresses: impl IntoIterator<Item = SocketAddr>) -> Result<(), BindError> {
        let opened = addresses.into_iter().map(|address| Ok((address, self.listen(address)?)));
        let opened = opened.collect::<Result<Vec<_>, _>>()?;
        self.early().extend(opened);
        Ok(())
    }

    fn early(&self) -> MutexGuard<'_, Vec<(SocketAddr, Listener)>> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens on `address`: with the socket that was opened or handed over for it, or a new one. Must be called inside a
    /// runtime.
    pub fn listen(&self, address: SocketAddr) -> Result<Listener, BindError> {
        let mut early = self.early();
        if let Some(at) = early.iter().position(|(asked, _)| *asked == address) {
            return Ok(early.remove(at).1);
        }
        drop(early);
        match self.standing.iter().find(|(at, _)| *at == address) {
            Some((_, socket)) => Listener::standing(socket).map_err(|error| BindError::new(address, error)),
            None => Listener::bind(address),
        }
    }

    /// Where sockets stand that `asked` does not name: nobody is served there.
    pub fn unasked<'a>(&'a self, asked: &'a [SocketAddr]) -> impl Iterator<Item = SocketAddr> + 'a {
        self.standing.iter().map(|(at, _)| *at).filter(|at| !asked.contains(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handed() -> (Handed, SocketAddr) {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let at = socket.local_addr().unwrap();
        (Handed { standing: Arc::new(vec![(at, socket)]), early: Arc::default() }, at)
    }

    #[tokio::test]
    async fn a_client_of_a_door_that_was_opened_early_waits_until_somebody_asks_for_it() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let (handed, _) = handed();
        handed.open_early([any]).unwrap();
        let at = handed.early()[0].1.local_addr();
        let client = std::net::TcpStream::connect(at).unwrap();
        let door = handed.listen(any).unwrap();
        let (_, from) = door.accept().await;
        assert_eq!(from, client.local_addr().unwrap());
        // It is taken: who asks again gets another, and one that is closed stays closed.
        assert_ne!(handed.listen(any).unwrap().local_addr(), at);
        drop(door);
        assert!(std::net::TcpStream::connect(at).is_err());
    }

    #[tokio::test]
    async fn all_doors_are_opened_early_or_none() {
        let free = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap().local_addr();
        let taken = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let handed = Handed::default();
        assert!(handed.open_early([free, taken.local_addr()]).is_err());
        assert!(std::net::TcpStream::connect(free).is_err());
    }

    #[tokio::test]
    async fn a_client_that_came_before_anybody_listened_is_served() {
        let (handed, at) = handed();
        let client = std::net::TcpStream::connect(at).unwrap();
        // One listener after the other, as over a restart: the socket stays.
        drop(handed.listen(at).unwrap());
        let (stream, from) = handed.listen(at).unwrap().accept().await;
        assert_eq!(from, client.local_addr().unwrap());
        assert!(stream.as_tcp().unwrap().nodelay().unwrap());
    }

    #[tokio::test]
    async fn an_address_that_was_not_handed_over_is_opened_and_one_that_is_not_asked_for_is_told() {
        let (handed, at) = handed();
        let own = handed.listen("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_ne!(own.local_addr(), at);
        assert_eq!(handed.unasked(&[own.local_addr()]).collect::<Vec<_>>(), [at]);
        assert_eq!(handed.unasked(&[at]).count(), 0);
    }
}
