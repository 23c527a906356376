//! A device that another program made: OpenVPN's, the kernel's WireGuard, anything with a name. byway binds its sockets to
//! it and asks for names through it. While the device is absent nothing goes any other way.

use super::direct::{Direct, Lookup};
use super::{Life, PacketDialer, StreamDialer};
use crate::model::{Cause, Destination, Failure, Stage, Whose};
use crate::net::tls::TlsError;
use crate::net::{Deadline, DeviceNetwork, DeviceState, Packets, Resolver, Stream};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::net::IpAddr;
use std::sync::Arc;

/// A device of the machine's.
#[derive(Clone, Debug)]
pub struct InterfaceDevice {
    /// Its name: `tun0`, `utun4`.
    pub device: String,
    /// Who is asked for names, through it; the secure resolvers (through it too) where there is none.
    pub dns: Vec<IpAddr>,
}

/// What goes out by one device.
pub(super) struct Interface {
    network: DeviceNetwork,
    name: String,
    direct: Direct,
}

impl Interface {
    pub(super) fn new(settings: &InterfaceDevice, elsewhere: &Resolver) -> Result<Self, TlsError> {
        let network = DeviceNetwork::new(&settings.device, &settings.dns);
        let shared = Arc::new(network.clone());
        let resolver = Arc::new(elsewhere.through(shared.clone())?);
        Ok(Self { network, name: settings.device.clone(), direct: Direct::new(shared, resolver, Lookup::Destination) })
    }

    /// Fails while the device is not to be used: of the near leg, for the destination has nothing to do with it.
    fn present(&self) -> Result<(), Failure> {
        match self.network.state() {
            DeviceState::Present => Ok(()),
            DeviceState::Absent | DeviceState::Down => {
                Err(Failure::new(Stage::Connect, Cause::NetworkUnreachable, Whose::Network).near())
            }
            DeviceState::Unsupported => Err(Failure::new(Stage::Connect, Cause::NotSupported, Whose::Local).near()),
        }
    }
}

impl Life for Interface {
    fn trouble(&self) -> Option<String> {
        match self.network.state() {
            DeviceState::Present => None,
            DeviceState::Absent => {
                Some(format!("there is no device {:?}; is the program that makes it running?", self.name))
            }
            DeviceState::Down => Some(format!("the device {:?} is switched off", self.name)),
            DeviceState::Unsupported => Some("this system cannot bind a connection to a device".to_owned()),
        }
    }
}

impl StreamDialer for Interface {
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        async move {
            self.present()?;
            self.direct.dial(to, deadline).await
        }
        .boxed()
    }
}

impl PacketDialer for Interface {
    fn associate(&self, deadline: Deadline) -> BoxFuture<'_, Result<Packets, Failure>> {
        async move {
            self.present()?;
            self.direct.associate(deadline).await
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Network, OsNetwork, resolve};
    use std::time::Duration;

    fn interface(device: &str) -> Interface {
        let network: Arc<dyn Network> = Arc::new(OsNetwork);
        let resolver = Resolver::new(network, resolve::Settings::system_only()).unwrap();
        Interface::new(&InterfaceDevice { device: device.into(), dns: Vec::new() }, &resolver).unwrap()
    }

    #[tokio::test]
    async fn a_device_that_is_absent_is_told_by_name_and_goes_no_other_way() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = listener.local_addr().unwrap().into();
        let absent = interface("nosuchdevice0");
        let failure = absent.dial(&to, Deadline::after(Duration::from_secs(5))).await.err().unwrap();
        assert_eq!((failure.leg, failure.cause), (crate::model::Leg::Near, Cause::NetworkUnreachable));
        assert!(absent.trouble().unwrap().contains("nosuchdevice0"));
        assert!(absent.associate(Deadline::after(Duration::from_secs(5))).await.is_err());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_device_that_is_there_carries_streams() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = listener.local_addr().unwrap().into();
        let lo = interface("lo");
        assert_eq!(lo.trouble(), None);
        lo.dial(&to, Deadline::after(Duration::from_secs(5))).await.map(drop).unwrap();
    }
}
