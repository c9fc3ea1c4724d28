#!/bin/sh
# Runs an MIT KDC whose database is in LDAP, with an LDAP server of its own, both on loopback: a KDC that knows aliases.
#
#   ldap_kdc.sh FOLDER
#
# The parameters are kdc.sh's REALM, PORT, LISTEN and STOP_WITH_STDIN, and
#   ALIASES   words of the form ALIAS=PRINCIPAL, both without the realm: the KDC knows PRINCIPAL under both names, and answers a client
#             that asks for canonicalization with PRINCIPAL (krbCanonicalName, as in MIT krb5's database documentation for LDAP)
set -eu
umask 077
PATH="$PATH:/usr/sbin:/usr/local/sbin"
LC_ALL=C
SS_READLINE_PATH=none
export PATH LC_ALL SS_READLINE_PATH
tree=cn=krb

fail() {
    echo "ldap_kdc.sh: $*" >&2
    exit 1
}

# require FILE PACKAGE: the package's name is Debian's.
require() {
    [ -e "$1" ] || command -v "$1" >/dev/null || fail "cannot find $1: install the package $2"
}

write_slapd_configuration() {
    gunzip -c "$schema" >"$dir/kerberos.schema"
    # Whoever runs this is the directory's administrator, known by the socket's peer credentials: there is no password at all.
    cat >"$dir/slapd.conf" <<END
include $ldap_schemas/core.schema
include $dir/kerberos.schema
moduleload back_mdb
database mdb
suffix "$tree"
directory $dir/ldap
rootdn "gidNumber=$(id -g)+uidNumber=$(id -u),cn=peercred,cn=external,cn=auth"
index objectClass,krbPrincipalName eq
END
}

write_kdc_configuration() {
    cat >"$dir/kdc.krb5.conf" <<END
[libdefaults]
    default_realm = $REALM
    dns_lookup_kdc = false
    dns_lookup_realm = false
[plugins]
    kdcpreauth = {
        disable = spake
    }
END
    cat >"$dir/kdc.conf" <<END
[realms]
    $REALM = {
        kdc_listen = $LISTEN:$PORT
        kdc_tcp_listen = $LISTEN:$PORT
        key_stash_file = $dir/stash
        master_key_type = aes256-cts-hmac-sha1-96
        supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
        database_module = directory
    }
[dbmodules]
    directory = {
        db_library = kldap
        ldap_servers = $uri
        ldap_kerberos_container_dn = $tree
        ldap_kdc_sasl_mech = EXTERNAL
        ldap_kadmind_sasl_mech = EXTERNAL
        disable_last_success = true
        disable_lockout = true
    }
[logging]
    kdc = FILE:$dir/kdc.log
    default = FILE:$dir/kdc.log
END
}

start_slapd() {
    # Above a debug level slapd stays in the foreground; 0 says nothing.
    slapd -d 0 -f "$dir/slapd.conf" -h "$uri" </dev/null >"$dir/slapd.log" 2>&1 &
    slapd=$!
    tries=200
    until ldapwhoami -Q -Y EXTERNAL -H "$uri" >/dev/null 2>&1; do
        kill -0 "$slapd" 2>/dev/null || fail "slapd ended: $(tail -n 1 "$dir/slapd.log")"
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || fail "slapd does not answer"
        sleep 0.05
    done
}

add_alias() {
    ldapmodify -Q -Y EXTERNAL -H "$uri" >"$dir/aliases.log" 2>&1 <<END || fail "alias $1: $(tail -n 1 "$dir/aliases.log")"
dn: krbPrincipalName=$2@$REALM,cn=$REALM,$tree
changetype: modify
add: krbPrincipalName
krbPrincipalName: $1@$REALM
-
add: krbCanonicalName
krbCanonicalName: $2@$REALM
END
}

create_database() {
    master=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s\n%s\n' "$master" "$master" | kdb5_ldap_util -H "$uri" create -r "$REALM" -subtrees "$tree" -s >"$dir/create.log" 2>&1 \
        || fail "kdb5_ldap_util cannot create the realm: $(tail -n 1 "$dir/create.log")"
    [ ! -f "$dir/principals.kadmin" ] || kadmin.local -p "kadmin/admin@$REALM" <"$dir/principals.kadmin" 2>"$dir/kadmin.log" >/dev/null || true
    problem=$(grep -v '^No policy specified' "$dir/kadmin.log" | head -n 1) || true
    [ -z "$problem" ] || fail "principals.kadmin: $problem"
    for alias in ${ALIASES:-}; do
        add_alias "${alias%%=*}" "${alias#*=}"
    done
    : >"$dir/created"
}

stop_with_stdin() {
    # Signals this script only while it still is our parent: field 4 of proc(5)'s stat.
    cat >/dev/null <&3
    read -r _ _ _ parent _ </proc/self/stat
    [ "$parent" != "$1" ] || kill -TERM "$1"
}

[ $# -eq 1 ] || fail "usage: REALM=NAME PORT=NUMBER ldap_kdc.sh FOLDER"
[ -d "$1" ] || fail "not a folder: $1"
dir=$(cd "$1" && pwd)
LISTEN=${LISTEN:-127.0.0.1}
schema=/usr/share/doc/krb5-kdc-ldap/kerberos.schema.gz
ldap_schemas=/etc/ldap/schema
uri="ldapi://$(printf %s "$dir/ldapi" | sed 's,/,%2F,g')"
require slapd slapd
require ldapmodify ldap-utils
require kdb5_ldap_util krb5-kdc-ldap
require kadmin.local krb5-admin-server
require "$schema" krb5-kdc-ldap

mkdir -p "$dir/ldap"
write_slapd_configuration
write_kdc_configuration
export KRB5_CONFIG="$dir/kdc.krb5.conf" KRB5_KDC_PROFILE="$dir/kdc.conf"
slapd='' kdc=''
# shellcheck disable=SC2154,SC2086 # the loop assigns it; no number or one
trap 'for process in $kdc $slapd; do kill $process 2>/dev/null || true; done; wait $kdc $slapd' EXIT
trap 'exit 0' TERM INT
start_slapd
[ -f "$dir/created" ] || create_database
krb5kdc -n </dev/null &
kdc=$!
if [ "${STOP_WITH_STDIN:-0}" = 1 ]; then
    exec 3<&0
    stop_with_stdin $$ &
    exec 3<&-
fi
wait "$kdc"
