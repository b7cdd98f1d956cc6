"""Inside the sandbox: give up every right, before a student's code begins.

Standard library only. bubblewrap has built the walls around this process; `enter_own_namespaces`
adds those between one submission and the next, where one sandboxed parent forks for all of them.
"""

import ctypes
import os
import resource
import struct
import sys
from typing import Any

MEBI = 1 << 20
NEW_NAMESPACES = (
    0x10000000  # user
    | 0x00020000  # mounts
    | 0x04000000  # host name
    | 0x08000000  # shared memory, message queues
    | 0x20000000  # process ids
    | 0x40000000  # network
)
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SIGKILL = 9
CLONE3 = 435

# System calls that no exercise needs. Shared memory and memory files would hide from the count of
# memory, the others help to break out of namespaces or to look into other processes.
REFUSED_CALLS = {  # machine -> its number for seccomp, number of clone, other calls by number
    "x86_64": (
        0xC000003E,
        56,
        # shmget shmat msgget semget ptrace mount umount2 pivot_root swapon reboot sethostname
        "29 30 68 64 101 165 166 155 167 169 170 "
        # add_key request_key keyctl unshare setns perf_event_open process_vm_readv/writev kcmp
        "248 249 250 272 308 298 310 311 312 "
        # memfd_create memfd_secret bpf userfaultfd io_uring_* pidfd_getfd open_by_handle_at
        "319 447 321 323 425 426 427 438 304 "
        # open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr
        "428 429 430 431 432 433 442",
    ),
    "aarch64": (
        0xC00000B7,
        220,
        "194 196 186 190 117 40 39 41 224 142 161 217 218 219 97 268 241 270 271 272 "
        "279 447 280 282 425 426 427 438 265 428 429 430 431 432 433 442",
    ),
}

_libc = ctypes.CDLL(None, use_errno=True)


def _must(result: int, what: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def leave_root(uid: int) -> None:
    """Become a user that owns nothing and may nothing; for a sandbox that root has started."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    _must(_libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl")  # else /proc/self belongs to root


def enter_own_namespaces() -> None:
    """Move to namespaces of one's own; the next child is the first process in them.

    Raises:
        OSError: Where the system does not allow namespaces inside a sandbox.
    """
    uid, gid = os.getuid(), os.getgid()
    _must(_libc.unshare(NEW_NAMESPACES), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def own_scratch(scratch: str, mebibytes: int) -> None:
    """Mount fresh scratch folders over those shared with other submissions; hide /proc."""
    _must(_libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount /")
    for place, options, flags in (
        (scratch, f"size={mebibytes}m,mode=0700", MS_NOSUID | MS_NODEV),
        ("/dev/shm", f"size={mebibytes}m,mode=0700", MS_NOSUID | MS_NODEV),
        ("/proc", "size=4k,mode=0555", MS_NOSUID | MS_NODEV | MS_NOEXEC | 1),
    ):
        result = _libc.mount(b"tmpfs", place.encode(), b"tmpfs", flags, options.encode())
        _must(result, f"mount {place}")
    os.chdir(scratch)


def die_with_parent() -> None:
    """Be killed when the parent ends."""
    _must(_libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "prctl")


def drop_capabilities() -> None:
    """Give up every capability, for ever."""
    _must(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    capability = 0
    while _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1
    header = struct.pack("=Ii", 0x20080522, 0)
    _must(_libc.capset(header, struct.pack("=6I", 0, 0, 0, 0, 0, 0)), "capset")


def refuse_system_calls() -> bool:
    """Have the kernel refuse what no exercise needs; say whether this machine's calls are known."""
    known = REFUSED_CALLS.get(os.uname().machine)
    if known is None or sys.maxsize < 2**32:
        return False
    architecture, clone, numbers = known
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, unknown = 0x7FFF0000, 0x00050001, 0x00050026  # -, EPERM, ENOSYS
    program = [
        (load, 0, 0, 4),  # the architecture of the call
        (equal, 1, 0, architecture),
        (give, 0, 0, refuse),
        (load, 0, 0, 0),  # its number
        (at_least, 0, 1, 0x40000000),  # the x32 twins of all calls
        (give, 0, 0, refuse),
        (equal, 0, 1, CLONE3),  # its flags can't be seen here; libraries fall back on clone
        (give, 0, 0, unknown),
    ]
    for number in map(int, numbers.split()):
        program += [(equal, 0, 1, number), (give, 0, 0, refuse)]
    program += [
        (equal, 1, 0, clone),
        (give, 0, 0, allow),
        (load, 0, 0, 16),  # clone's flags: new threads and processes, but no new namespaces
        (any_bit, 0, 1, NEW_NAMESPACES | 0x02000000),
        (give, 0, 0, refuse),
        (give, 0, 0, allow),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *i) for i in program))
    filter_ = struct.pack("@HP", len(program), ctypes.addressof(code))
    _must(_libc.prctl(PR_SET_SECCOMP, 2, filter_, 0, 0), "seccomp")
    return True


def mapped_bytes() -> int:
    """Return the size of this process in memory, libraries included; it needs /proc."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def set_limits(limits: dict[str, Any], mapped: int) -> None:
    """Set the hard limits of this process and its children; nobody without rights can lift them.

    Args:
        limits: Those of `sandbox.Limits`.
        mapped: Bytes of libraries that are mapped already and are not the student's.
    """
    values = {
        "RLIMIT_AS": mapped + limits["memory_mb"] * MEBI,
        "RLIMIT_CPU": limits["cpu_seconds"],
        "RLIMIT_FSIZE": limits["file_mb"] * MEBI,
        "RLIMIT_NPROC": limits["processes"],
        "RLIMIT_NOFILE": 256,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": 256,
    }
    for name, value in values.items():
        if hasattr(resource, name):
            which = getattr(resource, name)
            hard = resource.getrlimit(which)[1]
            lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
            spare = 2 if name == "RLIMIT_CPU" else 0  # SIGXCPU first, which names the reason
            resource.setrlimit(which, (lowest - spare, lowest))
