"""What a host does at its first boot, until Ansible takes over. Pure: values to cloud-init text."""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence

# EC2 takes 16 KiB of user data; the text is compressed, which cloud-init understands.
LIMIT_BYTES = 16 * 1024

_MOUNT = """\
#!/bin/sh
# Wait for a data volume by its id (attached after the boot begins), make a filesystem on an empty one only, mount.
set -eu
volume=$1 path=$2
device=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_$(echo "$volume" | tr -d -)
tries=0
until [ -b "$device" ]; do
  tries=$((tries + 1))
  [ "$tries" -le 150 ] || { echo "boka-mount: no $device after 5 min; is $volume attached?" >&2; exit 1; }
  sleep 2
done
if ! blkid "$device" > /dev/null; then mkfs.ext4 -q -m 1 "$device"; fi
mkdir -p "$path"
grep -q " $path " /etc/fstab || echo "$device $path ext4 defaults,nofail,x-systemd.device-timeout=60s 0 2" >> /etc/fstab
mountpoint -q "$path" || mount "$path"
"""

_SSHD = """\
# Until the base role writes its own: keys only, no root, no forwarding but the jump to the hosts behind.
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
X11Forwarding no
AllowAgentForwarding no
AllowUsers ops
"""


def user_data(
    *, host: str, host_private_key: str, host_public_key: str, operator_keys: Sequence[str], mounts: Mapping[str, str]
) -> str:
    """Return the user data of one host, compressed and in base64; `mounts` is mount path by volume id.

    Raises:
        ValueError: it is larger than EC2 takes.
    """
    found = base64.b64encode(
        gzip.compress(
            config(
                host=host,
                host_private_key=host_private_key,
                host_public_key=host_public_key,
                operator_keys=operator_keys,
                mounts=mounts,
            ).encode(),
            mtime=0,  # equal facts give equal bytes
        )
    ).decode()
    if len(found) > LIMIT_BYTES:
        raise ValueError(
            f"user data of {host} is {len(found)} bytes; EC2 takes {LIMIT_BYTES}. Use fewer operator_keys."
        )
    return found


def config(
    *, host: str, host_private_key: str, host_public_key: str, operator_keys: Sequence[str], mounts: Mapping[str, str]
) -> str:
    """Return the cloud-config text. JSON is YAML, and needs no quoting rules of ours."""
    wanted: dict[str, object] = {
        "hostname": host,
        "preserve_hostname": False,
        "disable_root": True,
        "ssh_pwauth": False,
        "ssh_deletekeys": True,
        "ssh_genkeytypes": [],
        "ssh_keys": {"ed25519_private": host_private_key, "ed25519_public": host_public_key},
        "users": [
            {
                "name": "ops",
                "shell": "/bin/bash",
                "lock_passwd": True,
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "ssh_authorized_keys": list(operator_keys),
            }
        ],
        "package_update": True,
        "package_upgrade": True,
        "write_files": [
            {"path": "/usr/local/sbin/boka-mount", "permissions": "0755", "content": _MOUNT},
            {"path": "/etc/ssh/sshd_config.d/10-boka.conf", "permissions": "0644", "content": _SSHD},
        ],
        "runcmd": [
            ["systemctl", "reload-or-restart", "ssh.service"],
            *(["/usr/local/sbin/boka-mount", volume, path] for volume, path in mounts.items()),
        ],
    }
    return "#cloud-config\n" + json.dumps(wanted, indent=1) + "\n"
