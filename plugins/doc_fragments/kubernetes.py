# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options in module_utils/_kubernetes/connection.py."""

from __future__ import annotations

import typing as t


class ModuleDocFragment:
    """How a module reaches a Kubernetes cluster."""

    DOCUMENTATION: t.ClassVar[str] = r"""
options:
  kubeconfig:
    description:
      - Path of a kubeconfig.
      - By default the environment variables E(K8S_AUTH_KUBECONFIG) and E(KUBECONFIG), then C(~/.kube/config), then the service account of the pod
        that the module runs in.
    type: path
  kubeconfig_content:
    description: A kubeconfig itself, for example from a vaulted variable, instead of the path of one.
    type: str
  context:
    description: Context of the kubeconfig. By default its current one.
    type: str
  concurrency:
    description: How many requests to the API server go side by side.
    type: int
    default: 8
  timeout:
    description: Seconds for which an API server that does not answer, or says that it is not ready, is asked again.
    type: float
    default: 30
requirements:
  - The Python package kubernetes where the module runs
"""
