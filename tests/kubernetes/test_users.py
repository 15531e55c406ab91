# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users with access to their namespaces only, seen with kubectl and the kubeconfigs that they get."""

from __future__ import annotations

import datetime as dt
import secrets
import stat

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.kubeconfig import Credential, Kubeconfig
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.kubernetes_cluster import Cluster
from ansible_collections.edgeops.registry.tests.support.limited_user import GROUP, LimitedUser, rule
from ansible_collections.edgeops.registry.tests.support.play import play
from ansible_collections.edgeops.registry.tests.support.real_registry import wait_until

pytestmark = pytest.mark.minutes(3)

RECORD = {"endpoint": "registry.example.com:5000", "username": "edge", "password": "of-no-registry"}
CERTIFICATES = "certificates.k8s.io"
REQUESTS = "certificatesigningrequests"
BOTH = pytest.mark.parametrize("authentication", ["certificate", "token"])


class Site:
    """Runs the module against the cluster, and looks at what its users can do."""

    def __init__(self, cluster, folder):
        self.cluster = cluster
        self.folder = folder
        self.kubeconfigs = folder / "kubeconfigs"
        self.ann, self.bob = (f"{name}-{secrets.token_hex(3)}" for name in ("ann", "bob"))

    def run(self, users, *, check=False, **options):
        """One run; users by namespace."""
        task = {
            "kubeconfig": str(self.cluster.kubeconfig),
            "registries": [RECORD],
            "namespaces": [{"name": name, "users": names} for name, names in users.items()],
            "kubeconfig_directory": str(self.kubeconfigs),
            **options,
        }
        self.played = play(self.folder, {"kubernetes_namespaces": task}, check=check)
        return self.played.results[0]

    def path(self, user):
        return self.kubeconfigs / f"{user}.kubeconfig"

    def as_user(self, user, *arguments):
        """What comes of a command of kubectl."""
        return Cluster(self.path(user)).try_kubectl(*arguments)

    def may(self, user, verb, resource, namespace):
        done = self.as_user(user, "auth", "can-i", verb, resource, f"--namespace={namespace}")
        assert done.stdout.strip() in ("yes", "no"), done.stderr
        return done.stdout.strip() == "yes"


@pytest.fixture
def site(cluster, tmp_path):
    return Site(cluster, tmp_path)


@pytest.fixture
def names(cluster):
    return cluster.unused_names(2)


@BOTH
def test_a_user_gets_into_his_namespace_and_nowhere_else(site, names, authentication):
    users = {names[0]: [site.ann], names[1]: []}
    options = {"user_authentication": authentication}
    foretold = site.run(users, check=True, **options)
    assert foretold["changed"], foretold
    assert not site.kubeconfigs.exists()
    made = site.run(users, **options)
    assert made["changed"], made
    [ann] = made["users"]
    assert (ann["name"], ann["namespaces"], ann["path"]) == (site.ann, [names[0]], str(site.path(site.ann)))
    assert ann["days_left"] in (364, 365)
    assert stat.S_IMODE(site.path(site.ann).stat().st_mode) == 0o600
    assert stat.S_IMODE(site.kubeconfigs.stat().st_mode) == 0o700
    assert site.as_user(site.ann, "get", "pods").returncode == 0
    assert site.as_user(site.ann, "create", "configmap", "hers").returncode == 0
    for forbidden in (["get", "pods", f"--namespace={names[1]}"], ["get", "nodes"], ["get", "namespaces"]):
        done = site.as_user(site.ann, *forbidden)
        assert "Forbidden" in done.stderr
    content = site.path(site.ann).read_bytes()
    again = site.run(users, **options)
    assert not again["changed"], again
    assert again["users"] == made["users"]
    assert again["requests"] <= 5
    assert site.path(site.ann).read_bytes() == content


def test_a_request_for_a_certificate_is_removed_and_no_key_is_shown(site, names):
    site.run({names[0]: [site.ann, site.bob]})
    assert not site.cluster.objects(REQUESTS, selector="app.kubernetes.io/managed-by=edgeops.registry")
    credential = Kubeconfig.parse(site.ann, site.path(site.ann).read_text().splitlines()).credential
    for line in credential.key.decode().splitlines()[1:-1]:
        assert line not in site.played.output
    assert "client-key-data" not in site.played.output


def test_what_ends_soon_is_renewed(site, names):
    users = {names[0]: [site.ann]}
    site.run(users)
    former = Kubeconfig.parse(site.ann, site.path(site.ann).read_text().splitlines())
    old = Authority(site.folder / "pki").issue(
        common_name=site.ann, valid=(dt.timedelta(days=-300), dt.timedelta(days=20))
    )
    ending = Credential.of_certificate(old.certificate.read_bytes(), old.key.read_bytes())
    text = Kubeconfig(site.ann, former.server, former.ca, ending).render()
    site.path(site.ann).write_text(text)
    assert not site.run(users, renew_before=10)["changed"]
    foretold = site.run(users, check=True)
    assert foretold["changed"]
    assert foretold["users"][0]["not_after"] is None
    assert site.path(site.ann).read_text() == text
    renewed = site.run(users)
    assert renewed["changed"]
    assert renewed["users"][0]["days_left"] in (364, 365)
    assert not [item for item in renewed["namespaces"] if item["changed"]]
    assert site.as_user(site.ann, "get", "pods").returncode == 0


@pytest.mark.parametrize(
    "damage", [lambda text: "", lambda text: text[:400], lambda text: text.replace("https", "http")]
)
def test_a_file_that_gets_nobody_in_is_written_anew(site, names, damage):
    users = {names[0]: [site.ann]}
    site.run(users)
    site.path(site.ann).write_text(damage(site.path(site.ann).read_text()))
    site.path(site.ann).chmod(0o644)
    assert site.run(users)["changed"]
    assert stat.S_IMODE(site.path(site.ann).stat().st_mode) == 0o600
    assert site.as_user(site.ann, "get", "pods").returncode == 0


def test_a_kubeconfig_that_was_not_made_for_the_user_is_left_alone(site, names):
    users = {names[0]: [site.ann]}
    administrators = site.cluster.kubeconfig.read_bytes()
    site.path(site.ann).parent.mkdir(exist_ok=True)
    site.path(site.ann).write_bytes(administrators)
    for check in (True, False):
        refused = site.run(users, check=check)
        assert refused["failed"]
        assert "was not made for this user" in refused["msg"]
    assert site.path(site.ann).read_bytes() == administrators


def test_a_cluster_that_grants_less_is_told_of_and_not_asked_every_time(site, names):
    users = {names[0]: [site.ann]}
    made = site.run(users, user_days=3650)
    assert made["users"][0]["days_left"] < 3000
    assert f"The cluster lets user {site.ann} in until" in " ".join(made["warnings"])
    assert not site.run(users, user_days=3650)["changed"]


def test_a_token_is_void_without_its_account_and_comes_back_with_it(site, names):
    users = {names[0]: [site.ann], names[1]: [site.ann]}
    site.run(users, user_authentication="token")
    assert site.may(site.ann, "create", "pods", names[1])
    site.cluster.kubectl("delete", "serviceaccount", site.ann, f"--namespace={names[0]}")
    wait_until(lambda: site.as_user(site.ann, "get", "pods").returncode != 0, "the token stays valid")
    assert site.run(users, user_authentication="token")["changed"]
    assert site.as_user(site.ann, "get", "pods").returncode == 0
    assert not site.run(users, user_authentication="token")["changed"]


@BOTH
def test_access_is_taken_back(site, names, authentication):
    options = {"user_authentication": authentication}
    site.run({names[0]: [site.ann, site.bob], names[1]: [site.ann]}, **options)
    kept = site.folder / "bob.kubeconfig"
    kept.write_bytes(site.path(site.bob).read_bytes())
    assert site.run({names[0]: [], names[1]: [site.ann]}, **options)["changed"]
    assert not site.may(site.ann, "get", "pods", names[0])
    assert site.may(site.ann, "get", "pods", names[1])
    assert not site.path(site.bob).exists()
    wait_until(lambda: Cluster(kept).try_kubectl("get", "pods").returncode != 0, "bob is still let in")


def test_another_role(site, names):
    site.run({names[0]: [site.ann]})
    assert site.may(site.ann, "create", "pods", names[0])
    viewing = [{"name": names[0], "users": [site.ann], "role": "view"}]
    assert site.run({}, namespaces=viewing)["changed"]
    assert site.may(site.ann, "get", "pods", names[0])
    assert not site.may(site.ann, "create", "pods", names[0])
    assert not site.run({}, namespaces=viewing)["changed"]


@BOTH
def test_absent_leaves_nothing_of_a_user_and_nothing_twice(site, names, authentication):
    options = {"user_authentication": authentication}
    foreign = site.cluster.new_namespace()
    users = {names[0]: [site.ann], foreign: [site.ann]}
    site.run(users, **options)
    foretold = site.run(users, state="absent", check=True, **options)
    assert foretold["changed"], foretold
    assert site.path(site.ann).exists()
    assert site.run(users, state="absent", **options)["changed"]
    assert not site.path(site.ann).exists()
    assert site.cluster.object("namespace", names[0]) is None
    for kind in ("rolebindings", "serviceaccounts"):
        assert not site.cluster.objects(kind, foreign, selector="app.kubernetes.io/managed-by=edgeops.registry")
    assert not site.run(users, state="absent", **options)["changed"]


@pytest.fixture
def limited(site, cluster, namespace):
    """The kubeconfig of somebody who may do all that is needed but for one thing."""
    user = LimitedUser(cluster, namespace)

    def write(without):
        rules = [
            rule("namespaces secrets serviceaccounts pods", "*"),
            rule("serviceaccounts/token", "create"),
            rule("rolebindings", "*", group=GROUP),
            rule("clusterroles", "bind", group=GROUP, resourceNames=["edit"]),
            rule(f"{REQUESTS} {REQUESTS}/approval", "*", group=CERTIFICATES),
            rule("signers", "approve", group=CERTIFICATES, resourceNames=["kubernetes.io/kube-apiserver-client"]),
        ]
        path = site.folder / "limited.kubeconfig"
        path.write_text(user.kubeconfig(*(one for one in rules if without not in one["resources"])))
        return str(path)

    yield write
    user.remove()


@pytest.mark.parametrize(
    ("without", "words"),
    [
        (REQUESTS, "may not create certificatesigningrequests in all namespaces, list certificatesigningrequests"),
        ("signers", "resources: [signers], resourceNames: [kubernetes.io/kube-apiserver-client], verbs: [approve]"),
        ("clusterroles", "edit"),
    ],
)
def test_a_right_that_is_missing_is_named(site, names, limited, without, words):
    kubeconfig = limited(without)
    refused = site.run({names[0]: [site.ann]}, kubeconfig=kubeconfig)
    assert refused["failed"]
    assert words in refused["msg"], refused["msg"]
    if without != "clusterroles":
        assert "set user_authentication to token" in refused["msg"]
        assert site.cluster.object("namespace", names[0]) is None
        assert not site.path(site.ann).exists()
        assert not site.run({names[0]: [site.ann]}, kubeconfig=kubeconfig, user_authentication="token").get("failed")


def test_the_right_to_hand_out_tokens_is_asked_for_first(site, names, limited):
    kubeconfig = limited("serviceaccounts/token")
    refused = site.run({names[0]: [site.ann]}, kubeconfig=kubeconfig, user_authentication="token")
    assert f"may not create serviceaccounts/token in {names[0]}" in refused["msg"]
    assert site.cluster.object("namespace", names[0]) is None


def test_an_account_of_another_is_left_alone(site, namespace):
    site.cluster.kubectl("create", "serviceaccount", site.ann, f"--namespace={namespace}")
    refused = site.run({namespace: [site.ann]}, user_authentication="token")
    assert refused["failed"]
    assert f"{namespace}/{site.ann} is there and not of a user" in refused["msg"]
    assert not site.path(site.ann).exists()
