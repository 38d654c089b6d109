"""Seccomp: system calls that this process gives up, for good, by a filter that the kernel runs before each of them.

What goes is whatever reaches beyond a process's own memory and open files: sockets, programs, other processes, owners and
modes of files, clocks, mounts. Threads stay, since Arrow reads with them. Calls that are newer than this list do not exist
for the process. Landlock (:mod:`layers.confined.landlock`) says which files are left.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["forbid_calls", "has_seccomp"]

_PR_SET_NO_NEW_PRIVS, _PR_GET_SECCOMP, _PR_SET_SECCOMP, _MODE_FILTER = 38, 21, 22, 2
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
# of classic BPF: load a word, jump where equal, not less or a bit is set, return
_LOAD, _EQUAL, _LEAST, _BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16
_THREAD = 0x00010000
_X32 = 0x40000000
# from 424 on the numbers are the same on every machine; what came after futex_waitv is not needed
_NEWER_THAN_KNOWN = 450
_CLONE3 = 435

# name, number on x86_64 (None: it has none), number where Linux has its generic table (aarch64, riscv64, loongarch64)
_FORBIDDEN = """
socket 41 198 / socketpair 53 199 / bind 49 200 / listen 50 201 / accept 43 202 / connect 42 203 / sendto 44 206
recvfrom 45 207 / sendmsg 46 211 / recvmsg 47 212 / accept4 288 242 / recvmmsg 299 243 / sendmmsg 307 269
execve 59 221 / execveat 322 281 / fork 57 - / vfork 58 - / ptrace 101 117 / process_vm_readv 310 270
process_vm_writev 311 271 / tkill 200 130 / rt_sigqueueinfo 129 138 / rt_tgsigqueueinfo 297 240 / setrlimit 160 164
pidfd_send_signal 424 424 / pidfd_open 434 434 / pidfd_getfd 438 438 / process_madvise 440 440 / process_mrelease 448 448
io_uring_setup 425 425 / io_uring_enter 426 426 / io_uring_register 427 427 / bpf 321 280 / userfaultfd 323 282
perf_event_open 298 241 / add_key 248 217 / request_key 249 218 / keyctl 250 219 / memfd_secret 447 447
shmget 29 194 / shmctl 31 195 / shmat 30 196 / semget 64 190 / semop 65 193 / semtimedop 220 192 / msgget 68 186
msgsnd 69 189 / msgrcv 70 188 / mq_open 240 180 / mq_unlink 241 181
chmod 90 - / fchmod 91 52 / fchmodat 268 53 / chown 92 - / fchown 93 55 / lchown 94 - / fchownat 260 54
setxattr 188 5 / lsetxattr 189 6 / fsetxattr 190 7 / removexattr 197 14 / lremovexattr 198 15 / fremovexattr 199 16
utime 132 - / utimes 235 - / futimesat 261 - / utimensat 280 88 / mknod 133 - / mknodat 259 33 / link 86 - / linkat 265 37
mount 165 40 / umount2 166 39 / pivot_root 155 41 / chroot 161 51 / unshare 272 97 / setns 308 268 / open_tree 428 428
move_mount 429 429 / fsopen 430 430 / fsconfig 431 431 / fsmount 432 432 / fspick 433 433 / mount_setattr 442 442
open_by_handle_at 304 265 / quotactl 179 60 / quotactl_fd 443 443 / acct 163 89 / swapon 167 224 / swapoff 168 225
fanotify_init 300 262 / fanotify_mark 301 263 / init_module 175 105 / finit_module 313 273 / delete_module 176 106
kexec_load 246 104 / kexec_file_load 320 294 / reboot 169 142 / syslog 103 116 / personality 135 92 / capset 126 91
setuid 105 146 / setgid 106 144 / setreuid 113 145 / setregid 114 143 / setresuid 117 147 / setresgid 119 149
setgroups 116 159 / setfsuid 122 151 / setfsgid 123 152 / settimeofday 164 170 / adjtimex 159 171
clock_settime 227 112 / clock_adjtime 305 266 / sethostname 170 161 / setdomainname 171 162
iopl 172 - / ioperm 173 - / modify_ldt 154 - / uselib 134 -
"""


class _Machine(NamedTuple):
    """What the kernel calls a processor, its column above, and the calls of which the arguments decide."""

    audit: int
    column: int
    clone: int
    kill: int
    tgkill: int
    prlimit64: int


def _generic(audit: int) -> _Machine:
    return _Machine(audit, column=2, clone=220, kill=129, tgkill=131, prlimit64=261)


_MACHINES: Mapping[str, _Machine] = {
    "x86_64": _Machine(0xC000003E, column=1, clone=56, kill=62, tgkill=234, prlimit64=302),
    "aarch64": _generic(0xC00000B7),
    "riscv64": _generic(0xC00000F3),
    "loongarch64": _generic(0xC0000102),
}


def has_seccomp() -> bool:
    """Return whether the kernel runs filters, and the calls of this kind of processor are known here."""
    if platform.system() != "Linux" or platform.machine() not in _MACHINES or struct.calcsize("P") != 8:  # noqa: PLR2004 - bytes
        return False
    return int(_prctl(_PR_GET_SECCOMP, 0, 0)) in {0, _MODE_FILTER}


def forbid_calls() -> None:
    """Give up the system calls that reach beyond this process, in this thread and all that come from it.

    Raises
    ------
    OSError
        The kernel does not take the filter.
    """
    program = b"".join(_filter(_MACHINES[platform.machine()], os.getpid()))
    buffer = ctypes.create_string_buffer(program)
    pointer = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    described = ctypes.create_string_buffer(pointer)
    if _prctl(_PR_SET_NO_NEW_PRIVS, 1, 0) or _prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(described)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _filter(machine: _Machine, pid: int) -> list[bytes]:
    """Return the instructions, eight bytes each."""
    refuse, missing, allow = _end(_REFUSE | errno.EPERM), _end(_REFUSE | errno.ENOSYS), _end(_ALLOW)
    own_process = [_load(_ARGUMENTS_AT), _step(_EQUAL, pid, yes=0, no=1), allow, refuse]
    conditions = {
        # a thread is no process
        machine.clone: [_load(_ARGUMENTS_AT), _step(_BITS, _THREAD, yes=0, no=1), allow, refuse],
        # abort() sends a signal to its own process
        machine.kill: own_process,
        machine.tgkill: own_process,
        # limits may be asked for, not set: the third argument points to new ones
        machine.prlimit64: [
            *(_load(_ARGUMENTS_AT + 16), _step(_EQUAL, 0, yes=0, no=3)),
            *(_load(_ARGUMENTS_AT + 20), _step(_EQUAL, 0, yes=0, no=1), allow, refuse),
        ],
    }
    steps = [_load(_MACHINE_AT), _step(_EQUAL, machine.audit, yes=1, no=0), _end(_KILL), _load(_NUMBER_AT)]
    # the C library tries clone without its number where clone3 is missing
    steps += [_step(_EQUAL, _CLONE3, yes=0, no=1), missing]
    steps += [_step(_LEAST, _X32, yes=0, no=1), refuse, _step(_LEAST, _NEWER_THAN_KNOWN, yes=0, no=1), missing]
    for number in _numbers(machine.column):
        steps += [_step(_EQUAL, number, yes=0, no=1), refuse]
    for number, asked in conditions.items():
        steps += [_step(_EQUAL, number, yes=0, no=len(asked)), *asked]
    return [*steps, allow]


def _numbers(column: int) -> list[int]:
    rows = [row.split() for row in _FORBIDDEN.replace("/", "\n").splitlines() if row.strip()]
    return [int(row[column]) for row in rows if row[column] != "-"]


def _load(offset: int) -> bytes:
    return _step(_LOAD, offset)


def _end(answer: int) -> bytes:
    return _step(_RETURN, answer)


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)


def _prctl(option: int, first: int, second: int) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    arguments = [ctypes.c_ulong(value) for value in (first, second, 0, 0)]
    return int(library.prctl(ctypes.c_int(option), *arguments))
