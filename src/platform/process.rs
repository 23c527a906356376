//! What the system knows of this process: time, memory, descriptors. What it does not tell is `None`.

/// What the system knows of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    /// Processor time, in seconds.
    pub cpu_seconds: Option<f64>,
    /// Memory that is in use.
    pub resident_bytes: Option<u64>,
    /// Open descriptors.
    pub open_fds: Option<u64>,
    /// When it started, in seconds since 1970.
    pub started: Option<f64>,
}

impl Process {
    /// This process, now (proc(5)).
    #[cfg(target_os = "linux")]
    pub fn now() -> Self {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).ok();
        let status = read("status");
        let kilobytes = status.as_deref().and_then(|text| text.lines().find_map(|line| line.strip_prefix("VmRSS:")));
        let kilobytes = kilobytes.and_then(|text| text.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        Self {
            cpu_seconds: read("stat").as_deref().and_then(cpu_seconds),
            resident_bytes: kilobytes.map(|kilobytes| kilobytes * 1024),
            open_fds: std::fs::read_dir("/proc/self/fd").ok().and_then(|folder| u64::try_from(folder.count()).ok()),
            started: None,
        }
    }

    /// Nothing is asked here.
    #[cfg(not(target_os = "linux"))]
    pub fn now() -> Self {
        Self::default()
    }
}

/// The clock ticks of user and system, after the name in parentheses, which may hold anything. A tick is 1/100 s on every
/// Linux (`USER_HZ`).
#[cfg(target_os = "linux")]
fn cpu_seconds(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / 100.0)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_time_and_descriptors() {
        let now = Process::now();
        assert!(now.resident_bytes.is_some_and(|bytes| bytes > 1 << 20), "{now:?}");
        assert!(now.open_fds.is_some_and(|count| count > 2) && now.cpu_seconds.is_some(), "{now:?}");
    }

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 9 8 7 6 250 50 0 0 20 0 1 0 99";
        assert_eq!(cpu_seconds(stat), Some(3.0));
    }
}
