# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options in module_utils/_client_argspec.py that several modules have."""

from __future__ import annotations


class ModuleDocFragment:
    """What every module that makes a host a client of registries has; its other sections are for some of them."""

    DOCUMENTATION = r"""
options:
  state:
    description: V(absent) takes back what V(present) did. Of each registry it needs the endpoint alone, and it asks none.
    type: str
    choices: [present, absent]
    default: present
  absent_endpoints:
    description: Endpoints of registries that were renamed or replaced, which this host must forget in any case.
    type: list
    elements: str
    default: []
  backup:
    description: Keep each file that is changed beside itself, with the time in its name and the same mode.
    type: bool
    default: false
"""

    ENGINES = r"""
options:
  runtimes:
    description:
      - Container engines to serve. V(auto) stands for those that are found. One that is named is served even before it is installed.
      - V(podman) also serves Buildah and Skopeo, which read the same files.
      - V(containerd) is found beside a kubelet or nerdctl, not as a part of Docker. It has a C(hosts.toml) for each registry. Where its
        C(config.toml) does not name C(/etc/containerd/certs.d), a file of ours beside it does, if it can, and else the message says what is to be added.
        It keeps no logins, except for mirrors.
      - V(k3s) and V(rke2) have all in one C(registries.yaml), whose logins hold for all pods of the node. One that was made by others is
        merged where the target's Python has PyYAML and nothing gets lost.
      - V(kubelet) keeps logins that hold for all pods of the node, which is why V(auto) does not stand for it. It notices a change within five minutes.
    type: list
    elements: str
    choices: [auto, docker, docker_snap, docker_rootless, containerd, k3s, rke2, microk8s, kubelet, podman, crio]
    default: [auto]
  users:
    description: Accounts whose auth files and rootless engines are served. Their files are written with their own rights.
    type: list
    elements: str
    default: [root]
"""

    HTTP = r"""
options:
  allow_http:
    description:
      - Permits records with V(http) as their scheme. Their passwords then travel in clear.
      - Where trust is written, the container engines are told to use those registries without TLS.
    type: bool
    default: false
"""

    SYSTEM_TRUST = r"""
options:
  system_trust:
    description: Whether the programs of the host, such as curl, trust the registries too.
    type: bool
    default: true
"""

    LOGIN = r"""
options:
  credential_store:
    description:
      - What to do where a C(config.json) names a C(credsStore), so that Docker ignores logins in the file.
      - V(fail) reports it and leaves the file alone.
      - V(bypass) keeps the login of this registry in the file and tells Docker so, with an empty entry in C(credHelpers).
        Podman and its kin cannot read such an entry, where they fall back to the file of Docker.
    type: str
    choices: [fail, bypass]
    default: fail
  timeout:
    description: Seconds to wait for a connection, and for every answer.
    type: float
    default: 10
"""
