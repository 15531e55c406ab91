# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test can set on an emulated device."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class Knobs:
    """What a test can set, on the command line and at run time.

    :param enabled: whether the registry is on; setting it also sets what a test finds there.
    :param enable_polls: how many reads of the registry's information still find nothing after enabling.
    :param half_polls: how many reads after these find half of it.
    :param enable_seconds: how long the enabling cmdlet takes.
    :param when_off: what the registry's information is while it is off: nothing, nulls or error.
    :param objects: whether objects are `custom` (extended properties) or `typed` (adapted properties).
    :param text: how text is written: string, lines or information.
    :param fail_next: the next cmdlet of this name fails, once.
    :param fail: cmdlets of this name fail, each time.
    :param words: what these failures, and the errors below, say.
    :param non_terminating: cmdlets of this name write an error beside their output, and their pipeline completes.
    :param partial: with `non_terminating`: half of the output is missing.
    :param missing: cmdlets that this release does not have.
    :param hang: a cmdlet of this name never ends.
    :param cut: while the next cmdlet of this name runs, the connection is cut, once; open: while a shell is opened.
    :param path: of the URL of WSMan.
    :param user_unknown: whether an unknown user is told by words or by the category of the error.
    :param user_parameter: how the cmdlet that tells a kubeconfig calls the user; older releases: AseUser.
    :param user_days: how long the certificate of a new user lasts.
    :param renewed_days: how long the one lasts that a user gets whose certificate ends within 30 days.
    :param grant_reviews: how often Kubernetes still refuses a user after access was given.
    :param patch_status: the HTTP status with which Kubernetes refuses a change of a pull secret; 0 where it does not.
    :param scripts: whether scripts are run, as an endpoint that is not constrained would.
    """

    activated: bool = True
    compute: bool = True
    healthy: bool = True
    enabled: bool = False
    endpoint: str = "ecr.device.edge.test:31001"
    address: str = "192.0.2.44"
    username: str = "ase-ecr-user"
    password: str = "generated-by-the-device"
    enable_polls: int = 0
    half_polls: int = 0
    enable_seconds: float = 0.0
    when_off: str = "nothing"
    objects: str = "custom"
    text: str = "string"
    fail_next: str = ""
    fail: str = ""
    words: str = "The emulator made it up."
    non_terminating: str = ""
    partial: bool = False
    missing: list[str] = dataclasses.field(default_factory=list)
    hang: str = ""
    cut: str = ""
    path: str = "wsman"
    user_unknown: str = "words"
    scripts: bool = False
    banner: str = ""
    configuration: str = "Minishell"
    shells_per_user: int = 30
    user_parameter: str = "UserName"
    user_days: float = 365.0
    renewed_days: float = 365.0
    grant_reviews: int = 0
    patch_status: int = 0
