//! What goes into a train comes out of it: over sockets that take runs, that refuse them, that are full, and the kernel's.

use super::*;
use crate::net::{Network, OsNetwork, PacketIo, bind_datagrams};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Mutex;

/// A socket that notes what it is given.
struct Noting {
    longest: usize,
    /// Whether the kernel refuses a run when it is sent.
    refuses: bool,
    /// Calls until one finds the socket full, again and again.
    full_after: usize,
    calls: Mutex<usize>,
    sent: Mutex<Vec<(Vec<u8>, SocketAddr)>>,
    coming: Mutex<VecDeque<(Vec<u8>, SocketAddr)>>,
}

impl Noting {
    fn new(longest: usize, refuses: bool, full_after: usize) -> Self {
        let (calls, sent, coming) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { longest, refuses, full_after, calls, sent, coming }
    }

    fn is_full(&self, cx: &Context<'_>) -> bool {
        let mut calls = self.calls.lock().unwrap();
        *calls += 1;
        let full = (*calls).is_multiple_of(self.full_after);
        if full {
            cx.waker().wake_by_ref();
        }
        full
    }
}

impl Datagrams for Noting {
    fn poll_send_to(&self, cx: &mut Context<'_>, packet: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        if self.is_full(cx) {
            return Poll::Pending;
        }
        self.sent.lock().unwrap().push((packet.to_vec(), to));
        Poll::Ready(Ok(packet.len()))
    }
    fn poll_recv_from(&self, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>> {
        let Some((packet, from)) = self.coming.lock().unwrap().pop_front() else { return Poll::Pending };
        buf.put_slice(&packet);
        Poll::Ready(Ok(from))
    }
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn longest_run(&self) -> usize {
        self.longest
    }
    fn poll_send_run(&self, cx: &mut Context<'_>, run: &[u8], size: usize, to: SocketAddr) -> Poll<io::Result<()>> {
        assert!(run.len() > size && size > 0 && run.len().div_ceil(size) <= self.longest, "udp(7)");
        if self.is_full(cx) {
            return Poll::Pending;
        }
        if self.refuses {
            return Poll::Ready(Err(io::Error::from_raw_os_error(5)));
        }
        self.sent.lock().unwrap().extend(run.chunks(size).map(|packet| (packet.to_vec(), to)));
        Poll::Ready(Ok(()))
    }
}

/// A way made of one socket.
struct Way<'s>(&'s dyn Datagrams);

impl PacketIo for Way<'_> {
    fn poll_send(&self, cx: &mut Context<'_>, packet: &[u8], to: &Destination) -> Poll<io::Result<()>> {
        let to = SocketAddr::new(to.host.ip().unwrap(), to.port);
        self.0.poll_send_to(cx, packet, to).map_ok(|_| ())
    }
    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        self.0.poll_recv_from(cx, buf).map_ok(Into::into)
    }
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::new([127, 0, 0, 1].into(), port)
}

/// Packets of a few sizes to a few places; the second byte numbers them.
fn mixture() -> impl Strategy<Value = Vec<(Vec<u8>, u16)>> {
    let size = prop_oneof![Just(0_usize), Just(2), Just(200), Just(1200), 3..3000_usize];
    let some = prop::collection::vec((size, 1..4_u16, 1..9_usize), 0..12);
    some.prop_map(|groups| {
        let packets = groups.into_iter().flat_map(|(size, to, count)| std::iter::repeat_n((size, to), count));
        packets.enumerate().map(|(number, (size, to))| (vec![number as u8; size], to)).collect()
    })
}

/// Sends a mixture as the runs of a train go out, with `head` in front of each; what was kept goes on later.
async fn send_all(socket: &Noting, head: &[u8], packets: &[(Vec<u8>, u16)]) {
    let source = Noting::new(1, false, usize::MAX);
    source.coming.lock().unwrap().extend(packets.iter().map(|(packet, to)| (packet.clone(), at(*to))));
    let mut train = Train::new();
    while poll_fn(|cx| Poll::Ready(Way(&source).poll_recv_train(cx, &mut train))).await.is_ready() {
        for (to, mut run) in train.runs() {
            let to = SocketAddr::new(to.host.ip().unwrap(), to.port);
            if poll_fn(|cx| Poll::Ready(poll_send_headed(cx, socket, head, &mut run, to))).await.is_pending() {
                let mut kept = run.keep();
                poll_fn(|cx| {
                    let mut run = kept.run();
                    let sent = poll_send_headed(cx, socket, head, &mut run, to);
                    let left = run.len();
                    kept.leave(left);
                    sent
                })
                .await;
            }
        }
    }
}

fn run_here<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

proptest! {
    #[test]
    fn any_mixture_comes_out_as_it_went_in_and_in_order(
        packets in mixture(),
        longest in prop::sample::select(vec![1_usize, 2, 7, 64]),
        refuses: bool,
        full_after in prop::sample::select(vec![3_usize, 4, 5, 1000]),
        head in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let socket = Noting::new(longest, refuses, full_after);
        run_here(send_all(&socket, &head, &packets));
        let wanted: Vec<_> = packets.iter().map(|(packet, to)| ([&head[..], packet].concat(), at(*to))).collect();
        prop_assert_eq!(socket.sent.into_inner().unwrap(), wanted);
    }

    /// Over the kernel's own sockets, both the runs and the batches.
    #[test]
    fn the_kernel_carries_any_mixture_in_order(packets in mixture(), head in prop::collection::vec(any::<u8>(), 1..20)) {
        let packets: Vec<_> = packets.into_iter().take(40).collect();
        run_here(async {
            let here = bind_datagrams(at(0)).await.unwrap();
            let there = [bind_datagrams(at(0)).await.unwrap(), bind_datagrams(at(0)).await.unwrap()];
            let places: Vec<_> = there.iter().map(|socket| socket.local_addr().unwrap()).collect();
            let mut wanted = [Vec::new(), Vec::new()];
            let mut run = Kept { space: Vec::new(), packets: Vec::new() };
            for group in packets.chunk_by(|one, other| one.1 % 2 == other.1 % 2) {
                let which = usize::from(group[0].1 % 2);
                run.space = group.iter().flat_map(|(packet, _)| packet.clone()).collect();
                let ends = group.iter().scan(0, |at, (packet, _)| { *at += packet.len(); Some(*at) });
                run.packets = ends.zip(group).map(|(end, (packet, _))| Packet { bytes: end - packet.len()..end, end: 0 }).collect();
                poll_fn(|cx| poll_send_headed(cx, &*here, &head, &mut run.run(), places[which])).await;
                wanted[which].extend(group.iter().map(|(packet, _)| packet.clone()));
            }
            for (socket, wanted) in there.iter().zip(wanted) {
                let (mut train, mut came) = (Train::new(), Vec::new());
                while came.len() < wanted.len() {
                    poll_fn(|cx| train.receive(cx, &**socket, |bytes, from| {
                        assert_eq!(&bytes[..head.len()], &head[..]);
                        Some((head.len(), from.into()))
                    })).await.unwrap();
                    came.extend(train.runs().flat_map(|(_, run)| run.packets().map(<[u8]>::to_vec)));
                }
                assert_eq!(came, wanted);
            }
        });
    }
}

#[tokio::test]
async fn the_largest_datagram_fits() {
    let (here, there) = (bind_datagrams(at(0)).await.unwrap(), bind_datagrams(at(0)).await.unwrap());
    let whole = vec![7; 65_507];
    let (kept, to) = (Kept::one(whole[10..].to_vec()), there.local_addr().unwrap());
    poll_fn(|cx| poll_send_headed(cx, &*here, &whole[..10], &mut kept.run(), to)).await;
    let mut train = Train::new();
    poll_fn(|cx| train.receive(cx, &*there, |_, from| Some((0, from.into())))).await.unwrap();
    let (from, run) = train.runs().next().unwrap();
    assert_eq!((from, run.first()), (&here.local_addr().unwrap().into(), Some(&whole[..])));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_kernel_that_refuses_a_run_gets_one_datagram_at_a_time() {
    let (here, there) = (bind_datagrams(at(0)).await.unwrap(), bind_datagrams(at(0)).await.unwrap());
    let to = there.local_addr().unwrap();
    // More than one length field can say: refused by every kernel.
    let refused = poll_fn(|cx| here.poll_send_run(cx, &[1; 70_000], 1400, to)).await;
    assert_eq!((refused.is_err(), here.longest_run()), (true, 1));
    let source = Noting::new(1, false, usize::MAX);
    source.coming.lock().unwrap().extend([(vec![1; 9], to), (vec![2; 9], to)]);
    let mut train = Train::new();
    poll_fn(|cx| Way(&source).poll_recv_train(cx, &mut train)).await.unwrap();
    let (_, mut run) = train.runs().next().unwrap();
    poll_fn(|cx| poll_send_headed(cx, &*here, &[], &mut run, to)).await;
    let mut space = [0; 64];
    for number in 1..=2 {
        let (length, _) = there.recv_from(&mut space).await.unwrap();
        assert_eq!(&space[..length], [number; 9]);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_socket_gives_single_datagrams_until_it_has_given_a_batch() {
    let socket = OsNetwork.bind_udp(at(0)).await.unwrap();
    let to = at(socket.local_addr().unwrap().port());
    socket.send_to(b"one", to).await.unwrap();
    socket.send_to(b"two", to).await.unwrap();
    let mut space = [0; 64];
    assert_eq!(socket.recv_from(&mut space).await.unwrap().0, 3);
    let mut train = Train::new();
    poll_fn(|cx| train.receive(cx, &*socket, |_, from| Some((0, from.into())))).await.unwrap();
    assert_eq!(train.runs().next().unwrap().1.first(), Some(&b"two"[..]));
    let after = socket.recv_from(&mut space).await.unwrap_err();
    assert_eq!(after.kind(), io::ErrorKind::InvalidInput, "it may join datagrams now");
}

#[test]
fn a_train_is_lent_and_comes_back_empty() {
    with_train(|outer| {
        let inner = with_train(|inner| std::ptr::from_ref(inner) as usize);
        assert_ne!(std::ptr::from_ref(outer) as usize, inner, "within it another one");
        push(&mut outer.packets, &mut outer.ends, 0..1, at(1).into());
    });
    let places = [0, 1].map(|_| with_train(|again| (again.is_empty(), again.batch.space().as_ptr() as usize)));
    assert!(places[0].0 && places[0] == places[1], "the thread has it again");
}

#[tokio::test]
async fn a_run_goes_over_ipv6_too() {
    // A machine may be without it.
    let Ok(there) = bind_datagrams("[::1]:0".parse().unwrap()).await else { return };
    let here = bind_datagrams("[::1]:0".parse().unwrap()).await.unwrap();
    let sent = [vec![1; 1200], vec![2; 1200], vec![3; 7]];
    let bytes = [0..1200, 1200..2400, 2400..2407];
    let run = Kept { space: sent.concat(), packets: bytes.map(|bytes| Packet { bytes, end: 0 }).to_vec() };
    let to = there.local_addr().unwrap();
    let longest = here.longest_run();
    poll_fn(|cx| poll_send_headed(cx, &*here, &[], &mut run.run(), to)).await;
    assert_eq!(here.longest_run(), longest, "it was not refused");
    let (mut train, mut came) = (Train::new(), Vec::new());
    while came.len() < sent.len() {
        poll_fn(|cx| train.receive(cx, &*there, |_, from| Some((0, from.into())))).await.unwrap();
        came.extend(train.runs().flat_map(|(_, run)| run.packets().map(<[u8]>::to_vec)));
    }
    assert_eq!(came, sent);
}
