//! How much memory this process may use.

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of memory that this process may use: the machine's, or the least limit of a
/// control group that it belongs to. `None` where the system does not tell.
///
/// Source: <https://docs.kernel.org/admin-guide/cgroup-v2.html>, `memory.max`.
#[must_use]
pub fn usable_memory() -> Option<usize> {
    usable_below(Path::new("/"))
}

fn usable_below(root: &Path) -> Option<usize> {
    let limits = cgroup_limit_files(root).into_iter().filter_map(|file| read_number(&file));
    limits.chain(machine_memory(root)).min()
}

/// The machine's memory, from `/proc/meminfo`.
fn machine_memory(root: &Path) -> Option<usize> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: usize = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// The files with limits of the process's control group and of all above it.
fn cgroup_limit_files(root: &Path) -> Vec<PathBuf> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mut files = Vec::new();
    for line in groups.lines() {
        // `0::/path` in version 2, `4:memory:/path` in version 1.
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (hierarchy, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            _ if controllers.split(',').any(|name| name == "memory") => {
                ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        // Inside a container, the path may be one of the host's: what is not there is not
        // read, and the container's own limit is at the top.
        let path = Path::new(path.trim_start_matches('/'));
        let hierarchy = root.join(hierarchy);
        files.extend(path.ancestors().map(|above| hierarchy.join(above).join(file)));
    }
    files
}

/// A number in a file; `max` is none.
fn read_number(file: &Path) -> Option<usize> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    struct Root(PathBuf);

    impl Root {
        fn with(files: &[(&str, &str)]) -> Self {
            let root = std::env::temp_dir().join(format!("bedrock-gateway-{}", Uuid::new_v4()));
            for (file, text) in files {
                let file = root.join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, text).unwrap();
            }
            Self(root)
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal:  1000 kB\nMemFree: 5 kB\n");

    #[test]
    fn the_least_limit_counts() {
        for (files, expected) in [
            (vec![], None),
            (vec![MEMINFO], Some(1_024_000)),
            (
                vec![
                    MEMINFO,
                    ("proc/self/cgroup", "0::/a.slice/b.service\n"),
                    ("sys/fs/cgroup/a.slice/memory.max", "700\n"),
                    ("sys/fs/cgroup/a.slice/b.service/memory.max", "max\n"),
                ],
                Some(700),
            ),
            (
                vec![
                    MEMINFO,
                    ("proc/self/cgroup", "5:cpu:/x\n4:memory,misc:/not/here\n"),
                    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "600\n"),
                    ("sys/fs/cgroup/cpu/x/memory.limit_in_bytes", "1\n"),
                ],
                Some(600),
            ),
            (
                vec![
                    MEMINFO,
                    ("proc/self/cgroup", "0::/\n"),
                    ("sys/fs/cgroup/memory.max", "9223372036854771712\n"),
                ],
                Some(1_024_000),
            ),
        ] {
            let root = Root::with(&files);
            assert_eq!(usable_below(&root.0), expected, "{files:?}");
        }
    }
}
