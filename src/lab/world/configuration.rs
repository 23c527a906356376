//! The configuration of a byway that lives in this country, as its owner would write it: accounts, a resolver,
//! roots and anchors. The services and their probes are the catalogue's own, unchanged.

use super::places;
use super::{Country, SHADOWSOCKS_PORT};
use std::fmt::Write;
use std::net::IpAddr;

/// The file with Signal's roots, beside the configuration.
const SIGNAL_ROOTS: &str = "lab-signal-roots.pem";

const HEAD: &str = r#"listen = ["127.0.0.1:0"]
order = ["direct", "split", "tokyo", "oslo"]
history = "memory"
"#;

const CAPTIVE: &str = r#"captive = [
  { url = "http://connectivitycheck.gstatic.com/generate_204", status = 204 },
  { url = "http://www.msftconnecttest.com/connecttest.txt", body = "Microsoft Connect Test" },
]
"#;

impl Country {
    /// The files that [`Country::config_toml`] refers to, as name and content; they belong into its folder.
    pub fn config_files(&self) -> Vec<(&'static str, String)> {
        vec![(SIGNAL_ROOTS, self.signal_roots())]
    }

    /// A configuration in byway's own format: both tunnels, the resolver, the lab's roots, the anchors. Names that
    /// have public certificates elsewhere are signed by [`Country::web_roots`] here; what stands for the platform's
    /// trust store must hold it.
    pub fn config_toml(&self) -> String {
        let mut text = HEAD.to_owned();
        for (name, link) in ["tokyo", "oslo"].iter().zip(self.shadowsocks_links()) {
            line(&mut text, format_args!("\n[transport.{name}.shadowsocks]\nlink = \"{link}\""));
        }
        line(
            &mut text,
            format_args!(
                "\n[resolver]\nsecure = [{{ url = \"https://resolver.example/dns-query\", ip = \"{}\" }}]",
                self.resolver().ip()
            ),
        );
        let root = self.noise_root().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        line(&mut text, format_args!("\n[service.whatsapp]\nnoise_root = \"{root}\""));
        line(&mut text, format_args!("\n[service.signal]\nroots = \"{SIGNAL_ROOTS}\""));
        line(&mut text, format_args!("\n[anchors]"));
        text.push_str(CAPTIVE);
        line(&mut text, format_args!("neutral = [{}]", targets(&places::ANCHORS)));
        line(&mut text, format_args!("domestic = [{}]", targets(&places::DOMESTIC)));
        let bulk = places::ANCHORS.iter().filter(|(_, name)| !name.is_empty()).map(|(_, name)| {
            format!("{{ target = \"{name}:443\", path = \"/bulk?bytes=131072\", body_bytes = 131072 }}")
        });
        line(&mut text, format_args!("bulk = [{}]", bulk.collect::<Vec<_>>().join(", ")));
        let stun = places::STUN.map(|(at, name)| format!("\"{name}:{}\"", at.port())).join(", ");
        line(&mut text, format_args!("stun = [{stun}]\ntime = [\"{}:{}\"]", places::TIME.1, places::TIME.0.port()));
        text
    }

    /// The addresses and ports of both Shadowsocks servers, in the order of the links.
    pub fn shadowsocks_servers(&self) -> [std::net::SocketAddr; 2] {
        [places::TOKYO, places::OSLO].map(|ip| (ip, SHADOWSOCKS_PORT).into())
    }
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _written = writeln!(text, "{what}");
}

fn targets(places: &[(IpAddr, &str)]) -> String {
    let target = |(ip, name): &(IpAddr, &str)| match *name {
        "" => format!("\"{ip}:443\""),
        name => format!("\"{name}:443\""),
    };
    places.iter().map(target).collect::<Vec<_>>().join(", ")
}
