#!/bin/sh
# The containerized KDC: the same kdc.sh, in a Debian container, on the host's network.
#
#   container.sh FOLDER     like `kdc.sh FOLDER`, with the same environment, in the foreground
#   container.sh --image    only build the image, unless it is there already; prints its name
#
# Uses podman, or docker where podman is not installed. CONTAINER_ENGINE=podman|docker chooses. The base image is pulled; where no
# registry can be reached, debootstrap makes a stand-in from Debian's packages, once.
set -eu
PATH="$PATH:/usr/sbin:/usr/local/sbin"
here=$(cd "$(dirname "$0")" && pwd)
context=$here/../../kerbauth/demo
base=docker.io/library/debian:bookworm-slim
stand_in=localhost/kerbauth-debian:bookworm

fail() {
    echo "container.sh: $*" >&2
    exit 1
}

choose_engine() {
    engine=${CONTAINER_ENGINE:-}
    if [ -z "$engine" ]; then
        if command -v podman >/dev/null; then
            engine=podman
        elif docker info >/dev/null 2>&1; then
            engine=docker
        else
            fail "neither podman nor a docker daemon is here: install the packages podman and runc"
        fi
    fi
    podman_options=''
    # runc and cgroupfs where runc is installed: crun and the systemd manager need a delegated cgroup, which a machine without systemd
    # does not have (podman-run(1), --cgroup-manager). Both work on machines with systemd, too.
    if [ "$engine" = podman ] && command -v runc >/dev/null; then
        podman_options='--runtime runc --cgroup-manager=cgroupfs'
    fi
}

engine() {
    # shellcheck disable=SC2086 # the options are words
    "$engine" $podman_options "$@"
}

image_name() {
    # One tag per content, so that a changed kdc.sh is never run from an old image.
    echo "localhost/kerbauth-kdc:$(cat "$here/Containerfile" "$context/kdc.sh" | sha256sum | cut -c1-16)"
}

has_image() {
    engine image inspect "$1" >/dev/null 2>&1
}

build_image() {
    image=$(image_name)
    ! has_image "$image" || return 0
    if has_image "$base" || engine pull "$base" >&2; then
        from=$base
    else
        has_image "$stand_in" || make_stand_in >&2
        from=$stand_in
    fi
    # Without a user name space or a bridge: chroot isolation needs neither (buildah-build(1)).
    isolation=''
    [ "$engine" != podman ] || isolation='--isolation=chroot'
    # shellcheck disable=SC2086 # the option is a word or none
    engine build --network=host $isolation --build-arg "BASE=$from" -t "$image" -f "$here/Containerfile" "$context" >&2
}

make_stand_in() {
    [ "$(id -u)" = 0 ] || fail "cannot pull $base, and making a stand-in for it needs root"
    command -v debootstrap >/dev/null || fail "cannot pull $base; install the package debootstrap to make a stand-in for it"
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
    debootstrap --variant=minbase bookworm "$root/base"
    # Packages in the image come from where this machine takes its own.
    if grep -qs bookworm /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; then
        rm "$root/base/etc/apt/sources.list"
        for sources in sources.list sources.list.d/debian.sources; do
            [ ! -f "/etc/apt/$sources" ] || cp "/etc/apt/$sources" "$root/base/etc/apt/$sources"
        done
    fi
    tar -C "$root/base" -c . | engine import - "$stand_in"
    rm -rf "$root"
    trap - EXIT
}

run_container() {
    build_image
    # The folder has one name inside and outside, so that every path in it is true on both sides. Docker's daemon would make files of
    # root's; podman maps root to the caller.
    set -- --rm --interactive --name "kerbauth-kdc-$(basename "$1")" --network=host --volume "$1:$1" \
        --env REALM --env LISTEN --env PORT --env LOCKOUT --env CLOCK_SHIFT --env KPASSWD_PORT --env KADMIN_PORT --env STOP_WITH_STDIN "$image" "$1"
    case $engine in
    # Modest limits: podman's defaults are higher than ours may be, and raising a limit takes a privilege (CAP_SYS_RESOURCE).
    podman) set -- --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 "$@" ;;
    *) set -- --user "$(id -u):$(id -g)" "$@" ;;
    esac
    # shellcheck disable=SC2086 # the options are words
    exec "$engine" $podman_options run "$@"
}

[ $# -eq 1 ] || fail "usage: REALM=NAME PORT=NUMBER container.sh FOLDER, or container.sh --image"
choose_engine
case $1 in
--image) build_image && echo "$image" ;;
*)
    [ -d "$1" ] || fail "not a folder: $1"
    run_container "$(cd "$1" && pwd)"
    ;;
esac
