#!/bin/sh
# Boot one host: join its cgroups, mount its root and volumes where only it sees them, and become systemd-nspawn.
# All mounts live in a mount namespace of this process: power loss (or any end) leaves none behind.
# Usage: launch.sh MACHINE HOSTNAME NETNS LOWERDIRS HOSTDIR BRIDGE [CGROUP...] -- [VOLUME:MOUNTPATH...]
set -eu
if [ "${BOKA_INSIDE:-}" != 1 ]; then
    BOKA_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
fi
machine=$1 hostname=$2 netns=$3 lower=$4 dir=$5 bridge=$6
shift 6
while [ "$1" != -- ]; do
    echo $$ >"$1/cgroup.procs"
    shift
done
shift
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$dir/upper,workdir=$dir/work" "$dir/root"
binds=
for volume in "$@"; do
    file=${volume%%:*} path=${volume#*:}
    point=$dir/volumes/$(basename "$file" .ext4)
    mkdir -p "$point"
    mount -o loop,noatime "$file" "$point"
    binds="$binds --bind=$point:$path"
done
unset BOKA_INSIDE
# SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: the host sees a pure v2 tree on a hybrid machine.
# shellcheck disable=SC2086 # binds is a list of words without blanks
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec nsenter "--net=$netns" systemd-nspawn \
    --quiet --boot --register=no --keep-unit --link-journal=no --resolv-conf=off --timezone=off --console=pipe \
    --directory="$dir/root" --machine="$machine" --hostname="$hostname" --network-bridge="$bridge" $binds
