//! The one room that touches the wire: opens sockets, reads TCP_INFO, asks for names, does TLS over any stream,
//! copies bytes. It knows nothing of services, routes or beliefs.

mod bulk;
mod copy;
mod device;
mod dial;
mod fetch;
mod handed;
mod io;
mod lan;
mod listen;
mod mark;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(not(target_os = "linux"))]
#[path = "namespace/elsewhere.rs"]
mod namespace;
mod network;
mod os;
#[cfg(target_os = "linux")]
mod pipe;
#[cfg(not(target_os = "linux"))]
#[path = "pipe/elsewhere.rs"]
mod pipe;
#[cfg(target_os = "linux")]
mod reactor;
#[cfg(not(target_os = "linux"))]
#[path = "reactor/elsewhere.rs"]
mod reactor;
pub mod resolve;
mod rewound;
mod runs;
mod stream;
mod sys;
pub mod tls;
mod train;
#[cfg(target_os = "linux")]
pub mod transparent;
#[cfg(not(target_os = "linux"))]
#[path = "transparent/elsewhere.rs"]
pub mod transparent;
mod true_time;
mod turn;
mod websocket;

pub use bulk::Batch;
pub use copy::{Copying, Ended, FlowMeter, Side, copy_both};
pub(crate) use copy::{LENT, with_lent};
pub use device::{DeviceNetwork, DeviceState};
pub use dial::{connect_any, endpoint_tag, interleave};
pub use fetch::{Document, FetchError, Fetched, Headers, Mark, Wanted, fetch};
pub use handed::Handed;
pub use io::{Datagrams, Io, PacketIo, Packets, Stream};
pub use lan::{is_private, networks_of};
pub use listen::{BindError, DatagramListener, Listener, OsDatagrams, bind_datagrams};
pub use mark::mark_sockets;
pub(crate) use namespace::Namespace;
pub use network::{Deadline, Network};
pub use os::OsNetwork;
pub use pipe::Pipe;
pub use reactor::{Reactor, Seat, Work};
pub use resolve::Resolver;
pub use rewound::Rewound;
pub use stream::OsStream;
pub(crate) use train::{Kept, poll_send_headed, with_train};
pub use train::{Run, Train};
pub use true_time::TrueTime;
pub(crate) use turn::step_back;
pub use websocket::Messages;
