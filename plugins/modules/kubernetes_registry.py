#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry as an add-on of a Kubernetes cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_registry
short_description: Run a container registry in a Kubernetes cluster
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Runs a registry with TLS as a deployment of one pod, reached by a port of the nodes or by a load balancer, and waits until it serves.
  - The pod meets the pod security standard V(restricted), and has no rights in the cluster.
  - Role P(edgeops.registry.registry#role) with its backend V(kubernetes) makes the certificate, the users and the configuration as well, proves that the
    registry serves, and ends with its record.
options:
  state:
    description:
      - Whether the registry is there.
      - V(absent) removes what carries our label. The namespace goes where this module made it and no workload, claim, service, secret or config map is left
        in it.
    type: str
    choices: [present, absent]
    default: present
  data:
    description:
      - What becomes of the stored images with O(state=absent).
      - V(keep) leaves the volume claim, or the directory of the node, for the next O(state=present). Nothing tells afterwards where that directory was,
        so a later V(remove) leaves it.
      - V(remove) deletes them. A directory of the node is emptied while the registry is stopped and the rest is still there, so that a run that was
        interrupted is simply repeated. What else is in that directory stays.
    type: str
    choices: [keep, remove]
    default: keep
  name:
    description: Name of the objects.
    type: str
    default: registry
  namespace:
    description: Namespace of the objects. It is made where it is missing.
    type: str
    default: edge-registry
  engine:
    description: The program in O(image), which the image starts when it is given C(serve) and the path of a configuration.
    type: str
    choices: [distribution, zot]
    default: distribution
  image:
    description: Image of the engine, distribution 2.8 or 3, or zot, by a name that the nodes can pull. Required for O(state=present).
    type: str
  shell_image:
    description:
      - Image with a shell, C(stat) and C(chown), such as V(docker.io/library/busybox:1), that makes a directory of the node the registry's, and empties it.
      - By default O(image). Required for O(storage.kind=host_path) with O(engine=zot), whose images have no shell.
    type: str
  image_login:
    description: Login for O(image), where its registry asks for one. Becomes a pull secret of the registry's pod alone.
    type: dict
    suboptions:
      endpoint:
        description: The registry of O(image), with its port, for example V(docker.io:443).
        type: str
        required: true
      username:
        description: A user of it.
        type: str
        required: true
      password:
        description: Password of O(image_login.username).
        type: str
        required: true
  configuration:
    description:
      - Configuration of the engine, as the text of its file. Required for O(state=present).
      - It finds the certificate, the key and the users in C(/etc/edgeops-registry), as C(server.pem), C(server.key) and C(htpasswd), has to store images in
        C(/var/lib/docker-registry), zot in C(/var/lib/docker-registry/zot), and has to listen with TLS on port 5000.
      - It may hold passwords. It is kept in a secret, and no diff shows it.
    type: str
  certificate:
    description: The server's certificate in PEM, followed by its intermediates. Required for O(state=present).
    type: str
  private_key:
    description: Key of O(certificate) in PEM. Required for O(state=present).
    type: str
  htpasswd:
    description: Users of the registry in the format of htpasswd with bcrypt, as M(edgeops.registry.htpasswd) writes them.
    type: str
  storage:
    description: Where the images are.
    type: dict
    default: {}
    suboptions:
      kind:
        description:
          - V(volume_claim) is a volume that the cluster provides, and that one node at a time may write.
          - V(host_path) is a directory of the node. It needs a namespace that admits privileged pods, and O(node_selector) where there are several nodes.
          - V(empty_dir) ends with the pod.
        type: str
        choices: [volume_claim, host_path, empty_dir]
        default: volume_claim
      size:
        description: Size of a volume claim, or the most that V(empty_dir) may hold. A claim can only grow, where its class permits that.
        type: str
        default: 10Gi
      storage_class:
        description: Storage class of a volume claim. By default the cluster's default.
        type: str
      path:
        description: Directory of the node, for V(host_path). It is made where it is missing.
        type: str
  service_type:
    description:
      - How clients outside of the cluster reach the registry.
      - V(LoadBalancer) needs a cluster that gives services an address, as those of clouds do, and others with MetalLB or the like. It is waited for.
    type: str
    choices: [NodePort, LoadBalancer]
    default: NodePort
  port:
    description: Port of the load balancer, and within the cluster.
    type: int
    default: 5000
  node_port:
    description: Port of every node. By default the cluster chooses one.
    type: int
  resources:
    description: Requests and limits of the container, as Kubernetes has them.
    type: dict
    default:
      requests: {cpu: 50m, memory: 64Mi}
      limits: {memory: 512Mi}
  node_selector:
    description: Labels of the nodes that the registry may run on.
    type: dict
    default: {}
  tolerations:
    description: Taints of nodes that do not keep the registry away, as Kubernetes has them.
    type: list
    elements: dict
    default: []
  evictable:
    description:
      - Whether a drain of the node may evict the registry. Nothing can be pulled from it until it runs elsewhere.
      - With V(false) its PodDisruptionBudget lets a drain wait as long as the registry is healthy.
    type: bool
    default: true
  network_policy:
    description: Whether a NetworkPolicy restricts the registry to being asked on its port. It then reaches nothing itself.
    type: bool
    default: false
  garbage_collection:
    description:
      - When to free what no image needs any more, as a schedule of cron, for example V(0 3 * * *). By default never.
      - For O(engine=distribution), and not for O(storage.kind=empty_dir). The image needs a shell, C(flock) and C(registry) in its C(PATH),
        as the published ones have.
      - While it runs, pulls go on and pushes are refused. A push that it comes across fails, and succeeds when it is repeated.
      - Manifests without a tag stay, because version 2 of the engine takes the platforms of an index for such.
    type: str
  restart_failed:
    description: Whether a pod that an earlier run left failing is started anew, because its cause may be gone.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds the registry may take to start. V(0) does not wait.
    type: float
    default: 300
  progress_interval:
    description: After how many seconds of waiting a line is shown that says what for. By default V(5), V(0) for never.
    type: float
extends_documentation_fragment:
  - edgeops.registry.kubernetes
  - edgeops.registry.attributes
  - edgeops.registry.attributes.platform
attributes:
  platform:
    details: Runs where a kubeconfig is, mostly on the controller.
notes:
  - A changed configuration, certificate or password replaces the pod.
  - A second run without a change costs a dozen requests that read, and none that writes.
  - The rights to change something, and to wait for it, are asked for before anything is changed, and all that are missing are named.
  - A namespace of that name that is being deleted is waited for, up to O(wait_timeout), and made anew.
seealso:
  - module: edgeops.registry.certificate
  - module: edgeops.registry.htpasswd
  - module: edgeops.registry.kubernetes_namespaces
"""

EXAMPLES = r"""
- name: Run a registry on port 31000 of the nodes, with 50 GiB
  edgeops.registry.kubernetes_registry:
    image: docker.io/library/registry:3
    node_port: 31000
    storage:
      size: 50Gi
    garbage_collection: 0 3 * * *
    certificate: "{{ lookup('ansible.builtin.file', 'server.pem') }}"
    private_key: "{{ vaulted_registry_key }}"
    htpasswd: "{{ vaulted_registry_users }}"
    configuration: |
      version: 0.1
      storage:
        filesystem: {rootdirectory: /var/lib/docker-registry}
        delete: {enabled: true}
      http:
        addr: :5000
        tls: {certificate: /etc/edgeops-registry/server.pem, key: /etc/edgeops-registry/server.key}
      auth:
        htpasswd: {realm: edge, path: /etc/edgeops-registry/htpasswd}

- name: Take it back, and keep the images
  edgeops.registry.kubernetes_registry:
    state: absent
"""

RETURN = r"""
addresses:
  description:
    - Where clients find the registry. These are the addresses of the node that it runs on, or those of its load balancer.
    - Empty while that is not known, as in check mode before the first run.
  returned: with O(state=present)
  type: list
  elements: str
  sample: [192.0.2.10]
port:
  description: The port for O(ignore:addresses). Null where the cluster has yet to choose it.
  returned: with O(state=present)
  type: int
  sample: 31000
node:
  description: The node that it runs on. Null where that is not known.
  returned: with O(state=present)
  type: str
  sample: edge-1
ready:
  description: Whether it serves as it is wanted now.
  returned: with O(state=present)
  type: bool
  sample: true
changes:
  description: The objects that changed, or would change. With a failure, those that changed before it.
  returned: unless an option is wrong
  type: list
  elements: str
  sample: [Secret registry, Deployment registry]
requests:
  description: How many requests were made to the API server.
  returned: unless an option is wrong
  type: int
  sample: 12
"""

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.connection import CONNECTION_OPTIONS
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry import provide_registry
from ansible_collections.edgeops.registry.plugins.module_utils._module import run_module

ARGUMENT_SPEC: ArgumentSpec = {
    **CONNECTION_OPTIONS,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "data": {"type": "str", "choices": ["keep", "remove"], "default": "keep"},
    "name": {"type": "str", "default": "registry"},
    "namespace": {"type": "str", "default": "edge-registry"},
    "engine": {"type": "str", "choices": ["distribution", "zot"], "default": "distribution"},
    "image": {"type": "str"},
    "shell_image": {"type": "str"},
    "image_login": {
        "type": "dict",
        "options": {
            "endpoint": {"type": "str", "required": True},
            "username": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
        },
    },
    "configuration": {"type": "str", "no_log": True},
    "certificate": {"type": "str"},
    "private_key": {"type": "str", "no_log": True},
    "htpasswd": {"type": "str", "no_log": True},
    "storage": {
        "type": "dict",
        "default": {},
        "options": {
            "kind": {
                "type": "str",
                "choices": ["volume_claim", "host_path", "empty_dir"],
                "default": "volume_claim",
            },
            "size": {"type": "str", "default": "10Gi"},
            "storage_class": {"type": "str"},
            "path": {"type": "str"},
        },
    },
    "service_type": {"type": "str", "choices": ["NodePort", "LoadBalancer"], "default": "NodePort"},
    "port": {"type": "int", "default": 5000},
    "node_port": {"type": "int"},
    "resources": {
        "type": "dict",
        "default": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
    },
    "node_selector": {"type": "dict", "default": {}},
    "tolerations": {"type": "list", "elements": "dict", "default": []},
    "evictable": {"type": "bool", "default": True},
    "network_policy": {"type": "bool", "default": False},
    "garbage_collection": {"type": "str"},
    "restart_failed": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float", "default": 300},
    "progress_interval": {"type": "float"},
}
CONSTRAINTS: t.Mapping[str, t.Any] = {
    "required_if": [("state", "present", ("image", "configuration", "certificate", "private_key"))]
}


def main() -> None:
    """Entry point."""
    run_module(ARGUMENT_SPEC, provide_registry, **CONSTRAINTS)


if __name__ == "__main__":
    main()
