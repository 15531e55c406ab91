# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods of a registry: the one that serves, the one that collects garbage. This module util is private to the collection."""

from __future__ import annotations

import hashlib
import hmac
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_wanted import Wanted
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import MANAGED_BY, Object

FILES = "/etc/edgeops-registry"
IMAGES = "/var/lib/docker-registry"
PORT = 5000
CONTAINER = "registry"
ACCOUNT = 10001
_FILES = (("config.yml", "config.yml"), ("tls.crt", "server.pem"), ("tls.key", "server.key"), ("htpasswd", "htpasswd"))
"""The configuration, and what it refers to: keys of the secret, and the files that they become."""

_DRAIN_SECONDS = 30
_COLLECTING_SECONDS = 6 * 3600

# Two locks on the volume, which the kernel lets go of however a pod ends. Who collects holds "wish" and, to work, "store" alone.
# Who serves shares "store" while it takes pushes. So nobody can push while blobs go, and pulls go on. The engine starts anew
# before it takes pushes again, because it remembers blobs.
SERVE = f"""\
cd {IMAGES} && exec 8>>.wish 9>>.store && flock -u 9 || exit
ending=
trap 'ending=1' TERM INT

wished() {{ ! flock -sn 8 || {{ flock -u 8; false; }}; }}
unwished() {{ ! wished; }}

serve() {{ # CONDITION [VARIABLE]: as long as it holds
  condition=$1; shift
  env "$@" registry serve {FILES}/config.yml 8>&- 9>&- & server=$!
  while kill -0 "$server" 2>/dev/null && [ -z "$ending" ] && "$condition"; do sleep 2 & wait "$!"; done
  kill "$server" 2>/dev/null || ending=1 # it ended by itself
  wait "$server"; status=$?
  while kill -0 "$server" 2>/dev/null; do wait "$server"; status=$?; done
  [ -z "$ending" ] || exit "$status"
}}

while :; do
  if unwished && flock -sn 9; then
    serve unwished
    flock -u 9
  else
    echo 'edgeops.registry: garbage is collected, no pushes until it is done'
    serve wished 'REGISTRY_STORAGE_MAINTENANCE_READONLY={{enabled: true}}'
  fi
done
"""
COLLECT = f"""\
cd {IMAGES} && exec 8>>.wish 9>>.store && flock 8 && flock 9 && exec registry garbage-collect {FILES}/config.yml
"""
_EMPTY = f"cd {IMAGES} && rm -rf docker zot .wish .store"  # what the engines make; the directory may have more


def labels(name: str) -> dict[str, str]:
    """What every object of a registry carries."""
    return {"app.kubernetes.io/name": "registry", "app.kubernetes.io/instance": name, **MANAGED_BY}


def selector(name: str) -> dict[str, str]:
    """What only the pod that serves carries."""
    return {"app.kubernetes.io/instance": name, "app.kubernetes.io/component": "server"}


def serving_pod(wanted: Wanted) -> Object:
    """The spec of the pod that serves."""
    return {
        **_common(wanted),
        **_initial(wanted),
        "containers": [_server(wanted)],
        "terminationGracePeriodSeconds": 2 * _DRAIN_SECONDS,
        "volumes": [_files(wanted, _FILES), _images(wanted)],
    }


def collecting_job(wanted: Wanted) -> Object:
    """The spec of a job that collects garbage, on the node where the images are."""
    container = {
        "name": CONTAINER,
        "image": wanted.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/sh", "-c", COLLECT],
        "env": _environment(),
        **_restricted(),
        "resources": wanted.resources,
        "volumeMounts": _mounts(),
    }
    beside = {
        "labelSelector": {"matchLabels": selector(wanted.name)},
        "topologyKey": "kubernetes.io/hostname",
    }
    spec = {
        **_common(wanted),
        "restartPolicy": "Never",
        "containers": [container],
        "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [beside]}},
        "volumes": [_files(wanted, _FILES[:1]), _images(wanted)],
    }
    return {
        "activeDeadlineSeconds": _COLLECTING_SECONDS,
        "backoffLimit": 0,
        "template": {"metadata": {"labels": labels(wanted.name)}, "spec": spec},
    }


def emptying_job(deployment: Object, node: str) -> Object:
    """The spec of a job that deletes the images of a deployment from its directory of a node.

    :param node: where; empty: on any that the deployment may run on.
    """
    was = deployment["spec"]["template"]["spec"]
    server = was["containers"][0]
    kept = ("automountServiceAccountToken", "imagePullSecrets", "nodeSelector", "securityContext", "tolerations")
    container = {key: server[key] for key in ("name", "imagePullPolicy", "resources", "securityContext")}
    container["image"] = was["initContainers"][0]["image"]  # which has a shell
    spec = {
        **{key: was[key] for key in kept if key in was},
        **({"nodeName": node} if node else {}),
        "restartPolicy": "Never",
        "containers": [{**container, "command": ["/bin/sh", "-c", _EMPTY], "volumeMounts": _mounts()[1:]}],
        "volumes": [volume for volume in was["volumes"] if volume["name"] == "images"],
    }
    template = {"metadata": {"labels": labels(deployment["metadata"]["name"])}, "spec": spec}
    return {"backoffLimit": 0, "template": template}


def _common(wanted: Wanted) -> Object:
    """What holds for both pods: no rights in the cluster, none on the node."""
    spec: Object = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": ACCOUNT,
            "runAsGroup": ACCOUNT,
            "fsGroup": ACCOUNT,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    if wanted.image_login:
        spec["imagePullSecrets"] = [{"name": image_secret_name(wanted.name)}]
    if wanted.node_selector:
        spec["nodeSelector"] = dict(wanted.node_selector)
    if wanted.tolerations:
        spec["tolerations"] = list(wanted.tolerations)
    return spec


def image_secret_name(name: str) -> str:
    """The secret with which the registry's own image is pulled."""
    return f"{name}-image"


def _server(wanted: Wanted) -> Object:
    return {
        "name": CONTAINER,
        "image": wanted.image,
        "imagePullPolicy": "IfNotPresent",
        **_command(wanted),
        **({"env": [*_environment(), _http_secret(wanted)]} if wanted.engine == "distribution" else {}),
        "ports": [{"name": "https", "containerPort": PORT, "protocol": "TCP"}],
        **_restricted(),
        "resources": dict(wanted.resources),
        "startupProbe": {**_alive(wanted), "periodSeconds": 1, "failureThreshold": 120},
        "readinessProbe": {**_alive(wanted), "periodSeconds": 10, "failureThreshold": 2},
        "livenessProbe": {**_alive(wanted), "periodSeconds": 20, "failureThreshold": 6},
        "volumeMounts": _mounts(),
    }


def _command(wanted: Wanted) -> Object:
    """A shell is needed only where somebody collects garbage; else the image knows where its program is."""
    if wanted.garbage_collection:
        return {"command": ["/bin/sh", "-c", SERVE]}
    return {"args": ["serve", f"{FILES}/config.yml"]}


def _alive(wanted: Wanted) -> Object:
    """A probe. The engine answers at / without asking who it is, and says 503 when its storage fails."""
    if wanted.engine == "distribution":
        return {"httpGet": {"path": "/", "port": "https", "scheme": "HTTPS"}, "timeoutSeconds": 5}
    return {"tcpSocket": {"port": "https"}, "timeoutSeconds": 5}


def _environment() -> list[Object]:
    return [
        {"name": "REGISTRY_HTTP_DRAINTIMEOUT", "value": f"{_DRAIN_SECONDS}s"},
        {"name": "OTEL_TRACES_EXPORTER", "value": "none"},  # distribution 3 would look for a collector of traces
    ]


def _http_secret(wanted: Wanted) -> Object:
    """What keeps uploads alive across a restart."""
    reference = {"name": wanted.name, "key": "http-secret"}
    return {"name": "REGISTRY_HTTP_SECRET", "valueFrom": {"secretKeyRef": reference}}


def http_secret(private_key: str) -> str:
    """Known to the registry alone, and the same with each run."""
    return hmac.new(private_key.encode(), b"REGISTRY_HTTP_SECRET", hashlib.sha256).hexdigest()


def _restricted() -> Object:
    return {
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    }


def _initial(wanted: Wanted) -> Object:
    """A directory of the node is root's when kubelet has made it, and fsGroup does not reach it."""
    if wanted.storage.kind != "host_path":
        return {}
    account = f"{ACCOUNT}:{ACCOUNT}"
    script = f'[ "$(stat -c %u:%g {IMAGES})" = {account} ] || chown -R {account} {IMAGES}'
    container = {
        "name": "owner",
        "image": wanted.shell_image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/sh", "-c", script],
        "securityContext": {
            "runAsNonRoot": False,
            "runAsUser": 0,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": ["CHOWN", "DAC_OVERRIDE"]},
        },
        "volumeMounts": _mounts()[1:],
    }
    return {"initContainers": [container]}


def _mounts() -> list[Object]:
    return [
        {"name": "files", "mountPath": FILES, "readOnly": True},
        {"name": "images", "mountPath": IMAGES},
    ]


def _files(wanted: Wanted, files: t.Iterable[tuple[str, str]]) -> Object:
    items = [{"key": key, "path": path} for key, path in files if path != "htpasswd" or wanted.htpasswd]
    return {"name": "files", "secret": {"secretName": wanted.name, "defaultMode": 0o440, "items": items}}


def _images(wanted: Wanted) -> Object:
    volumes: dict[str, dict[str, t.Any]] = {
        "volume_claim": {"persistentVolumeClaim": {"claimName": wanted.name}},
        "host_path": {"hostPath": {"path": wanted.storage.path, "type": "DirectoryOrCreate"}},
        "empty_dir": {"emptyDir": {"sizeLimit": wanted.storage.size}},
    }
    return {"name": "images", **volumes[wanted.storage.kind]}


__all__ = (
    "CONTAINER",
    "IMAGES",
    "PORT",
    "collecting_job",
    "emptying_job",
    "http_secret",
    "image_secret_name",
    "labels",
    "selector",
    "serving_pod",
)
