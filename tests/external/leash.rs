//! No program outlives the byway that started it, however that ended.

use crate::traffic::until;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A process that is killed with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn lives(pid: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    state.is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| !rest.starts_with('Z')))
}

async fn pid_in(file: &Path) -> u32 {
    let read = || std::fs::read_to_string(file).ok().filter(|text| text.ends_with('\n'));
    until(|| read().is_some()).await;
    read().unwrap().trim().parse().unwrap()
}

/// A byway whose only way is a program, and that asks nobody anything by itself.
async fn byway(folder: &Path) -> (Killed, u32, std::net::SocketAddr) {
    let door = crate::peers::free_port().await;
    // byway puts no control place where others could reach it.
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let config = folder.join("config.toml");
    let pid = folder.join("pid");
    let script = format!("echo $$ > '{}'; exec sleep 600", pid.display());
    let text = format!(
        "listen = [\"{door}\"]\norder = [\"program\"]\n[detect]\nmode = \"passive\"\n\
         [anchors]\ncaptive = [{{ url = \"http://127.0.0.1:9/\", status = 204 }}]\n\
         neutral = [{{ target = \"127.0.0.1:9\", method = \"HEAD\" }}]\nbulk = []\nstun = []\ntime = []\n\
         [control]\npath = \"{}\"\n[service.other]\norder = [\"program\"]\n\
         [transport.program.external]\nsocks5 = \"{}\"\ncommand = [\"sh\", \"-c\", {}]\n",
        folder.join("control.sock").display(),
        crate::peers::free_port().await,
        serde_json::to_string(&script).unwrap(),
    );
    std::fs::write(&config, text).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_byway"))
        .args(["run", "--config"])
        .arg(&config)
        // What begins with BYWAY_ is a setting.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("XDG_STATE_HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let byway = Killed(child);
    // Somebody asks for a connection; the program is started for it.
    let ask = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        loop {
            if let Ok(mut stream) = tokio::net::TcpStream::connect(door).await {
                let _ = stream.write_all(b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n").await;
                let _ = stream.read(&mut [0; 16]).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let pid = pid_in(&pid).await;
    ask.abort();
    (byway, pid, door)
}

#[tokio::test]
async fn a_killed_byway_leaves_no_program_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (mut byway, pid, _) = byway(folder.path()).await;
    assert!(lives(pid));
    byway.0.kill().unwrap();
    byway.0.wait().unwrap();
    until(|| !lives(pid)).await;
}

#[tokio::test]
async fn a_stopped_byway_leaves_no_program_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (mut byway, pid, _) = byway(folder.path()).await;
    assert!(lives(pid));
    let word = Command::new("kill").args(["-TERM", &byway.0.id().to_string()]).status().unwrap();
    assert!(word.success());
    byway.0.wait().unwrap();
    assert!(!lives(pid), "it waits for its programs");
}
