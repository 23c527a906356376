//! A SOCKS5 proxy as a way out (RFC 1928, RFC 1929): names go to it unresolved. What it says of a failure is kept
//! apart from a failure to talk to it.

use super::StreamDialer;
use super::build::{BuildError, Login, Socks5Server};
use super::tagged::at_server;
use crate::model::{Cause, Destination, Failure, Host, Stage, Whose};
use crate::net::{Deadline, Io, Stream, endpoint_tag};
use futures_util::future::BoxFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::time::Instant;
use tokio_socks::TargetAddr;
use tokio_socks::tcp::Socks5Stream;

mod packets;

pub(super) use packets::Socks5Packets;

/// Streams through a proxy.
pub(super) struct Socks5Streams {
    server: Destination,
    login: Option<Login>,
    inner: Arc<dyn StreamDialer>,
}

impl Socks5Streams {
    pub(super) fn new(settings: &Socks5Server, inner: Arc<dyn StreamDialer>) -> Result<Self, BuildError> {
        if let Some(login) = &settings.login {
            let fits = |text: &str| (1..=255).contains(&text.len());
            if !fits(&login.user) || !fits(login.password.expose()) {
                return Err(BuildError::Login);
            }
        }
        Ok(Self { server: settings.server.clone(), login: settings.login.clone(), inner })
    }

    async fn connect(&self, stream: &mut Stream, to: &Destination) -> Result<(), Failure> {
        let target = match &to.host {
            Host::Name(name) => TargetAddr::Domain(name.as_ref().into(), to.port),
            Host::Ip(ip) => TargetAddr::Ip(SocketAddr::new(*ip, to.port)),
        };
        let outcome = match &self.login {
            None => Socks5Stream::connect_with_socket(stream, target).await,
            Some(Login { user, password }) => {
                Socks5Stream::connect_with_password_and_socket(stream, target, user, password.expose()).await
            }
        };
        outcome.map(|_| ()).map_err(|error| sort(&error))
    }
}

impl StreamDialer for Socks5Streams {
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        Box::pin(async move {
            let start = Instant::now();
            let mut stream = self.inner.dial(&self.server, deadline).await.map_err(at_server)?;
            let outcome = deadline.run(self.connect(&mut stream, to)).await;
            match outcome.unwrap_or_else(|| Err(silent())) {
                Ok(()) => Ok(stream),
                Err(failure) => Err(about(&stream, failure, start)),
            }
        })
    }
}

/// The proxy took the connection and says nothing: it may be itself waiting for the destination, so nobody knows
/// which leg it was; the nearer one is where the question ends.
pub(super) const fn silent() -> Failure {
    Failure::new(Stage::Handshake, Cause::GenericTimeoutError, Whose::Network).near()
}

/// A failure with what is known of the stream it was met on.
pub(super) fn about(stream: &Stream, failure: Failure, start: Instant) -> Failure {
    let endpoint = stream.endpoint().map(endpoint_tag);
    Failure { tcp: stream.tcp_facts(), endpoint, ..failure.after(start.elapsed()) }
}

/// What the proxy's answer is called.
fn sort(error: &tokio_socks::Error) -> Failure {
    use tokio_socks::Error as E;
    let near = |cause, whose| Failure::new(Stage::Handshake, cause, whose).near();
    let far = |cause| Failure::new(Stage::Connect, cause, Whose::Peer);
    match error {
        E::Io(error) => Failure::from_io(Stage::Handshake, error).near(),
        E::PasswordAuthFailure(_) | E::NoAcceptableAuthMethods | E::UnknownAuthMethod | E::AuthorizationRequired => {
            near(Cause::AuthenticationFailed, Whose::Peer)
        }
        E::ConnectionNotAllowedByRuleset => near(Cause::RefusedByProxy, Whose::Peer),
        E::CommandNotSupported | E::AddressTypeNotSupported => near(Cause::NotSupported, Whose::Peer),
        E::InvalidTargetAddress(_) | E::InvalidAuthValues(_) => near(Cause::NotSupported, Whose::Local),
        E::GeneralSocksServerFailure => far(Cause::RefusedByProxy),
        E::NetworkUnreachable => far(Cause::NetworkUnreachable),
        E::HostUnreachable => far(Cause::HostUnreachable),
        E::ConnectionRefused => far(Cause::ConnectionRefused),
        E::TtlExpired => far(Cause::GenericTimeoutError),
        _ => near(Cause::InvalidAnswer, Whose::Peer),
    }
}

#[cfg(test)]
mod tests;
