#!/bin/sh
# Runs one MIT realm in a folder, in the foreground, for demonstrations and tests. Never for real users.
#
#   kdc.sh FOLDER
#
# Environment:
#   REALM            the realm's name, e.g. DEMO.TEST                               (required)
#   PORT             UDP and TCP port of the KDC                                    (required)
#   LISTEN           a loopback address                                             (default 127.0.0.1)
#   LOCKOUT          1: count failed passwords, so that policies with -maxfailure work (default 0)
#   CLOCK_SHIFT      seconds the KDC's clock is ahead, or behind with a minus (by libfaketime; default 0)
#   KPASSWD_PORT     UDP and TCP port of a kadmind that changes passwords (RFC 3244); needs KADMIN_PORT and STOP_WITH_STDIN (default none)
#   KADMIN_PORT      TCP port of its other protocol, which nobody may use here: kadm5.acl is empty
#   STOP_WITH_STDIN  1: end when standard input ends, so that no KDC outlives the program that started it (default 0)
#
# FOLDER/principals.kadmin, when there is one, is fed to kadmin.local once, right after the database was created; an error in it
# means no database. A database that is already there is kept as it is. The logs are FOLDER/kdc.log and FOLDER/kadmind.log.
# Needs no privilege, and runs unchanged on a bare machine and as a container's entry point.
set -eu
umask 077
PATH="$PATH:/usr/sbin:/usr/local/sbin"
# The KDC's log and errors in English, whatever the caller speaks: they are read by programs. Bytes pass as they are.
LC_ALL=C
export PATH LC_ALL
# kadmin.local reads its commands through readline where that is installed, which would echo passwords and complete at a tab.
export SS_READLINE_PATH=none

fail() {
    echo "kdc.sh: $*" >&2
    exit 1
}

# require PROGRAM PACKAGE: the package's name is Debian's.
require() {
    command -v "$1" >/dev/null || fail "cannot find $1: install the package $2"
}

write_configuration() {
    # The KDC's log must keep its own words, so nothing here sets err_fmt. Without SPAKE clients prove a password by an encrypted
    # timestamp (RFC 4120, 5.2.7.2), as they do to Active Directory.
    cat >"$dir/kdc.krb5.conf" <<END
[libdefaults]
    default_realm = $REALM
    dns_lookup_kdc = false
    dns_lookup_realm = false
    rdns = false
[realms]
    $REALM = {
        kdc = $LISTEN:$PORT
    }
[plugins]
    kdcpreauth = {
        disable = spake
    }
END
    # The AES enctypes of RFC 3962: those that every KDC has, Active Directory included.
    cat >"$dir/kdc.conf" <<END
[realms]
    $REALM = {
        kdc_listen = $LISTEN:$PORT
        kdc_tcp_listen = $LISTEN:$PORT
        key_stash_file = $dir/stash
        acl_file = $dir/kadm5.acl
        kpasswd_listen = $LISTEN:${KPASSWD_PORT:-464}
        kadmind_listen = $LISTEN:${KADMIN_PORT:-749}
        master_key_type = aes256-cts-hmac-sha1-96
        supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
        default_principal_flags = +preauth
        database_module = files
    }
[dbmodules]
    files = {
        db_library = db2
        database_name = $dir/principal
        disable_last_success = true
        disable_lockout = $disable_lockout
    }
[logging]
    kdc = FILE:$dir/kdc.log
    admin_server = FILE:$dir/kadmind.log
    default = FILE:$dir/kdc.log
END
    : >"$dir/kadm5.acl"
}

create_database() {
    rm -f "$dir"/principal "$dir"/principal.* "$dir/stash"
    # Nobody needs to know the master password: its key is in the stash. It goes in on standard input, where no process list shows it.
    master=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s\n%s\n' "$master" "$master" | kdb5_util create -s >"$dir/create.log" 2>&1 \
        || fail "kdb5_util cannot create the database: $(tail -n 1 "$dir/create.log")"
    [ ! -f "$dir/principals.kadmin" ] || feed_kadmin
    : >"$dir/created"
}

feed_kadmin() {
    # kadmin.local's status is 0 whatever happened to a command: errors are what it writes to standard error. Its standard output
    # holds nothing of use. -p, because a container's user may have no name in /etc/passwd to derive a principal from.
    kadmin.local -p "kadmin/admin@$REALM" <"$dir/principals.kadmin" 2>"$dir/kadmin.log" >/dev/null || true
    problem=$(grep -v '^No policy specified' "$dir/kadmin.log" | head -n 1) || true
    [ -z "$problem" ] || fail "principals.kadmin: $problem"
}

stop_with_stdin() {
    # Runs beside the KDC, which takes over this script's process id. Once the KDC is gone its number may be somebody else's, so the
    # signal goes out only while the KDC still is this process's parent: field 4 of proc(5)'s stat. kadmind is a child of this one, and
    # goes first: when the KDC is gone, all is.
    if [ -n "${KPASSWD_PORT:-}" ]; then
        kadmind -nofork </dev/null 3<&- &
        kadmind=$!
    fi
    cat >/dev/null <&3
    if [ -n "${KPASSWD_PORT:-}" ]; then
        kill -CONT "$kadmind" && kill -TERM "$kadmind" || true
        wait "$kadmind" || true
    fi
    read -r _ _ _ parent _ </proc/self/stat
    # CONT, because a stopped process would not notice the other.
    [ "$parent" != "$1" ] || kill -CONT "$1"
    [ "$parent" != "$1" ] || kill -TERM "$1"
}

find_libfaketime() {
    # Debian, Ubuntu; Fedora; others.
    for library in /usr/lib/*/faketime/libfaketime.so.1 /usr/lib64/faketime/libfaketime.so.1 /usr/lib/faketime/libfaketime.so.1; do
        [ ! -f "$library" ] || return 0
    done
    fail "cannot find libfaketime.so.1: install the package libfaketime"
}

[ $# -eq 1 ] || fail "usage: REALM=NAME PORT=NUMBER kdc.sh FOLDER"
[ -d "$1" ] || fail "not a folder: $1"
[ -w "$1" ] || fail "not a folder that can be written: $1"
dir=$(cd "$1" && pwd)
LISTEN=${LISTEN:-127.0.0.1}
case ${REALM:-} in '' | *[!A-Za-z0-9.-]*) fail "REALM is not the name of a realm: '${REALM:-}'" ;; esac
case ${PORT:-} in '' | *[!0-9]*) fail "PORT is not a number: '${PORT:-}'" ;; esac
case $LISTEN in 127.*[!0-9.]*) fail "LISTEN is not an address: $LISTEN" ;; 127.*) ;; *) fail "LISTEN is not a loopback address: $LISTEN" ;; esac
case $dir in *[!A-Za-z0-9/._-]*) fail "the folder's path must have no blanks or special characters: $dir" ;; esac
case ${CLOCK_SHIFT:-0} in *[!0-9-]* | ?*-*) fail "CLOCK_SHIFT is not a number of seconds: '$CLOCK_SHIFT'" ;; esac
disable_lockout=true
[ "${LOCKOUT:-0}" != 1 ] || disable_lockout=false
require krb5kdc krb5-kdc
require kdb5_util krb5-kdc
require kadmin.local krb5-admin-server
case ${KPASSWD_PORT:-}${KADMIN_PORT:-} in *[!0-9]*) fail "KPASSWD_PORT and KADMIN_PORT are not numbers: '${KPASSWD_PORT:-}', '${KADMIN_PORT:-}'" ;; esac
if [ -n "${KPASSWD_PORT:-}" ]; then
    [ -n "${KADMIN_PORT:-}" ] && [ "${STOP_WITH_STDIN:-0}" = 1 ] || fail "KPASSWD_PORT needs KADMIN_PORT and STOP_WITH_STDIN=1"
    require kadmind krb5-admin-server
fi

[ "${CLOCK_SHIFT:-0}" = 0 ] || find_libfaketime

write_configuration
export KRB5_CONFIG="$dir/kdc.krb5.conf" KRB5_KDC_PROFILE="$dir/kdc.conf"
[ -f "$dir/created" ] || create_database
if [ "${STOP_WITH_STDIN:-0}" = 1 ]; then
    exec 3<&0
    stop_with_stdin $$ &
    exec 3<&-
fi
if [ "${CLOCK_SHIFT:-0}" != 0 ]; then
    case $CLOCK_SHIFT in -*) ;; *) CLOCK_SHIFT="+$CLOCK_SHIFT" ;; esac
    export LD_PRELOAD="$library" FAKETIME="$CLOCK_SHIFT"
fi
exec krb5kdc -n </dev/null
