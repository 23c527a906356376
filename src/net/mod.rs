//! The one room that touches the wire: opens sockets, reads TCP_INFO, asks for names, does TLS over any stream,
//! copies bytes. It knows nothing of services, routes or beliefs.

mod io;
mod network;

pub use io::{Datagrams, Io, PacketIo, Packets, Stream};
pub use network::{Deadline, Network};
