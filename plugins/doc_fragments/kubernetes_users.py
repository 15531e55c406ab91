# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options in module_utils/_kubernetes/users.py and verification.py."""

from __future__ import annotations

import typing as t


class ModuleDocFragment:
    """Users of namespaces, and proof that the namespaces can pull."""

    DOCUMENTATION: t.ClassVar[str] = r"""
options:
  user_authentication:
    description:
      - How users prove who they are.
      - V(certificate) makes a key where the module runs and has the cluster sign a certificate for it (C(certificates.k8s.io/v1), signer
        C(kubernetes.io/kube-apiserver-client)). A certificate cannot be revoked. Whoever has it keeps the name, but without RoleBindings no rights.
      - V(token) makes a service account and asks for a token of it that ends (C(TokenRequest)). It is void as soon as the service account is removed.
        Take it for clusters that sign no certificates for users, as many managed ones.
    type: str
    choices: [certificate, token]
    default: certificate
  user_days:
    description: Days for which a certificate or token is asked for. The cluster may grant less, which is a warning.
    type: int
    default: 365
  renew_before:
    description:
      - Days before the end of the certificate or token in a kubeconfig from which the file is renewed; at most a third of its life.
      - Until then the file on disk is enough, and no request is made.
    type: int
    default: 30
  kubeconfig_directory:
    description:
      - Directory where the module runs, for files named C(USER.kubeconfig), mode 0600. It is made where it is missing. Take one for each cluster.
      - Without it users get their rights and no kubeconfig, for example those who log in by OpenID Connect.
    type: path
  kubeconfig_server:
    description: URL of the API server as users reach it, such as V(https://kubernetes.example.com:6443). By default the one that the module uses.
    type: str
  verify_image:
    description:
      - An image as pods name it, such as V(registry.example.com:5000/team/app:1.0).
      - In each namespace a pod that names no secret of its own has to pull it anew and start it; what it does then does not matter. It runs as a user
        without rights under the restricted profile, and is removed whatever happens. It changes nothing that is reported as a change.
      - Its service account is V(default), or the first of those that use the pull secret where that one does not.
      - Not done in check mode.
    type: str
    default: ""
  verify_namespaces:
    description: Whether a pod runs in each namespace, or in the V(first) one for all of them.
    type: str
    choices: [all, first]
    default: all
  verify_timeout:
    description: Seconds for a pod to start.
    type: int
    default: 120
"""
