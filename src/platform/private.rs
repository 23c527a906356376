//! Keeping files to their owner: folders 0700, files 0600, written whole or not at all. On systems without such
//! modes the folder's own access list (a person's profile) does it.

use super::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Makes `path` a folder only its owner can enter. One that stands already is tightened if it is byway's: by its name, or
/// because nothing is in it. Any other is left as it is, for the machine may live in it (`/etc`, `/tmp`); it is refused where
/// others could replace what is put there. A group that may enter keeps that right: a service's own may be meant.
pub fn private_dir(path: &Path) -> Result<(), Error> {
    let failed = |doing| move |source| Error::File { doing, path: path.to_owned(), source };
    let stood = path.is_dir();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Error::NotAFolder { path: path.to_owned() });
        }
        other => other.map_err(failed("make the folder"))?,
    }
    if stood { tighten(path) } else { Ok(()) }
}

#[cfg(unix)]
fn tighten(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    const STICKY: u32 = 0o1000;
    let failed = |doing| move |source| Error::File { doing, path: path.to_owned(), source };
    let not_ours = || Error::NotOurs { path: path.to_owned() };
    let found = fs::metadata(path).map_err(failed("look at"))?;
    let beside_others = path.parent().and_then(|parent| fs::metadata(parent).ok());
    if beside_others.is_some_and(|parent| parent.mode() & STICKY != 0) && found.uid() != nix::unistd::geteuid().as_raw()
    {
        return Err(not_ours());
    }
    if found.mode() & 0o007 == 0 {
        return Ok(());
    }
    if !is_byways(path) {
        // Where the sticky bit is, nobody replaces another's file (POSIX, S_ISVTX).
        let replaceable = found.mode() & 0o022 != 0 && found.mode() & STICKY == 0;
        return if replaceable { Err(Error::Shared { path: path.to_owned() }) } else { Ok(()) };
    }
    match fs::set_permissions(path, fs::Permissions::from_mode(0o700)) {
        Err(source) if source.kind() == io::ErrorKind::PermissionDenied => Err(not_ours()),
        other => other.map_err(failed("close to others")),
    }
}

#[cfg(unix)]
fn is_byways(path: &Path) -> bool {
    let named = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("byway"));
    let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    named(path) || path.parent().is_some_and(named) || is_empty()
}

#[cfg(not(unix))]
fn tighten(_: &Path) -> Result<(), Error> {
    Ok(())
}

/// Writes `bytes` to a file that only its owner can read. A crash or a full disk leaves the old file as it was.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let beside = beside(path);
    let failed = |doing| move |source| Error::File { doing, path: path.to_owned(), source };
    let written = create_private(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(source) = written.and_then(|()| fs::rename(&beside, path)) {
        // The half-written file is of no use to anybody; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&beside);
        return Err(failed("write")(source));
    }
    Ok(())
}

/// A name in the same folder (a rename must not cross file systems), not shared with another process.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // Left by an earlier process with our number that died in between.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            options.open(path)
        }
        other => other,
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn folders_and_files_are_their_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        private_dir(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        let file = folder.join("key");
        write_private(&file, b"one").unwrap();
        write_private(&file, b"two").unwrap();
        assert_eq!((mode(&file), fs::read(&file).unwrap()), (0o600, b"two".to_vec()));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn an_open_folder_is_closed() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("open");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        private_dir(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
    }

    #[test]
    fn a_folder_in_which_others_live_is_left_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("etc");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("passwd"), "").unwrap();
        for (before, refused) in [(0o755, false), (0o1777, false), (0o750, false), (0o777, true), (0o775, true)] {
            fs::set_permissions(&folder, fs::Permissions::from_mode(before)).unwrap();
            let done = private_dir(&folder);
            assert_eq!(matches!(done, Err(Error::Shared { .. })), refused, "{before:o}: {done:?}");
            assert_eq!(mode(&folder), before & 0o777);
        }
        let own = folder.join("byway");
        fs::create_dir(&own).unwrap();
        fs::write(own.join("key"), "").unwrap();
        for (before, after) in [(0o755, 0o700), (0o750, 0o750)] {
            fs::set_permissions(&own, fs::Permissions::from_mode(before)).unwrap();
            private_dir(&own).unwrap();
            assert_eq!(mode(&own), after);
        }
    }

    #[test]
    fn a_file_in_the_folders_place_is_told_plainly() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("state");
        fs::write(&file, b"").unwrap();
        assert!(matches!(private_dir(&file), Err(Error::NotAFolder { .. })));
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("taken");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("kept"), b"old").unwrap();
        assert!(write_private(&target, b"new").is_err());
        assert_eq!(fs::read(target.join("kept")).unwrap(), b"old");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_dead_process_left_is_no_obstacle() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("key");
        fs::write(beside(&file), b"half").unwrap();
        write_private(&file, b"whole").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"whole");
    }
}
