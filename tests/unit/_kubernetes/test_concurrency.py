# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests an API server has at a time: counted by a small HTTP server that plays one."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import NAMESPACES
from ansible_collections.edgeops.registry.tests.support.api_client import connect
from ansible_collections.edgeops.registry.tests.support.http_server import Reply

ITEMS = 12


class Crowd:
    """Keeps those who come first until as many are there as are expected, and then gives one more a second to come."""

    def __init__(self, expected):
        self.most = 0
        self._expected, self._came, self._waiting = expected, 0, 0
        self._lock = threading.Lock()
        self._full, self._too_many = threading.Event(), threading.Event()

    def __call__(self, asked):
        with self._lock:
            self._came += 1
            self._waiting += 1
            self.most = max(self.most, self._waiting)
            is_first = self._came <= self._expected
            if self._came == self._expected:
                self._full.set()
            if self._waiting > self._expected:
                self._too_many.set()
        if is_first:
            self._full.wait(30)
            self._too_many.wait(1)
        with self._lock:
            self._waiting -= 1
        return Reply(body=b"{}")


@pytest.mark.parametrize("concurrency", [1, 4])
def test_as_many_requests_as_asked_for_go_side_by_side_and_no_more(serve, concurrency):
    crowd = Crowd(concurrency)
    cluster = connect(f"http://127.0.0.1:{serve(crowd).port}", concurrency=concurrency, timeout=60)
    names = [f"shop-{number}" for number in range(ITEMS)]
    assert len(cluster.each(lambda name: cluster.get(NAMESPACES, name), names)) == ITEMS
    assert crowd.most == concurrency
