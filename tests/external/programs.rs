//! Programs that offer SOCKS5.

use crate::peers::{command, find, free_port, start, texts, written};
use crate::traffic::{carries, chain, dial, until};
use byway::transport::{ExternalProgram, Kind, Offers, Run};
use std::net::SocketAddr;
use std::path::Path;

fn socks(run: Run, at: Option<SocketAddr>, udp: bool) -> Kind {
    Kind::External(Box::new(ExternalProgram { run, offers: Offers::Socks { at, udp } }))
}

#[tokio::test]
async fn a_program_at_a_port_that_byway_chooses() {
    let Some(program) = find("microsocks", "microsocks") else { return };
    let run = Run::command(texts(&[program.to_str().unwrap(), "-i", "127.0.0.1", "-p", "{port}"]));
    let way = chain(vec![socks(run, None, false)]);
    let life = way.life.clone().unwrap();
    assert_eq!(life.manner(), Some("program not started yet"));
    carries(&way).await;
    assert_eq!((life.manner(), life.trouble()), (Some("program ready"), None));
    assert!(way.packets.is_none());
}

#[tokio::test]
async fn a_program_at_a_place_of_its_own_that_dies_is_started_again() {
    let Some(program) = find("microsocks", "microsocks") else { return };
    let at = free_port().await;
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("pid");
    let script = format!("echo $$ > '{}'; exec {} -i 127.0.0.1 -p {}", file.display(), program.display(), at.port());
    let way = chain(vec![socks(Run::command(texts(&["sh", "-c", &script])), Some(at), false)]);
    carries(&way).await;
    let pid = std::fs::read_to_string(&file).unwrap();
    assert!(command(Path::new("kill"), &texts(&["-9", pid.trim()])).status().await.unwrap().success());
    let life = way.life.clone().unwrap();
    until(|| life.trouble().is_some()).await;
    let trouble = life.trouble().unwrap();
    assert!(trouble.contains("signal 9") && trouble.contains("restarting in"), "{trouble}");
    until(|| life.manner() == Some("program ready")).await;
    carries(&way).await;
    assert_ne!(std::fs::read_to_string(&file).unwrap(), pid);
}

/// A server for one user with one key.
async fn sshd() -> Option<(crate::peers::Peer, Vec<String>)> {
    let (server, keygen) = (find("sshd", "openssh-server")?, find("ssh-keygen", "openssh-client")?);
    // Where sshd locks itself up; packages make it when the service starts.
    let _ = std::fs::create_dir_all("/run/sshd");
    let keys = tempfile::tempdir().unwrap();
    for name in ["host", "user"] {
        let file = keys.path().join(name);
        let arguments = texts(&["-q", "-t", "ed25519", "-N", "", "-f", file.to_str().unwrap()]);
        assert!(command(&keygen, &arguments).status().await.unwrap().success());
    }
    let run = |at: SocketAddr, files: &Path| {
        for name in ["host", "user", "user.pub"] {
            let text = std::fs::read_to_string(keys.path().join(name)).unwrap();
            written(files, name, &text);
        }
        let folder = files.display();
        let text = format!(
            "ListenAddress {at}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\nPidFile none\nUsePAM no\n\
             StrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        );
        texts(&["-D", "-f", &written(files, "sshd_config", &text)])
    };
    let peer = start(&server, run).await;
    let user = std::process::Command::new("id").arg("-un").output().unwrap().stdout;
    let folder = peer.files.path().display().to_string();
    let words = [
        "ssh",
        "-N",
        "-F",
        "none",
        "-o",
        "ExitOnForwardFailure=yes",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "BatchMode=yes",
        "-o",
        &format!("UserKnownHostsFile={folder}/known"),
        "-i",
        &format!("{folder}/user"),
        "-D",
        "127.0.0.1:{port}",
        "-p",
        &peer.at.port().to_string(),
        &format!("{}@127.0.0.1", String::from_utf8(user).unwrap().trim()),
    ];
    let words = texts(&words);
    Some((peer, words))
}

#[tokio::test]
async fn ssh_with_dynamic_forwarding() {
    let Some((_peer, words)) = sshd().await else { return };
    let way = chain(vec![socks(Run::command(words.clone()), None, false)]);
    carries(&way).await;

    // Nobody listens there: ssh ends, is started again, and other ways go on meanwhile.
    let mut lost = words;
    let port = lost.iter().position(|word| word == "-p").unwrap() + 1;
    lost[port] = free_port().await.port().to_string();
    let way = chain(vec![socks(Run::command(lost), None, false)]);
    assert!(dial(&way, free_port().await).await.is_err());
    let trouble = way.life.as_ref().unwrap().trouble().unwrap();
    assert!(trouble.contains("exited with code 255") && trouble.contains("refused"), "{trouble}");
    assert!(!trouble.contains("127.0.0.1"), "places are not told: {trouble}");
}
