//! A process, told apart from a later one of the same number: by when it started.

use super::Run;
use serde::{Deserialize, Serialize};

/// Which byway put the setting in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its number.
    pub pid: u32,
    /// When it started, as the system says it; what was said in another boot is never said again.
    pub since: String,
}

impl Owner {
    /// The process `pid`; `None` when there is none.
    pub fn of(pid: u32, run: &dyn Run) -> Option<Self> {
        Some(Self { pid, since: since(pid, run)? })
    }

    /// Whether that very process is still there.
    pub fn is_alive(&self, run: &dyn Run) -> bool {
        Self::of(self.pid, run).as_ref() == Some(self)
    }
}

#[cfg(target_os = "linux")]
fn since(pid: u32, _: &dyn Run) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // proc(5): the name may hold anything, so that fields are counted from its closing bracket. The state is the 3rd
    // field, the start in ticks since boot the 22nd.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let (state, ticks) = (fields.first()?, fields.get(19)?);
    if matches!(*state, "Z" | "X") {
        return None;
    }
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(format!("{ticks} {}", boot.trim()))
}

#[cfg(windows)]
fn since(pid: u32, run: &dyn Run) -> Option<String> {
    let ask = format!("(Get-Process -Id {pid} -ErrorAction Stop).StartTime.ToFileTimeUtc()");
    let said = run.run("powershell", &["-NoProfile", "-NonInteractive", "-Command", &ask]).ok()?;
    Some(said.trim().to_owned()).filter(|said| !said.is_empty())
}

#[cfg(not(any(target_os = "linux", windows)))]
fn since(pid: u32, run: &dyn Run) -> Option<String> {
    let said = run.run("ps", &["-o", "lstart=", "-p", &pid.to_string()]).ok()?;
    Some(said.trim().to_owned()).filter(|said| !said.is_empty())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::super::Programs;
    use super::*;

    #[test]
    fn a_number_that_was_given_again_is_another_process() {
        let me = Owner::of(std::process::id(), &Programs).unwrap();
        assert!(me.is_alive(&Programs));
        let earlier = Owner { since: String::from("1 x"), ..me };
        assert!(!earlier.is_alive(&Programs));
        // 2^22 is the most that the kernel gives.
        assert_eq!(Owner::of(5_000_000, &Programs), None);
    }
}
