# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether images are signed by keys that are trusted. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.formats import FORMS
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.keys import PublicKey
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.search import Finding, find_signatures
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.source import Source

MOST_FINDINGS = 5
"""How many of the signatures that do not count a message tells of."""


@dataclasses.dataclass(frozen=True)
class Policy:
    """Who has to have signed an image.

    :param needs_all: whether every key must have signed it, instead of any one.
    :param must_hold: whether an image that is not signed so is refused.
    """

    keys: tuple[PublicKey, ...]
    needs_all: bool = False
    must_hold: bool = True

    @classmethod
    def parse(cls, data: t.Mapping[str, t.Any], part: str = "signatures") -> Policy:
        """Read option `signatures`.

        :raises ProvisioningError: a key is bad, there is none, or the library is not there.
        """
        if not data["keys"]:
            raise ProvisioningError("there is none", part=f"{part}.keys", remedy="Write at least one public key")
        keys = []
        for number, pem in enumerate(data["keys"]):
            try:
                keys.append(PublicKey.parse(pem))
            except ProvisioningError as error:
                raise error.at(part=f"{part}.keys[{number}]") from error
        return cls(tuple(keys), data["require"] == "all", data["on_failure"] == "fail")

    def missing(self, signed: t.Container[str]) -> list[str]:
        """The keys whose signature is still wanted, as the option names them.

        :param signed: fingerprints of keys that have signed.
        """
        missing = [f"keys[{number}]" for number, key in enumerate(self.keys) if key.fingerprint not in signed]
        return missing if self.needs_all or len(missing) == len(self.keys) else []


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the signatures of an image are worth by a policy.

    :param forms: those of `FORMS` that are there; for an index that counts as signed by its manifests, with all of them.
    :param verified: form and fingerprint of key of every signature by a key of the policy.
    :param failure: why the image does not meet the policy.
    """

    forms: tuple[str, ...]
    verified: tuple[tuple[str, str], ...]
    failure: ProvisioningError | None = None

    def as_result(self) -> dict[str, t.Any]:
        """The value of RV(images[].signatures)."""
        return {
            "accepted": self.failure is None,
            "forms": list(self.forms),
            "verified": [{"form": form, "key": fingerprint} for form, fingerprint in self.verified],
        }


def verify(source: Source, digest: str, policy: Policy) -> Verdict:
    """Compare the signatures of an image with a policy.

    An index that is not signed as it must be meets the policy if each manifest in it does.

    :param digest: of a manifest or index of the source.
    :raises ProvisioningError: the source fails, which tells nothing of the signatures.
    """
    verdict = _examine(source, digest, policy)
    children = source.manifest(digest).children if verdict.failure else ()
    verdicts = [_examine(source, child, policy) for child in sorted({child.digest for child in children})]
    if not verdicts or any(child.failure for child in verdicts):
        return verdict
    forms = tuple(form for form in FORMS if all(form in child.forms for child in verdicts))
    return Verdict(forms, tuple(sorted({one for child in verdicts for one in child.verified})))


def _examine(source: Source, digest: str, policy: Policy) -> Verdict:
    findings = find_signatures(source, digest)
    verified = {
        (finding.form, key.fingerprint)
        for finding in findings
        for key in policy.keys
        if finding.signature and key.has_made(finding.signature)
    }
    missing = policy.missing({fingerprint for dummy, fingerprint in verified})
    return Verdict(
        tuple(form for form in FORMS if form in {finding.form for finding in findings}),
        tuple(sorted(verified)),
        _unsigned(digest, missing, findings) if missing else None,
    )


def _unsigned(digest: str, missing: t.Sequence[str], findings: t.Sequence[Finding]) -> ProvisioningError:
    seen = list(dict.fromkeys(f"{finding.place}: {finding.problem or 'made with another key'}" for finding in findings))
    words = "; ".join([*seen[:MOST_FINDINGS], *(["…"] if len(seen) > MOST_FINDINGS else [])])
    return ProvisioningError(
        f"{digest} is not signed by {', '.join(missing)} ({words or 'there is no signature'})",
        reason="unsigned",
        remedy="Sign it with cosign sign --key …, or correct signatures.keys",
    )


__all__ = ("Policy", "Verdict", "verify")
