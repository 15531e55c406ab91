# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.edgeops.registry.plugins.filter.registry_records import FilterModule

select = FilterModule().filters()["registry_records"]
A, B, C = ([{"endpoint": f"{name}.Test:5000", "x_note": "ignored"}] for name in "abc")


@pytest.mark.parametrize(
    ("explicit", "others", "endpoint"),
    [
        (A, {"inventory": B, "published": C}, "a.test:5000"),
        ([], {"inventory": B, "published": C}, "b.test:5000"),
        (None, {"inventory": None, "published": C}, "c.test:5000"),
        (tuple(A), {}, "a.test:5000"),
    ],
)
def test_the_first_that_is_not_empty_wins(explicit, others, endpoint):
    [record] = select(explicit, **others)
    assert record["endpoint"] == endpoint
    assert record["name"] == endpoint.replace(".", "-").replace(":", "-")
    assert "x_note" not in record


@pytest.mark.parametrize(
    ("explicit", "others", "words"),
    [
        ([], {}, "there is no registry record"),
        ([], {}, "-e @records.yml"),
        (
            None,
            {"inventory": [], "published": None},
            "Set client_registries, namespaces_registries or edge_registry_records",
        ),
        ([{"endpoint": "a.test:1", "pasword": "s3cret"}], {}, "registries[0].pasword: it is not a key"),
        ([], {"inventory": [{"endpoint": "s3cret"}]}, "edge_registry_records[0].endpoint"),
        ("s3cret", {}, "registries: must be a list"),
        ({"endpoint": "a.test:1"}, {}, "registries: must be a list"),
        (["s3cret"], {}, "registries[0]: it is not a mapping"),
        (A + A, {}, "are both for a.test:5000"),
    ],
)
def test_an_error_shows_no_value(explicit, others, words):
    with pytest.raises(AnsibleFilterError) as caught:
        select(explicit, **others)
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)
