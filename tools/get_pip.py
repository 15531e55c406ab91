# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand in for get-pip.py of ansible-test, with the pip that Python bundles.

get_pip.py --disable-pip-version-check pip==X.Y ... [--no-setuptools] [--no-wheel]
"""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: ensurepip hides the configuration of pip from the process that it runs in
subprocess.run([sys.executable, "-m", "ensurepip", "--default-pip"], check=True, stdout=subprocess.DEVNULL)
arguments = [argument for argument in sys.argv[1:] if argument not in {"--no-setuptools", "--no-wheel"}]
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *arguments], check=True)
