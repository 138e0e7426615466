"""Tie a program to the one that starts it: `python -I -S tether.py PARENT SIGNAL USER program…`.

The kernel then sends SIGNAL to the program when PARENT dies, even by SIGKILL, so nothing is left behind.
A wrapper and not a `preexec_fn`, which may deadlock in a process that has threads. Standard library only.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
# Else `access()`, by which PostgreSQL finds its programs, asks as if the kept right were not there.
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def _libc() -> ctypes.CDLL | None:
    """The C library where it has `prctl` (Linux); None elsewhere."""
    libc = ctypes.CDLL(None, use_errno=True)
    return libc if hasattr(libc, "prctl") else None


def become(user: int, libc: ctypes.CDLL | None) -> None:
    """Drop root for `user`, keeping only the right to pass through folders that are root's alone.

    PostgreSQL refuses to run as root, yet its programs may lie under `/root`.
    """
    if libc is not None:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    if libc is None:
        return
    bit = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    effective_permitted_inheritable = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    libc.capset(header, effective_permitted_inheritable)
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def main(argv: list[str]) -> None:
    """Become the program in `argv`, tied to its parent."""
    parent, signal_number, user = int(argv[0]), int(argv[1]), int(argv[2])
    libc = _libc()
    if user >= 0:
        become(user, libc)
    if libc is not None:
        # After the change of user, which would clear it.
        libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)  # it died before the kernel knew
    os.execv(argv[3], argv[3:])  # noqa: S606 – becoming that program is its purpose


if __name__ == "__main__":
    main(sys.argv[1:])
