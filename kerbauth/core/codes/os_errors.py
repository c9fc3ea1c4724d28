"""Operating system errors that come as minor codes (errno(3)), by this system's numbers."""

import errno
from functools import partial
from typing import Final

from kerbauth.core.codes.model import Entry, Family, Stage
from kerbauth.core.codes.rows import ADMIN, NETWORK, SOFTWARE, group, opening
from kerbauth.core.reasons import Reason, Retry

_errno = partial(group, Family.ERRNO, 0)

ENTRIES: Final[tuple[Entry, ...]] = (
    # Only where a packet is sent: accepting a token and opening a ticket need no network, so there they are internal.
    *_errno(
        (errno.EAGAIN, "EAGAIN", "A name could not be resolved for now, or a resource is short for a moment."),
        (errno.EINTR, "EINTR", "A wait was interrupted."),
        (errno.EPIPE, "EPIPE", "The other side closed the connection."),
        (errno.ENETDOWN, "ENETDOWN", "The network is down."),
        (errno.ENETUNREACH, "ENETUNREACH", "No route leads to the network."),
        (errno.ENETRESET, "ENETRESET", "The network dropped the connection."),
        (errno.ECONNABORTED, "ECONNABORTED", "The connection was given up."),
        (errno.ECONNRESET, "ECONNRESET", "The other side reset the connection."),
        (errno.ETIMEDOUT, "ETIMEDOUT", "No answer came in time."),
        (errno.ECONNREFUSED, "ECONNREFUSED", "Nothing listens at the address."),
        (errno.EHOSTDOWN, "EHOSTDOWN", "The host is down."),
        (errno.EHOSTUNREACH, "EHOSTUNREACH", "No route leads to the host."),
        (errno.EADDRNOTAVAIL, "EADDRNOTAVAIL", "This machine has no address of the kind needed."),
        (errno.EAFNOSUPPORT, "EAFNOSUPPORT", "This machine does not speak the address's protocol, such as IPv6."),
        (errno.EMSGSIZE, "EMSGSIZE", "A packet is too large for the network."),
        (errno.ENOTCONN, "ENOTCONN", "The connection was gone before it was used."),
        by=(NETWORK, ADMIN),
        do="Check the addresses under `kdcs` and `kpasswd`, name resolution, routes and firewalls: ports 88 and 464, TCP and UDP.",
        retry=Retry.YES,
        reason=Reason.KDC_UNREACHABLE,
        at={**opening(Reason.INTERNAL), Stage.CONFIG: Reason.INTERNAL},
    ),
    *_errno(
        (errno.ENOENT, "ENOENT", "A file does not exist; where our key is needed, the keytab."),
        (
            errno.EACCES,
            "EACCES",
            "A file may not be read or written; where our key is needed, the keytab or the replay cache.",
        ),
        (errno.EISDIR, "EISDIR", "A folder stands where a file should be."),
        (errno.ENOTDIR, "ENOTDIR", "A file stands where a folder should be."),
        (errno.ELOOP, "ELOOP", "A path holds a symbolic link that leads nowhere or is not allowed."),
        by=(ADMIN,),
        do="See that the keytab is where the settings say and readable by kerbauth's user alone, and that "
        "the runtime folder belongs to it.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.INTERNAL,
        at={**opening(Reason.KEYTAB), Stage.CONFIG: Reason.KEYTAB},
    ),
    *_errno(
        (errno.ENOMEM, "ENOMEM", "There is no memory left."),
        (errno.EMFILE, "EMFILE", "The process has too many files open."),
        (errno.ENFILE, "ENFILE", "The system has too many files open."),
        (errno.ENOBUFS, "ENOBUFS", "There is no buffer space left."),
        (errno.ENOSPC, "ENOSPC", "The disk is full; the replay cache cannot be written."),
        (errno.EDQUOT, "EDQUOT", "The user's disk quota is used up; the replay cache cannot be written."),
        (errno.EROFS, "EROFS", "The disk is read-only; the replay cache cannot be written."),
        (errno.EFBIG, "EFBIG", "A file would grow too large."),
        (errno.ENOLCK, "ENOLCK", "No file lock can be had; the replay cache cannot be locked."),
        (errno.EBUSY, "EBUSY", "Something is in use."),
        (errno.ESTALE, "ESTALE", "A file on a network file system is gone."),
        by=(ADMIN,),
        do="Look at memory, open files (`ulimit -n`) and the space of the runtime folder, which belongs "
        "on a local disk or tmpfs; then restart.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.INTERNAL,
    ),
    # EIO and EINVAL are also what libkrb5 and GSSAPI make of an empty password. That one is refused before any library
    # is called, so what arrives here has another cause, and telling a user that the password was empty would be a guess.
    *_errno(
        (errno.EPERM, "EPERM", "The operation is not permitted; also what a failed question to a person becomes."),
        (errno.EIO, "EIO", "Reading or writing failed; also what libkrb5 says when it has no password."),
        (errno.EINVAL, "EINVAL", "An argument is invalid; also what GSSAPI says to an empty password."),
        (errno.EBADF, "EBADF", "A file was used that is not open."),
        (errno.EFAULT, "EFAULT", "An address outside the process was used."),
        (errno.EEXIST, "EEXIST", "A file exists already."),
        (errno.ENAMETOOLONG, "ENAMETOOLONG", "A file's name is too long."),
        (errno.ERANGE, "ERANGE", "A number is out of range."),
        (errno.EOVERFLOW, "EOVERFLOW", "A number is too large for its place."),
        (errno.EDEADLK, "EDEADLK", "A lock would wait for ever."),
        (errno.ENOSYS, "ENOSYS", "The system does not have this function."),
        (errno.EOPNOTSUPP, "EOPNOTSUPP", "The operation is not supported."),
        (errno.EPROTONOSUPPORT, "EPROTONOSUPPORT", "The protocol is not supported."),
        (errno.EPROTO, "EPROTO", "The protocol was violated."),
        (errno.EBADMSG, "EBADMSG", "A message is damaged."),
        (errno.EILSEQ, "EILSEQ", "Bytes are no valid characters."),
        (errno.ENODATA, "ENODATA", "There is no data."),
        (errno.ECANCELED, "ECANCELED", "The operation was cancelled."),
        by=(SOFTWARE, ADMIN),
        do="The log line says more; restart, and report it if it comes back.",
        retry=Retry.UNKNOWN,
        reason=Reason.INTERNAL,
    ),
)
