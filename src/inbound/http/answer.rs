//! How the session's yes or no becomes an HTTP answer: 200 and the bare connection for CONNECT; for a forwarded
//! request one end of a pipe, whose other end the upstream HTTP client writes the request into.

use super::super::{Answer, Association, Refusal};
use super::page::{self, Page};
use crate::net::{Rewound, Stream};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use http_body_util::{Either, Full};
use hyper::Response;
use hyper::ext::ReasonPhrase;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::io;
use tokio::io::DuplexStream;
use tokio::sync::oneshot;

/// What a pipe to an upstream connection holds in each direction: one read of a relay.
const PIPE: usize = 16 * 1024;

/// Answers a CONNECT.
pub(super) struct ConnectAnswer {
    pub(super) reply: oneshot::Sender<Response<Page>>,
    pub(super) upgrade: OnUpgrade,
}

/// Answers a forwarded request: with a pipe, or with a page.
pub(super) struct ForwardAnswer {
    pub(super) reply: oneshot::Sender<Result<DuplexStream, Box<Response<Page>>>>,
}

/// The client closed before it was answered.
fn client_is_gone() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

/// HTTP has no associations; the client must not be left waiting all the same.
fn no_packets(answer: Box<dyn Answer>) -> BoxFuture<'static, io::Result<Association>> {
    async move {
        answer.refuse(Refusal::NotSupported, String::new()).await?;
        Err(io::ErrorKind::Unsupported.into())
    }
    .boxed()
}

impl Answer for ConnectAnswer {
    fn accept_stream(self: Box<Self>) -> BoxFuture<'static, io::Result<Stream>> {
        async move {
            let mut yes = Response::new(Either::Left(Full::new(Bytes::new())));
            yes.extensions_mut().insert(ReasonPhrase::from_static(b"Connection established"));
            self.reply.send(yes).map_err(|_| client_is_gone())?;
            let upgraded = self.upgrade.await.map_err(|_| client_is_gone())?;
            // The door put a rewound stream under hyper, so that is what comes back.
            let parts = upgraded.downcast::<TokioIo<Rewound>>().map_err(|_| client_is_gone())?;
            Ok(parts.io.into_inner().put_back(&parts.read_buf).into_stream())
        }
        .boxed()
    }

    fn accept_packets(self: Box<Self>) -> BoxFuture<'static, io::Result<Association>> {
        no_packets(self)
    }

    fn refuse(self: Box<Self>, why: Refusal, words: String) -> BoxFuture<'static, io::Result<()>> {
        ready(self.reply.send(page::refusal(why, &words, true)).map_err(|_| client_is_gone())).boxed()
    }
}

impl Answer for ForwardAnswer {
    fn accept_stream(self: Box<Self>) -> BoxFuture<'static, io::Result<Stream>> {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        let sent = self.reply.send(Ok(ours)).map_err(|_| client_is_gone());
        ready(sent.map(|()| Box::new(theirs) as Stream)).boxed()
    }

    fn accept_packets(self: Box<Self>) -> BoxFuture<'static, io::Result<Association>> {
        no_packets(self)
    }

    fn refuse(self: Box<Self>, why: Refusal, words: String) -> BoxFuture<'static, io::Result<()>> {
        let page = Box::new(page::refusal(why, &words, false));
        ready(self.reply.send(Err(page)).map_err(|_| client_is_gone())).boxed()
    }
}
