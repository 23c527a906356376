//! Is byway's table there, and will it go by itself? Changes nothing.

use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// Listing a table takes milliseconds; nobody waits longer for a program that hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// How byway's table stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    Absent,
    /// There is one that the kernel takes away with the process that holds it (nft(8), flag `owner`).
    Held,
    /// There is one that stays until somebody takes it away.
    Lasting,
}

/// How byway's table stands; `None` where it cannot be told: no nft, or no permission to look.
pub async fn standing() -> Option<Standing> {
    let mut nft = Command::new("nft");
    nft.args(["list", "table", "inet", "byway"]).env("LC_ALL", "C").stdin(Stdio::null()).kill_on_drop(true);
    let said = tokio::time::timeout(PATIENCE, nft.output()).await.ok()?.ok()?;
    read(said.status.success(), &String::from_utf8_lossy(&said.stdout), &String::from_utf8_lossy(&said.stderr))
}

fn read(success: bool, out: &str, err: &str) -> Option<Standing> {
    let is_held = || out.lines().map(str::trim).any(|line| line.starts_with("flags") && line.contains("owner"));
    match success {
        true if is_held() => Some(Standing::Held),
        true => Some(Standing::Lasting),
        false => err.contains("No such file or directory").then_some(Standing::Absent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nft_says_is_understood() {
        let held = "table inet byway { # progname nft\n\tflags owner\n\n\tset telegram4 {\n";
        let lasting = "table inet byway {\n\tset telegram4 {\n\t\tflags interval\n";
        for (success, out, err, standing) in [
            (true, held, "", Some(Standing::Held)),
            (true, lasting, "", Some(Standing::Lasting)),
            (false, "", "Error: No such file or directory\nlist table inet byway\n", Some(Standing::Absent)),
            (false, "", "Operation not permitted (you must be root)\n", None),
        ] {
            assert_eq!(read(success, out, err), standing, "{out}{err}");
        }
    }
}
