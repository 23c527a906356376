//! A stream or an association that keeps its program running: after a reload a program that is no longer configured ends
//! when the last connection through it has ended.

use super::child::Child;
use crate::model::Destination;
use crate::net::{Io, PacketIo, Packets, Stream};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub(super) struct HeldStream {
    stream: Stream,
    _child: Arc<Child>,
}

impl HeldStream {
    pub(super) const fn new(stream: Stream, child: Arc<Child>) -> Self {
        Self { stream, _child: child }
    }
}

impl AsyncRead for HeldStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for HeldStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Io for HeldStream {
    fn below(&self) -> Option<&dyn Io> {
        Some(&self.stream)
    }
    fn below_mut(&mut self) -> Option<&mut dyn Io> {
        Some(&mut self.stream)
    }
}

pub(super) struct HeldPackets {
    packets: Packets,
    _child: Arc<Child>,
}

impl HeldPackets {
    pub(super) const fn new(packets: Packets, child: Arc<Child>) -> Self {
        Self { packets, _child: child }
    }
}

impl PacketIo for HeldPackets {
    fn poll_send(&self, cx: &mut Context<'_>, packet: &[u8], to: &Destination) -> Poll<io::Result<()>> {
        self.packets.poll_send(cx, packet, to)
    }
    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        self.packets.poll_recv(cx, buf)
    }
}
