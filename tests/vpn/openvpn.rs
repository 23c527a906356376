//! A device that another program made: OpenVPN between the two namespaces, with a key both ends know.

use crate::ground::{Ground, INNER, INNER_SIX, OWN, SERVER, inside, on_path};
use crate::resident::command_in;
use crate::services::{self, CLOSED, ECHO, NAME};
use crate::{MUCH, at, dial, download, echoed, echoes_packets, soon, trouble, upload};
use byway::model::{Cause, Destination, Leg};
use byway::net::resolve::Settings;
use byway::net::{Network, OsNetwork, Resolver};
use byway::transport::{InterfaceDevice, Kind, Spec, Transport, build};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// The device's name at both ends.
const DEVICE: &str = "ovpn0";

/// One end, which ends with its test.
struct End(Child);

impl End {
    fn start(namespace: &str, secret: &Path, ends: [&str; 2], more: &[&str]) -> Self {
        let child = command_in(namespace, "openvpn")
            .args(["--dev", DEVICE, "--dev-type", "tun", "--proto", "udp", "--port", "1194"])
            .args(["--ifconfig", ends[0], ends[1], "--cipher", "AES-256-CBC"])
            .arg("--secret")
            .arg(secret)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn installed() -> bool {
    let found = on_path("openvpn").is_some();
    if !found {
        let required = std::env::var("BYWAY_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "openvpn is required; install with apt-get install openvpn");
        let test = std::thread::current().name().unwrap_or("test").to_string();
        let _told = writeln!(std::io::stderr(), "{test} skipped: install with apt-get install openvpn");
    }
    found
}

fn way() -> Transport {
    let network: Arc<dyn Network> = Arc::new(OsNetwork);
    let resolver = Arc::new(Resolver::new(network.clone(), Settings::system_only()).unwrap());
    let kind = Kind::Interface(InterfaceDevice { device: DEVICE.into(), dns: vec![INNER.parse().unwrap()] });
    build(&[Spec { id: "office".into(), via: None, kind }], &network, &resolver).pop().unwrap().1.unwrap()
}

/// Until the far end answers through the device.
async fn until_it_answers(way: &Transport) {
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while let Err(failure) = way.streams.dial(&at(INNER, ECHO), soon()).await {
        assert!(std::time::Instant::now() < end, "the VPN does not come up: {failure}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn a_device_of_openvpn_carries_streams_packets_and_names_and_its_absence_is_told() {
    if !installed() {
        return;
    }
    let Some(ground) = Ground::lay() else { return };
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("static.key");
    let made = Command::new("openvpn").args(["--genkey", "secret"]).arg(&secret).status().unwrap();
    assert!(made.success());
    // The services stand on both versions of IP.
    ground.at_the_server(&format!("addr add {INNER}/32 dev lo\naddr add {INNER_SIX}/128 dev lo nodad\n"));
    let (_services, _asked) = services::open(&ground.server);
    let _server = End::start(&ground.server, &secret, ["10.9.0.3", OWN], &[]);

    inside(&ground.client, || async move {
        let way = way();
        let absent = way.streams.dial(&at(INNER, ECHO), soon()).await.err().unwrap();
        assert_eq!(absent.leg, Leg::Near, "{absent}");
        assert!(trouble(&way).contains(DEVICE), "{}", trouble(&way));
    });
    let client = End::start(
        &ground.client,
        &secret,
        [OWN, "10.9.0.3"],
        &["--remote", SERVER, "--route", INNER, "255.255.255.255"],
    );
    inside(&ground.client, || async move {
        let way = way();
        until_it_answers(&way).await;
        assert_eq!(trouble(&way), "");
        let (down, up) = (download(&way, INNER, MUCH / 4).await, upload(&way, INNER, MUCH / 4).await);
        println!("by the device: {down:.0} MB/s down, {up:.0} MB/s up");
        echoes_packets(&way, &at(INNER, ECHO), &[1, 500, 1200]).await;
        let mut named = dial(&way, &Destination::parse(&format!("{NAME}:{ECHO}")).unwrap()).await;
        assert_eq!(echoed(&mut named, b"by name").await, b"by name");
        let refused = way.streams.dial(&at(INNER, CLOSED), soon()).await.err().unwrap();
        assert_eq!((refused.cause, refused.leg), (Cause::ConnectionRefused, Leg::Far));
    });
    drop(client);
    inside(&ground.client, || async move {
        let way = way();
        let gone = way.streams.dial(&at(INNER, ECHO), soon()).await.err().unwrap();
        assert_eq!(gone.leg, Leg::Near, "{gone}");
    });
}
