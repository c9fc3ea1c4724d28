#!/bin/sh
# Installs the Debian packages of the named sets that are missing: run, test, bench. With nothing missing it does nothing, and needs
# neither a network nor privileges.
#
#   PYTHON=python3.11 tools/system-packages.sh run test
set -eu

python=${PYTHON:-python3}
wanted=
for set in "$@"; do
    case $set in
    run)
        wanted="$wanted gcc libc6-dev libkrb5-dev krb5-kdc krb5-admin-server krb5-user curl"
        # Debian's python3 comes without venv and headers; other builds of Python bring both.
        "$python" -c 'import ensurepip' 2>/dev/null || wanted="$wanted python3-venv"
        "$python" -c 'import os, sysconfig; raise SystemExit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' \
            || wanted="$wanted python3-dev"
        ;;
    test)
        wanted="$wanted libfaketime podman buildah runc debootstrap slapd krb5-kdc-ldap ldap-utils redis-server nginx-light haproxy
            logrotate systemd prometheus dnsmasq-base apache2 libapache2-mod-auth-gssapi wrk samba samba-ad-dc samba-ad-provision
            samba-dsdb-modules samba-vfs-modules winbind ldb-tools python3-samba chromium"
        ;;
    bench) wanted="$wanted apache2 libapache2-mod-auth-gssapi wrk" ;;
    *)
        echo "system-packages.sh: no such set: $set (run, test, bench)" >&2
        exit 2
        ;;
    esac
done

if ! command -v dpkg-query >/dev/null; then
    echo "system-packages.sh: this is not a Debian system; going on in the hope that it has what these packages hold:$wanted" >&2
    exit 0
fi

missing=
for package in $wanted; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "system-packages.sh: these packages are missing, and installing them needs root or sudo:$missing" >&2
    exit 1
fi

# Only the programs are wanted: no KDC, LDAP server or proxy of the machine's own is to be started by a package's scripts.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
    $as_root chmod 755 $policy
    trap '$as_root rm -f $policy' EXIT
fi
echo "installing:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing

# What was just installed is not to start at the next boot either. Units of packages that were here before are left alone.
if command -v systemctl >/dev/null; then
    for package in $missing; do
        for unit in $(dpkg-query -L "$package" | sed -n 's,^\(/usr\)\{0\,1\}/lib/systemd/system/\([^@/]*\.\(service\|timer\|socket\)\)$,\2,p'); do
            $as_root systemctl disable --quiet "$unit" 2>/dev/null || true
        done
    done
fi
