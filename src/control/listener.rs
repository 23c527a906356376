//! The listening side's place: makes it private, takes it from a dead process, never from a live one, and clears
//! it away at the end.

use super::{ControlError, Place, token};
use crate::model::Secret;
use crate::platform::{private_dir, write_private};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

/// A stream to the other side, whatever carries it.
pub(super) type Wire = Box<dyn Duplex>;

/// What a stream must do.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// What a token file holds.
#[derive(Serialize, Deserialize)]
pub(super) struct TokenFile {
    /// Where to connect.
    pub(super) addr: SocketAddr,
    /// What to show there: 32 random bytes as hex digits.
    pub(super) token: String,
}

/// A claimed control place. Dropping it clears the place away.
pub struct Listener {
    door: Door,
    place: Place,
    /// Held for as long as the place is ours; the system lets go of it when the process dies, however it dies.
    _lock: File,
}

enum Door {
    #[cfg(unix)]
    Unix(UnixListener),
    Loopback(TcpListener, Secret<String>),
}

impl Listener {
    /// Claims `place`. The folder is made (0700) if it is missing, and must let nobody else in. What a dead byway
    /// left there is replaced; a live one is an error.
    pub async fn bind(place: &Place) -> Result<Self, ControlError> {
        private_folder(place)?;
        let lock = lock(place)?;
        let door = match place {
            Place::Socket(path) => bind_socket(place, path).await?,
            Place::Token(path) => bind_loopback(place, path).await?,
        };
        Ok(Self { door, place: place.clone(), _lock: lock })
    }

    /// Where it listens.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// The token that a client must show, where file permissions do not guard the door itself.
    pub(super) const fn token(&self) -> Option<&Secret<String>> {
        match &self.door {
            #[cfg(unix)]
            Door::Unix(_) => None,
            Door::Loopback(_, token) => Some(token),
        }
    }

    /// The next client. Cancel-safe.
    pub(super) async fn accept(&self) -> io::Result<Wire> {
        Ok(match &self.door {
            #[cfg(unix)]
            Door::Unix(listener) => Box::new(listener.accept().await?.0),
            Door::Loopback(listener, _) => Box::new(listener.accept().await?.0),
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The lock file stays: removing it would let two processes lock two files of the same name.
        let _ = fs::remove_file(self.place.path());
    }
}

/// Makes the folder, or checks that nobody else can enter it.
fn private_folder(place: &Place) -> Result<(), ControlError> {
    let folder = match place.path().parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    // One that exists is not tightened: it is not ours to close (it may be `/tmp`).
    if !folder.exists() {
        private_dir(folder)?;
    }
    #[cfg(unix)]
    {
        let meta = fs::metadata(folder).map_err(|error| ControlError::io("folder", place, error))?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            return Err(ControlError::OpenFolder { place: place.clone(), mode });
        }
    }
    Ok(())
}

/// The right to the place: whoever holds the lock may clear away what is there.
fn lock(place: &Place) -> Result<File, ControlError> {
    let mut path = place.path().as_os_str().to_owned();
    path.push(".lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|error| ControlError::io("lock", place, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ControlError::AlreadyRunning { place: place.clone() }),
        Err(TryLockError::Error(error)) => Err(ControlError::io("lock", place, error)),
    }
}

#[cfg(unix)]
async fn bind_socket(place: &Place, path: &Path) -> Result<Door, ControlError> {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    let failed = |error| ControlError::io("socket", place, error);
    match fs::symlink_metadata(path) {
        Ok(meta) if !meta.file_type().is_socket() => return Err(ControlError::Occupied { place: place.clone() }),
        Ok(_) => match tokio::net::UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(failed)?,
            _ => return Err(ControlError::AlreadyRunning { place: place.clone() }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    // The folder lets nobody else in, so there is no moment in which the wider mode of a new socket matters.
    let listener = UnixListener::bind(path).map_err(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(Door::Unix(listener))
}

#[cfg(not(unix))]
#[expect(clippy::unused_async, reason = "the same shape as on systems that have unix sockets")]
async fn bind_socket(place: &Place, _path: &Path) -> Result<Door, ControlError> {
    Err(ControlError::NoUnixSockets { place: place.clone() })
}

async fn bind_loopback(place: &Place, path: &Path) -> Result<Door, ControlError> {
    let failed = |error| ControlError::io("token file", place, error);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    let token = token::fresh().map_err(failed)?;
    let text = serde_json::to_vec(&TokenFile { addr, token: token.expose().clone() }).map_err(|e| failed(e.into()))?;
    write_private(path, &text)?;
    Ok(Door::Loopback(listener, token))
}
